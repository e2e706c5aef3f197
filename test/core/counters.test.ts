import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  add,
  type Counters,
  countersOf,
  isZero,
  noCounters,
  subtract,
} from '../../src/core/stats/counters.ts'
import { GroupStats } from '../../src/core/stats/group-stats.ts'

function someStats(): GroupStats {
  const stats = new GroupStats()
  stats.gets = 5
  stats.evictions.purged = 2
  stats.observeLoad(250)
  return stats
}

/** A table whose names are data, as those of groups are. */
function tableOf<T>(...entries: [name: string, value: T][]): Record<string, T> {
  return Object.fromEntries(entries)
}

describe('the counters of a group', () => {
  test('are all of them, as plain data', () => {
    const stats = someStats()

    const counters = countersOf(stats)

    expect(counters).toEqual({ ...stats })
    expect(structuredClone(counters)).toEqual(counters)
    expect(counters).not.toHaveProperty('observeLoad')
  })

  test('are a copy that later counting does not change', () => {
    const stats = someStats()
    const before = structuredClone({ ...stats })
    const counters = countersOf(stats)
    const again = countersOf(counters)

    stats.gets++
    stats.evictions.purged++
    stats.observeLoad(250)

    expect(counters).toEqual(before)
    expect(again).toEqual(before)
    expect(again.evictions).not.toBe(counters.evictions)
    expect(again.loadSeconds).not.toBe(counters.loadSeconds)
  })

  test('are zero at the beginning, each for itself', () => {
    const counters = noCounters()
    const other = noCounters()

    expect(isZero(counters)).toBe(true)
    expect(counters).toEqual(countersOf(new GroupStats()))
    counters.evictions.purged++
    expect(other.evictions.purged).toBe(0)
  })
})

describe('counters', () => {
  test('add up and subtract number by number, in lists and tables too', () => {
    const a = { gets: 5, evictions: { purged: 2, expired: 1 }, loadSeconds: [1, 0, 3] }
    const b = { gets: 3, evictions: { purged: 2, expired: 0 }, loadSeconds: [1, 4, 5] }

    expect(add(a, b)).toEqual({
      gets: 8,
      evictions: { purged: 4, expired: 1 },
      loadSeconds: [2, 4, 8],
    })
    expect(subtract(a, b)).toEqual({
      gets: 2,
      evictions: { purged: 0, expired: 1 },
      loadSeconds: [0, -4, -2],
    })
  })

  test('stay as they were when others are added to them', () => {
    const a = countersOf(someStats())
    const before = structuredClone(a)

    const sum = add(a, a)
    sum.evictions.purged += 100
    sum.loadSeconds[0] = 100

    expect(a).toEqual(before)
  })

  test('that one side lacks are zero there: numbers, lists, tables, and the ends of lists', () => {
    type Some = { gets?: number; evictions?: Record<string, number>; loadSeconds?: number[] }
    const whole: Some = { gets: 5, evictions: { purged: 2 }, loadSeconds: [1, 2] }
    const shorter: Some = { loadSeconds: [1] }

    expect(add<Some>(whole, {})).toEqual(whole)
    expect(add<Some>({}, whole)).toEqual(whole)
    expect(subtract<Some>({}, whole)).toEqual({
      gets: -5,
      evictions: { purged: -2 },
      loadSeconds: [-1, -2],
    })
    expect(add(shorter, whole).loadSeconds).toEqual([2, 2])
    expect(add(whole, shorter).loadSeconds).toEqual([2, 2])
    expect(add<Some | undefined>(undefined, whole)).toEqual(whole)
    expect(subtract<Some | undefined>(whole, undefined)).toEqual(whole)
    expect(add<Some>({ gets: undefined } as never, { gets: undefined } as never)).toEqual({})
  })

  test('have any name for a name', () => {
    const a = tableOf<unknown>(['__proto__', { gets: 1 }], ['constructor', 2])
    const b = tableOf<unknown>(['__proto__', { gets: 4 }], ['toString', 3])

    const sum = add(a, b)

    expect(Object.entries(sum)).toEqual([
      ['__proto__', { gets: 5 }],
      ['constructor', 2],
      ['toString', 3],
    ])
    expect(Object.getPrototypeOf(sum)).toBe(Object.prototype)
    expect(Object.entries(subtract(b, a))).toEqual([
      ['__proto__', { gets: 3 }],
      ['toString', 3],
      ['constructor', -2],
    ])
    expect(isZero(tableOf(['__proto__', 1]))).toBe(false)
  })

  test('that were added are what is left when the others are subtracted again', () => {
    const anyCounters: fc.Arbitrary<Counters> = fc
      .record({ gets: fc.nat(), hits: fc.nat(), purged: fc.nat(), loads: fc.array(fc.nat(60_000)) })
      .map(({ gets, hits, purged, loads }) => {
        const stats = Object.assign(new GroupStats(), { gets, hits })
        stats.evictions.purged = purged
        // Whole eighths of a second: floating point has them exactly.
        for (const ms of loads) stats.observeLoad(ms - (ms % 125))
        return countersOf(stats)
      })
    const property = fc.property(anyCounters, anyCounters, (a, b) => {
      expect(subtract(add(a, b), b)).toEqual(a)
      expect(add(a, b)).toEqual(add(b, a))
      expect(isZero(subtract(a, a))).toBe(true)
    })

    fc.assert(property, { seed: 21, numRuns: 200 })
  })
})

test.each([
  [0, true],
  [1, false],
  [-1, false],
  [[], true],
  [[0, 0], true],
  [[0, 1], false],
  [{}, true],
  [{ gets: 0, evictions: { purged: 0 }, loadSeconds: [0, 0] }, true],
  [{ gets: 0, evictions: { purged: 1 }, loadSeconds: [0, 0] }, false],
  [{ gets: 0, evictions: { purged: 0 }, loadSeconds: [0, 0.001] }, false],
])('whether %j is zero: %j', (counters, expected) => {
  expect(isZero(counters)).toBe(expected)
})
