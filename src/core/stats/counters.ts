/** Owns arithmetic on counters as they cross between places: numbers, lists of them, tables of those. */

import { GroupStats } from './group-stats.ts'

/** The counters of one group in one place, without behaviour. */
export type Counters = Readonly<Omit<GroupStats, 'observeLoad'>>

/** A copy that later counting does not change. */
export function countersOf(stats: GroupStats | Counters): Counters {
  const { observeLoad: _, ...counters } = stats as GroupStats
  return {
    ...counters,
    evictions: { ...counters.evictions },
    loadSeconds: [...counters.loadSeconds],
  }
}

export function noCounters(): Counters {
  return countersOf(new GroupStats())
}

/** What one of them lacks, as it is of an older version, is 0. */
export function add<T>(a: T, b: T): T {
  return combine(a, b, (x, y) => x + y)
}

export function subtract<T>(a: T, b: T): T {
  return combine(a, b, (x, y) => x - y)
}

export function isZero(counters: unknown): boolean {
  if (typeof counters === 'number') return counters === 0
  return Object.values(counters as object).every(isZero)
}

function combine<T>(a: T, b: T, operate: (x: number, y: number) => number): T {
  if (a === undefined && b === undefined) return a
  const whole = a ?? b
  if (typeof whole === 'number') return operate((a as number) ?? 0, (b as number) ?? 0) as T
  if (Array.isArray(whole)) {
    const [listA, listB] = [(a ?? []) as unknown[], (b ?? []) as unknown[]]
    const length = Math.max(listA.length, listB.length)
    return Array.from({ length }, (_, i) => combine(listA[i], listB[i], operate)) as T
  }
  const [tableA, tableB] = [new Map(entriesOf(a)), new Map(entriesOf(b))]
  const names = new Set([...tableA.keys(), ...tableB.keys()])
  const entries = Array.from(
    names,
    (name) => [name, combine(tableA.get(name), tableB.get(name), operate)] as const,
  )
  return Object.fromEntries(entries) as T
}

function entriesOf(table: unknown): [string, unknown][] {
  return Object.entries((table ?? {}) as object)
}
