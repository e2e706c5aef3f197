/** Owns which figures are drawn over time. */

import { useMemo } from 'hono/jsx/dom'
import {
  countedIn,
  getsOf,
  HIT_RATIO_MEANS,
  hitRatioOf,
  loadsOf,
  loadTimesOf,
  staleOf,
} from '../figures.ts'
import * as format from '../format.ts'
import type { History, Sample } from '../history.ts'
import { TimeChart } from './time-chart.tsx'

export interface ChartsProps {
  readonly history: History
  /** `undefined` for all groups. */
  readonly group: string | undefined
}

interface Points {
  readonly atSeconds: number[]
  readonly hitRatio: Line
  readonly gets: Line
  readonly loads: Line
  readonly stale: Line
  readonly meanSeconds: Line
  readonly p95Seconds: Line
  readonly nodeBytes: Line
  readonly hotBytes: Line
}

const POWERS_OF_TWO = Array.from({ length: 50 }, (_, power) => 2 ** power)

/** `null` where there is nothing to draw. */
type Line = (number | null)[]

export function Charts({ history, group }: ChartsProps) {
  const { samples } = history
  const points = useMemo(() => pointsOf(samples, group), [samples, group])
  const { atSeconds } = points
  return (
    <section aria-labelledby="charts">
      <h2 id="charts">Over time</h2>
      <div class="charts">
        <TimeChart
          title="Hit ratio"
          help={HIT_RATIO_MEANS}
          atSeconds={atSeconds}
          format={format.percent}
          lines={[{ name: 'hit ratio', color: 1, values: points.hitRatio }]}
          most={1.02}
        />
        <TimeChart
          title="Gets and loads per second"
          help="Gets by clients, loads that ran, and gets answered with a stale value."
          atSeconds={atSeconds}
          format={format.rate}
          lines={[
            { name: 'gets', color: 1, values: points.gets },
            { name: 'loads', color: 2, values: points.loads },
            { name: 'stale', color: 3, values: points.stale },
          ]}
        />
        <TimeChart
          title="Load time"
          help="How long the loader or the origin took; the 95th percentile is estimated from a histogram."
          atSeconds={atSeconds}
          format={format.seconds}
          lines={[
            { name: 'mean', color: 1, values: points.meanSeconds },
            { name: '95 %', color: 2, values: points.p95Seconds },
          ]}
        />
        <TimeChart
          title="Bytes held"
          help="By all nodes, and by the edge isolates that have reported within a minute."
          atSeconds={atSeconds}
          format={format.bytes}
          steps={POWERS_OF_TWO}
          lines={[
            { name: 'nodes', color: 1, values: points.nodeBytes },
            { name: 'edge', color: 2, values: points.hotBytes },
          ]}
        />
      </div>
    </section>
  )
}

function pointsOf(samples: readonly Sample[], group: string | undefined): Points {
  const counted = samples.map((sample) => countedIn(sample, group))
  const rates = (countOf: (of: (typeof counted)[number]) => number) =>
    counted.map((of, i) => countOf(of) / (samples[i] as Sample).seconds)
  const times = counted.map(loadTimesOf)
  return {
    atSeconds: samples.map(({ atMs }) => atMs / 1000),
    hitRatio: counted.map((of) => hitRatioOf(of) ?? null),
    gets: rates(getsOf),
    loads: rates(loadsOf),
    stale: rates(staleOf),
    meanSeconds: times.map(({ meanSeconds }) => meanSeconds ?? null),
    p95Seconds: times.map(({ p95Seconds }) => p95Seconds ?? null),
    nodeBytes: samples.map((sample) => heldIn(sample, group, 'nodeBytes')),
    hotBytes: samples.map((sample) => heldIn(sample, group, 'hotBytes')),
  }
}

function heldIn({ held }: Sample, group: string | undefined, where: 'nodeBytes' | 'hotBytes') {
  if (group !== undefined) return held.get(group)?.[where] ?? 0
  return [...held.values()].reduce((sum, bytes) => sum + bytes[where], 0)
}
