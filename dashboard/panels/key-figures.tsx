/** Owns the few figures that say how the cache does. */

import type { StatsReport } from '../../src/core/group/api.ts'
import type { GroupReport } from '../../src/core/stats/node-report.ts'
import {
  errorsOf,
  getsOf,
  HIT_RATIO_MEANS,
  hitRatioOf,
  loadsOf,
  loadTimesOf,
  perSecond,
  type Stretch,
} from '../figures.ts'
import * as format from '../format.ts'

export interface KeyFiguresProps {
  readonly report: StatsReport
  /** What has happened lately, of `group` or of all groups. */
  readonly stretch: Stretch
  readonly group: string | undefined
}

/** After a time out of sight the last figures are of all of it. */
function spanOf(seconds: number): string {
  return seconds === 0
    ? 'so far'
    : `in the last ${format.seconds(Math.max(1, Math.round(seconds)))}`
}

export function KeyFigures({ report, stretch, group }: KeyFiguresProps) {
  const { counted, seconds } = stretch
  const { meanSeconds, p95Seconds } = loadTimesOf(counted)
  const held = heldBy(report, group)
  return (
    <section aria-labelledby="figures">
      <h2 id="figures">
        {group ?? 'All groups'} <small>{spanOf(seconds)}</small>
      </h2>
      <dl class="figures">
        <Figure
          name="Hit ratio"
          title={HIT_RATIO_MEANS}
          value={format.percent(hitRatioOf(counted))}
          more="of gets needed no load"
        />
        <Figure
          name="Gets"
          value={format.rate(perSecond(getsOf(counted), seconds))}
          unit="per second"
          more={`${format.count(getsOf(counted))} in all`}
        />
        <Figure
          name="Loads"
          value={format.rate(perSecond(loadsOf(counted), seconds))}
          unit="per second"
          more={`${format.count(errorsOf(counted))} failed`}
        />
        <Figure
          name="Load time"
          title="How long the loader or the origin took. The 95th percentile is estimated from a histogram."
          value={format.seconds(meanSeconds)}
          unit="mean"
          more={`95 % within ${format.seconds(p95Seconds)}`}
        />
        <Figure
          name="In nodes"
          value={format.bytes(held.bytes)}
          more={`of ${format.bytes(held.maxBytes)}, ${format.count(held.items)} entries`}
        />
        <Figure
          name="At the edge"
          title="Hot copies, in the isolates that have reported within the last minute."
          value={format.bytes(held.hotBytes)}
          more={`${format.count(held.hotItems)} copies, ${isolates(report.edge.isolates)}`}
        />
      </dl>
    </section>
  )
}

interface FigureProps {
  readonly name: string
  readonly value: string
  readonly unit?: string
  readonly more: string
  readonly title?: string
}

function Figure({ name, value, unit, more, title }: FigureProps) {
  return (
    <div title={title}>
      <dt>{name}</dt>
      <dd>
        <b>{value}</b> {unit}
      </dd>
      <dd class="more">{more}</dd>
    </div>
  )
}

function heldBy({ sum, edge }: StatsReport, group: string | undefined) {
  const isMeant = ([name]: [string, unknown]) => group === undefined || name === group
  const inNodes = Object.entries<GroupReport>(sum).filter(isMeant)
  const atEdge = Object.entries(edge.hot).filter(isMeant)
  return {
    bytes: total(inNodes.map(([, { bytes }]) => bytes)),
    maxBytes: total(inNodes.map(([, { maxBytes }]) => maxBytes)),
    items: total(inNodes.map(([, { items }]) => items)),
    hotBytes: total(atEdge.map(([, { bytes }]) => bytes)),
    hotItems: total(atEdge.map(([, { items }]) => items)),
  }
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}

function isolates(count: number): string {
  return count === 1 ? '1 isolate' : `${count} isolates`
}
