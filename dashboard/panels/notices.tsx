/** Owns what an operator has to know before looking at figures: what is missing from them, and why. */

import type { StatsReport } from '../../src/core/group/api.ts'
import * as format from '../format.ts'
import type { Watching } from '../state.ts'

export interface NoticesProps {
  readonly watching: Watching
  readonly baseUrl: string
  /** A group to show by, if there is one. */
  readonly group: string | undefined
}

export function Notices({ watching, baseUrl, group }: NoticesProps) {
  const { report, outage, receivedAtMs } = watching
  const restingGroups = Object.entries(report.sum).filter(
    ([, { openCircuits }]) => openCircuits > 0,
  )
  return (
    <div class="notices">
      <div role="status">
        {outage !== undefined && (
          <p class="notice bad">
            The Worker does not answer: {outage} All figures are those of{' '}
            {format.timeOfDay(receivedAtMs)}. It is asked again every two seconds.
          </p>
        )}
        {report.failed.length > 0 && <FailedNodes names={report.failed} />}
        {restingGroups.map(([name, { openCircuits }]) => (
          <p class="notice bad" key={name}>
            The origin of <b>{name}</b> keeps failing: {nodes(openCircuits)} left it alone for a
            while.
          </p>
        ))}
      </div>
      {hasNoTraffic(report) && group !== undefined && (
        <p class="notice">
          No traffic yet. Ask for a value, with a key of yours in the place of KEY:{' '}
          <code>{`curl -i ${baseUrl}cache/${group}/KEY`}</code>
        </p>
      )}
    </div>
  )
}

/** More names than these would push everything else out of sight; the table of nodes has all. */
const MOST_NAMES = 20

function FailedNodes({ names }: { readonly names: readonly string[] }) {
  const shown = names.slice(0, MOST_NAMES).join(', ')
  const rest = names.length - MOST_NAMES
  return (
    <p class="notice bad">
      Not reached: <b>{shown}</b>
      {rest > 0 && ` and ${rest} more`}. Their figures are missing from all sums; their keys are
      answered by the next nodes of the ring.
    </p>
  )
}

function nodes(count: number): string {
  return count === 1 ? 'one node has' : `${count} nodes have`
}

function hasNoTraffic({ sum }: StatsReport): boolean {
  return Object.values(sum).every(({ gets, edge }) => gets + edge.gets === 0)
}
