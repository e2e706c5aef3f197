/** Owns the form in which a node reports its counters. */

import type { GroupStats } from './stats.ts'

export interface GroupReport extends Readonly<Omit<GroupStats, 'observeLoad'>> {
  /** Bytes and entries held at this moment. */
  readonly bytes: number
  readonly items: number
}

export interface NodeStats {
  readonly node: string
  readonly groups: Readonly<Record<string, GroupReport>>
}

/** A group, as far as its report goes. */
interface Counted {
  readonly name: string
  readonly stats: GroupStats
  readonly bytes: number
  readonly items: number
}

export function nodeStats(node: string, groups: Iterable<Counted>): NodeStats {
  const reports = [...groups].map((group) => {
    const { observeLoad: _, ...counters } = group.stats
    return [group.name, { ...counters, bytes: group.bytes, items: group.items }] as const
  })
  return { node, groups: Object.fromEntries(reports) }
}

/** All nodes' reports added up, by group. */
export function sumOf(nodes: readonly NodeStats[]): Record<string, GroupReport> {
  const sum: Record<string, GroupReport> = {}
  for (const { groups } of nodes) {
    for (const [name, report] of Object.entries(groups)) {
      const before = Object.hasOwn(sum, name) ? sum[name] : undefined
      sum[name] = before === undefined ? report : add(before, report)
    }
  }
  return sum
}

/** Both have the same shape: numbers, lists of numbers, and tables of numbers. */
function add<T>(a: T, b: T): T {
  if (typeof a === 'number') return (a + (b as number)) as T
  if (Array.isArray(a)) return a.map((item, i) => add(item, (b as unknown[])[i])) as T
  const entries = Object.entries(a as object).map(([key, value]) => [
    key,
    add(value, (b as Record<string, unknown>)[key]),
  ])
  return Object.fromEntries(entries) as T
}
