/** Owns the form in which a node reports its counters. */

import type { Groups } from '../core/groups.ts'
import type { GroupStats } from '../core/stats.ts'

export interface GroupReport extends Readonly<Omit<GroupStats, 'observeLoad'>> {
  /** Bytes and entries held at this moment. */
  readonly bytes: number
  readonly items: number
}

export interface NodeStats {
  readonly node: string
  readonly groups: Readonly<Record<string, GroupReport>>
}

export function nodeStats(node: string, groups: Groups): NodeStats {
  const reports = [...groups].map((group) => {
    const { observeLoad: _, ...counters } = group.stats
    return [group.name, { ...counters, bytes: group.bytes, items: group.items }] as const
  })
  return { node, groups: Object.fromEntries(reports) }
}
