/** Owns the form in which a node reports its counters, and how reports add up. */

import type { GroupStats } from './stats.ts'

/** What a group holds at this moment. */
interface Gauges {
  readonly bytes: number
  readonly items: number
  /** How many nodes leave the group's origin alone, as it keeps failing: of one node, 0 or 1. */
  readonly openCircuits: number
}

export interface GroupReport extends Readonly<Omit<GroupStats, 'observeLoad'>>, Gauges {}

export interface NodeStats {
  readonly node: string
  readonly groups: Readonly<Record<string, GroupReport>>
}

/** A group, as far as its report goes. */
interface Counted extends Gauges {
  readonly name: string
  readonly stats: GroupStats
}

export function nodeStats(node: string, groups: Iterable<Counted>): NodeStats {
  const reports = Array.from(groups, ({ name, stats, bytes, items, openCircuits }) => {
    const { observeLoad: _, ...counters } = stats
    return [name, { ...counters, bytes, items, openCircuits }] as const
  })
  return { node, groups: Object.fromEntries(reports) }
}

/** All nodes' reports added up, by group. */
export function sumOf(nodes: readonly NodeStats[]): Record<string, GroupReport> {
  const sum = new Map<string, GroupReport>()
  for (const { groups } of nodes) {
    for (const [name, report] of Object.entries(groups)) {
      const before = sum.get(name)
      sum.set(name, before === undefined ? report : add(before, report))
    }
  }
  return Object.fromEntries(sum)
}

/** Numbers, lists of numbers, and tables of those. What one of them lacks, as it is of an older version, is 0. */
function add<T>(a: T, b: T): T {
  if (a === undefined || b === undefined) return a ?? b
  if (typeof a === 'number') return (a + (b as number)) as T
  if (Array.isArray(a)) return a.map((item, i) => add(item, (b as unknown[])[i])) as T
  const sum = new Map(Object.entries(b as object))
  for (const [key, value] of Object.entries(a as object)) sum.set(key, add(value, sum.get(key)))
  return Object.fromEntries(sum) as T
}
