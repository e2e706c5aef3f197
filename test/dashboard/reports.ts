/** Owns reports as nodes make them, with what a test says and zeros for the rest. */

import type { StatsReport } from '../../src/core/group/api.ts'
import { add, type Counters, noCounters } from '../../src/core/stats/counters.ts'
import { type GroupReport, type NodeStats, sumOf } from '../../src/core/stats/node-report.ts'

export type Said = Partial<Omit<GroupReport, 'edge'>> & { readonly edge?: Partial<Counters> }

export function groupReport({ edge = {}, ...said }: Said): GroupReport {
  const counters = add<Counters>(noCounters(), said as Counters)
  return { ...counters, ...gaugesOf(said), edge: add(noCounters(), edge as Counters) }
}

function gaugesOf({
  bytes = 0,
  items = 0,
  maxBytes = 1_024,
  openCircuits = 0,
  durableBytes = 0,
  durableItems = 0,
  hotKeys = [],
}: Said) {
  return { bytes, items, maxBytes, openCircuits, durableBytes, durableItems, hotKeys }
}

/** A node with the group `pages`. */
export function nodeReport(node: string, pages: Said, sinceMs = 1): NodeStats {
  return { node, sinceMs, groups: { pages: groupReport(pages) }, isolates: [] }
}

export function statsReport(
  atMs: number,
  nodes: readonly NodeStats[],
  failed: readonly string[] = [],
): StatsReport {
  return { atMs, nodes, sum: sumOf(nodes), edge: { isolates: 0, hot: {} }, failed }
}
