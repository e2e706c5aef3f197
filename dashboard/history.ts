/** Owns what has happened lately: differences of reports that follow each other. */

import type { StatsReport } from '../src/core/group/api.ts'
import { add, type Counters, noCounters, subtract } from '../src/core/stats/counters.ts'
import type { GroupReport, NodeStats } from '../src/core/stats/node-report.ts'

/** What one group's nodes have counted, and edge isolates of it. */
export type Counted = Counters & { readonly edge: Counters }

/** What has happened between two reports. */
export interface Sample {
  /** When the later of them came, in milliseconds since the epoch. */
  readonly atMs: number
  /** The time between them. */
  readonly seconds: number
  readonly groups: ReadonlyMap<string, Counted>
  /** Gets by node, of all groups. */
  readonly nodeGets: ReadonlyMap<string, number>
  /** What the nodes held at `atMs`, and the edge isolates, by group. */
  readonly held: ReadonlyMap<string, { readonly nodeBytes: number; readonly hotBytes: number }>
}

export interface History {
  /** Oldest first. */
  readonly samples: readonly Sample[]
  /** The last report of each node, for as long as it is a node: one that fails for a while may go on. */
  readonly lastSeen: ReadonlyMap<string, NodeStats>
  /** The server's time of the last report; 0 where there is none. */
  readonly reportedAtMs: number
  readonly receivedAtMs: number
}

export const NO_HISTORY: History = {
  samples: [],
  lastSeen: new Map(),
  reportedAtMs: 0,
  receivedAtMs: 0,
}

export const KEPT_MS = 10 * 60_000

export function noCounted(): Counted {
  return { ...noCounters(), edge: noCounters() }
}

/** The counters of a report, without what it says of the moment. Those that an older node lacks are 0. */
export function countedOf(report: GroupReport): Counted {
  const none = noCounted()
  const names = Object.keys(none) as (keyof Counted)[]
  const counted = names.map((name) => [name, report[name]] as const)
  return add(none, Object.fromEntries(counted) as unknown as Counted)
}

/** The history with one more report. Time between reports is this browser's: servers' clocks differ. */
export function extended(history: History, report: StatsReport, receivedAtMs: number): History {
  // The server gives one report again to those who ask within a second.
  if (report.atMs === history.reportedAtMs) return history
  const names = new Set([...report.nodes.map(({ node }) => node), ...report.failed])
  const seen = new Map(
    report.nodes.map((node) => [node.node, newerOf(history.lastSeen.get(node.node), node)]),
  )
  const kept = [...history.lastSeen].filter(([name]) => names.has(name) && !seen.has(name))
  const next = {
    lastSeen: new Map([...kept, ...seen]),
    reportedAtMs: report.atMs,
    receivedAtMs,
  }
  const isFirst = history.reportedAtMs === 0
  // After the clock was set back, what was before cannot be put on one line with what comes.
  if (isFirst || receivedAtMs <= history.receivedAtMs) return { ...next, samples: [] }
  const sample = sampleOf(history, seen, report, receivedAtMs)
  const samples = [...history.samples, sample].filter(({ atMs }) => atMs > receivedAtMs - KEPT_MS)
  return { ...next, samples }
}

/** Another isolate may have given an older report late: the counters of one memory only grow. */
function newerOf(before: NodeStats | undefined, after: NodeStats): NodeStats {
  if (before === undefined || before.sinceMs !== after.sinceMs) return after
  const isOlder = [...differencesOf(before, after).values()].some(isNegative)
  return isOlder ? before : after
}

function sampleOf(
  history: History,
  seen: ReadonlyMap<string, NodeStats>,
  report: StatsReport,
  atMs: number,
): Sample {
  const groups = new Map<string, Counted>()
  const nodeGets = new Map<string, number>()
  for (const node of seen.values()) {
    const differences = differencesOf(history.lastSeen.get(node.node), node)
    for (const [group, difference] of differences) {
      groups.set(group, add(groups.get(group) ?? noCounted(), difference))
    }
    const gets = Array.from(differences.values(), (difference) => difference.gets)
    nodeGets.set(node.node, gets.reduce(sum, 0))
  }
  const hot = new Map(Object.entries(report.edge.hot))
  const held = Object.entries(report.sum).map(([group, { bytes }]) => {
    return [group, { nodeBytes: bytes, hotBytes: hot.get(group)?.bytes ?? 0 }] as const
  })
  const seconds = (atMs - history.receivedAtMs) / 1000
  return { atMs, seconds, groups, nodeGets, held: new Map(held) }
}

/** What a node has counted since `before`, by group. */
function differencesOf(before: NodeStats | undefined, after: NodeStats): Map<string, Counted> {
  // A node that is seen for the first time has counted for who knows how long.
  if (before === undefined) return new Map()
  const hasForgotten = before.sinceMs !== after.sinceMs
  const known = new Map(hasForgotten ? [] : Object.entries(before.groups))
  const differences = Object.entries(after.groups).map(([group, report]) => {
    const counted = countedOf(report)
    const earlier = known.get(group)
    return [group, earlier === undefined ? counted : subtract(counted, countedOf(earlier))] as const
  })
  return new Map(differences)
}

/** Whether anything is less than it was. */
function isNegative(counters: unknown): boolean {
  if (typeof counters === 'number') return counters < 0
  return Object.values(counters as object).some(isNegative)
}

function sum(a: number, b: number): number {
  return a + b
}
