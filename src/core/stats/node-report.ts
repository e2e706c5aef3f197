/** Owns the form in which a node reports its counters, and how reports add up. */

import { add, type Counters, countersOf } from './counters.ts'
import type { EdgeReportLog } from './edge-report-log.ts'
import type { HotCache, IsolateReport } from './edge-reporter.ts'
import type { GroupStats } from './group-stats.ts'
import { type HotKey, mergeHotKeys } from './hot-keys.ts'

/** What a group holds at this moment. */
interface Gauges {
  readonly bytes: number
  readonly items: number
  /** The bound on `bytes`. */
  readonly maxBytes: number
  /** What the entries on disk count as; 0 in a group that is not durable. */
  readonly durableBytes: number
  readonly durableItems: number
  /** How many nodes leave the group's origin alone, as it keeps failing: of one node, 0 or 1. */
  readonly openCircuits: number
}

export interface GroupReport extends Counters, Gauges {
  /** What edge isolates have counted and reported to this node: any of them, of any key. */
  readonly edge: Counters
  /** The keys most asked for lately, the hottest first. */
  readonly hotKeys: readonly HotKey[]
}

export interface NodeStats {
  readonly node: string
  /** When the node's counters began at zero, in milliseconds since the epoch. */
  readonly sinceMs: number
  readonly groups: Readonly<Record<string, GroupReport>>
  /** The edge isolates that have reported to this node within the last minute. */
  readonly isolates: readonly IsolateReport[]
}

/** All edge isolates that have reported within the last minute. */
export interface EdgeSum {
  readonly isolates: number
  /** What they hold, by group. */
  readonly hot: Readonly<Record<string, HotCache>>
}

/** A group, as far as its report goes. */
interface Counted extends Gauges {
  readonly name: string
  readonly stats: GroupStats
  hottestKeys(): readonly HotKey[]
}

export function nodeStats(
  node: Pick<NodeStats, 'node' | 'sinceMs'>,
  groups: Iterable<Counted>,
  edges: EdgeReportLog,
  nowMs: number,
): NodeStats {
  const reports = Array.from(groups, (group) => {
    const { name, stats, bytes, items, maxBytes, durableBytes, durableItems, openCircuits } = group
    const report: GroupReport = {
      ...countersOf(stats),
      bytes,
      items,
      maxBytes,
      durableBytes,
      durableItems,
      openCircuits,
      edge: edges.countersOf(name),
      hotKeys: group.hottestKeys(),
    }
    return [name, report] as const
  })
  return { ...node, groups: Object.fromEntries(reports), isolates: edges.isolates(nowMs) }
}

/** The same reports, but each isolate at one node only: that which has its newest report. */
export function eachIsolateOnce(nodes: readonly NodeStats[]): NodeStats[] {
  const newest = new Map<string, IsolateReport>()
  for (const report of nodes.flatMap(isolatesOf)) {
    const known = newest.get(report.isolate)
    if (known === undefined || known.sequence < report.sequence) newest.set(report.isolate, report)
  }
  return nodes.map((node) => ({
    ...node,
    isolates: isolatesOf(node).filter((report) => newest.get(report.isolate) === report),
  }))
}

/** A node of an older version has heard of none. */
function isolatesOf({ isolates = [] }: NodeStats): readonly IsolateReport[] {
  return isolates
}

/** What all edge isolates hold that are there. */
export function edgeSumOf(nodes: readonly NodeStats[]): EdgeSum {
  const isolates = eachIsolateOnce(nodes).flatMap((node) => node.isolates)
  return { isolates: isolates.length, hot: isolates.map(({ hot }) => hot).reduce(add, {}) }
}

/** All nodes' reports added up, by group. */
export function sumOf(nodes: readonly NodeStats[]): Record<string, GroupReport> {
  const reports = nodes.flatMap(({ groups }) => Object.entries(groups))
  const byGroup = Map.groupBy(reports, ([name]) => name)
  const sums = Array.from(byGroup, ([name, entries]) => {
    return [name, entries.map(([, report]) => report).reduce(addReports)] as const
  })
  return Object.fromEntries(sums)
}

function addReports(a: GroupReport, b: GroupReport): GroupReport {
  const { hotKeys: hotKeysA = [], ...countsA } = a
  const { hotKeys: hotKeysB = [], ...countsB } = b
  return { ...add(countsA, countsB), hotKeys: mergeHotKeys(hotKeysA, hotKeysB) }
}
