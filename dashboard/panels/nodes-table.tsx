/** Owns the table of nodes: the ring in words. */

import { NOW_SECONDS } from '../figures.ts'
import * as format from '../format.ts'
import type { NodeRow } from '../node-rows.ts'
import { type Column, Table } from './table.tsx'

export interface NodesTableProps {
  readonly rows: readonly NodeRow[]
  /** The node that owns the key looked for. */
  readonly owner: string | undefined
  readonly nowMs: number
}

const COLUMNS: readonly Column[] = [
  { name: 'Node', isText: true },
  { name: 'State', isText: true },
  { name: 'Share', help: 'Of the keys.' },
  { name: 'Gets/s', help: `That reached the node, in about the last ${NOW_SECONDS} seconds.` },
  { name: 'Gets', help: 'That reached the node.' },
  { name: 'Hits' },
  { name: 'Bytes' },
  { name: 'Entries' },
  { name: 'Since', help: 'When it began to count: a node loses its memory when it is not asked.' },
]

export function NodesTable({ rows, owner, nowMs }: NodesTableProps) {
  return (
    <Table caption="Nodes, in the order of their names" columns={COLUMNS}>
      {rows.map((row) => (
        <NodeTableRow key={row.name} row={row} isOwner={row.name === owner} nowMs={nowMs} />
      ))}
    </Table>
  )
}

interface NodeTableRowProps {
  readonly row: NodeRow
  readonly isOwner: boolean
  readonly nowMs: number
}

function NodeTableRow({ row, isOwner, nowMs }: NodeTableRowProps) {
  const { name, share, counted, getsPerSecond } = row
  return (
    <tr class={isOwner ? 'owner' : undefined}>
      <th scope="row">{name}</th>
      <td class={counted === undefined ? 'text bad' : 'text'}>
        {counted === undefined ? 'not reached' : 'reached'}
      </td>
      <td>{format.percent(share)}</td>
      <td>{format.rate(getsPerSecond)}</td>
      <td>{format.count(counted?.gets)}</td>
      <td>{format.count(counted?.hits)}</td>
      <td>{format.bytes(counted?.bytes)}</td>
      <td>{format.count(counted?.items)}</td>
      <td>{counted === undefined ? '–' : format.moment(counted.sinceMs, nowMs)}</td>
    </tr>
  )
}
