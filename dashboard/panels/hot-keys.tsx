/** Owns the tables of the keys most asked for. */

import type { StatsReport } from '../../src/core/group/api.ts'
import type { HotKey } from '../../src/core/stats/hot-keys.ts'
import * as format from '../format.ts'
import { Bar } from './bar.tsx'
import { type Column, Table } from './table.tsx'

export interface HotKeysPanelProps {
  readonly report: StatsReport
  /** `undefined` for all groups, of which each shows fewer keys. */
  readonly group: string | undefined
}

const KEYS_OF_EACH = 5

const COLUMNS: readonly Column[] = [
  { name: 'Key', isText: true },
  { name: 'Recent gets', help: 'A get counts for half a minute later, for a quarter after two.' },
  { name: 'At most too many', help: 'By how much the count may be too high; it is never too low.' },
]

export function HotKeysPanel({ report, group }: HotKeysPanelProps) {
  const tables = Object.entries(report.sum).filter(
    ([name, { hotKeys }]) => hotKeys.length > 0 && (group === undefined || name === group),
  )
  return (
    <section aria-labelledby="hot-keys">
      <h2 id="hot-keys">Hot keys</h2>
      {tables.length === 0 && <p class="help">No key was asked for lately.</p>}
      <div class="columns">
        {tables.map(([name, { hotKeys }]) => (
          <Table key={name} caption={`Hot keys of ${name}`} columns={COLUMNS}>
            {hotKeys.slice(0, group === undefined ? KEYS_OF_EACH : hotKeys.length).map((hot) => (
              <HotKeyRow key={hot.key} hot={hot} most={hotKeys[0]?.gets ?? 0} />
            ))}
          </Table>
        ))}
      </div>
    </section>
  )
}

function HotKeyRow({ hot, most }: { readonly hot: HotKey; readonly most: number }) {
  return (
    <tr>
      <th scope="row" class="data">
        {hot.key}
      </th>
      <td>
        {format.rate(hot.gets)} <Bar part={hot.gets / most} />
      </td>
      <td>{format.rate(hot.overcount)}</td>
    </tr>
  )
}
