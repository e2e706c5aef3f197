/** Owns the table of groups. */

import type { StatsReport } from '../../src/core/group/api.ts'
import type { GroupReport } from '../../src/core/stats/node-report.ts'
import {
  errorsOf,
  evictionsOf,
  getsOf,
  HIT_RATIO_MEANS,
  hitRatioOf,
  lately,
  loadsOf,
  NOW_SECONDS,
  perSecond,
  staleOf,
} from '../figures.ts'
import * as format from '../format.ts'
import { countedOf, type History } from '../history.ts'
import { Bar } from './bar.tsx'
import { type Column, Table } from './table.tsx'

export interface GroupsTableProps {
  readonly report: StatsReport
  readonly history: History
}

const COLUMNS: readonly Column[] = [
  { name: 'Group', isText: true },
  { name: 'Hit ratio', help: HIT_RATIO_MEANS },
  { name: 'Gets/s', help: `In about the last ${NOW_SECONDS} seconds.` },
  { name: 'Gets' },
  { name: 'Loads', help: 'Loads that ran.' },
  { name: 'Stale', help: 'Gets that were answered with a stale value.' },
  { name: 'Errors', help: 'Loads that failed, or took too long.' },
  { name: 'Bytes', help: 'What the nodes hold, and the bound on it.' },
  { name: 'Entries' },
  { name: 'Evictions', help: 'Entries that left for want of room.' },
]

export function GroupsTable({ report, history }: GroupsTableProps) {
  return (
    <section aria-labelledby="groups">
      <h2 id="groups">Groups</h2>
      <Table caption="Groups, counted since each node began" columns={COLUMNS}>
        {Object.entries(report.sum).map(([name, group]) => (
          <GroupRow key={name} name={name} group={group} history={history} />
        ))}
      </Table>
    </section>
  )
}

interface GroupRowProps {
  readonly name: string
  readonly group: GroupReport
  readonly history: History
}

function GroupRow({ name, group, history }: GroupRowProps) {
  const all = countedOf(group)
  const now = lately(history, name)
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{format.percent(hitRatioOf(all))}</td>
      <td>{format.rate(perSecond(getsOf(now.counted), now.seconds))}</td>
      <td>{format.count(getsOf(all))}</td>
      <td>{format.count(loadsOf(all))}</td>
      <td>{format.count(staleOf(all))}</td>
      <td class={errorsOf(all) > 0 ? 'bad' : undefined}>{format.count(errorsOf(all))}</td>
      <td>
        {format.bytes(group.bytes)} of {format.bytes(group.maxBytes)}{' '}
        <Bar part={group.bytes / group.maxBytes} />
      </td>
      <td>{format.count(group.items)}</td>
      <td>{format.count(evictionsOf(all))}</td>
    </tr>
  )
}
