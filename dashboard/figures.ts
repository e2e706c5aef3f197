/** Owns the figures that are shown, and how they follow from what was counted. */

import { add } from '../src/core/stats/counters.ts'
import { type Counted, type History, noCounted, type Sample } from './history.ts'
import { quantileSeconds } from './latency.ts'

/** What "now" means: short enough to follow, long enough that a few gets are no noise. */
export const NOW_SECONDS = 30

export const HIT_RATIO_MEANS =
  'The share of gets that needed no load: answered by an edge copy, or by a node, fresh or stale.'

/** What has happened in some time, of one group or of all. */
export interface Stretch {
  readonly counted: Counted
  readonly seconds: number
}

/** What happened in the last `NOW_SECONDS`, of `group` or of all groups. */
export function lately({ samples }: History, group: string | undefined): Stretch {
  return stretchOf(recent(samples), group)
}

export function stretchOf(samples: readonly Sample[], group: string | undefined): Stretch {
  const counted = samples.map((sample) => countedIn(sample, group)).reduce(add, noCounted())
  return { counted, seconds: samples.reduce((sum, { seconds }) => sum + seconds, 0) }
}

export function countedIn({ groups }: Sample, group: string | undefined): Counted {
  if (group !== undefined) return groups.get(group) ?? noCounted()
  return [...groups.values()].reduce(add, noCounted())
}

/** Gets per second, by node, in the last `NOW_SECONDS`. */
export function nodeRates({ samples }: History): ReadonlyMap<string, number> {
  const latest = recent(samples)
  const seconds = latest.reduce((sum, sample) => sum + sample.seconds, 0)
  const gets = new Map<string, number>()
  for (const { nodeGets } of latest) {
    for (const [node, count] of nodeGets) gets.set(node, (gets.get(node) ?? 0) + count)
  }
  return new Map(Array.from(gets, ([node, count]) => [node, count / seconds]))
}

function recent(samples: readonly Sample[]): readonly Sample[] {
  const untilMs = samples.at(-1)?.atMs ?? 0
  return samples.filter(({ atMs }) => atMs > untilMs - NOW_SECONDS * 1000)
}

/**
 * Of the gets that arrived at the edge, the share that needed no load, 0 to 1; `undefined` without gets.
 * Where no edge has reported, of those that arrived at nodes. An edge's counts come with its next call
 * to a node, so that for a moment there can be more answers than gets.
 */
export function hitRatioOf({ edge, gets, hits, stale }: Counted): number | undefined {
  const all = edge.gets > 0 ? edge.gets : gets
  if (all === 0) return undefined
  const answered = (edge.gets > 0 ? edge.hits + edge.stale : 0) + hits + stale
  return Math.min(1, answered / all)
}

/** Clients' gets; where no edge has reported, those that arrived at nodes. */
export function getsOf({ edge, gets }: Counted): number {
  return edge.gets > 0 ? edge.gets : gets
}

/** Loads that ran, at nodes and, where none could, at the edge. */
export function loadsOf({ edge, loads }: Counted): number {
  return loads + edge.loads
}

export function staleOf({ edge, stale }: Counted): number {
  return stale + edge.stale
}

/** Loads that failed or took too long. */
export function errorsOf({ edge, loadErrors, loadTimeouts }: Counted): number {
  return loadErrors + loadTimeouts + edge.loadErrors + edge.loadTimeouts
}

/** Entries that left nodes for want of room. */
export function evictionsOf({ evictions }: Counted): number {
  return evictions.capacity
}

export interface LoadTimes {
  readonly meanSeconds: number | undefined
  readonly p95Seconds: number | undefined
}

export function loadTimesOf({ edge, loadSeconds, loadSecondsSum }: Counted): LoadTimes {
  const counts = add<readonly number[]>(loadSeconds, edge.loadSeconds)
  const total = counts.reduce((sum, count) => sum + count, 0)
  const seconds = loadSecondsSum + edge.loadSecondsSum
  return {
    meanSeconds: total === 0 ? undefined : seconds / total,
    p95Seconds: quantileSeconds(counts, 0.95),
  }
}

export function perSecond(count: number, seconds: number): number | undefined {
  return seconds === 0 ? undefined : count / seconds
}
