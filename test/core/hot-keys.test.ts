import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HALF_LIFE_MS, type HotKey, HotKeys, mergeHotKeys } from '../../src/core/stats/hot-keys.ts'

const T0 = 1_700_000_000_000
const HOUR_MS = 3_600_000
const YEAR_MS = 365 * 24 * HOUR_MS
/** What `top` does not show. */
const LEAST_GETS = 0.01
/** What rounding may do, as a part of all gets. */
const ROUNDING = 1e-9

/** Names that are properties of every object, that are empty, that differ in little. */
const KEYS = ['', ' ', '__proto__', 'constructor', 'toString', 'length', '0', '00', 'a', 'A', 'ä']
const MANY_KEYS = [...KEYS, ...Array.from({ length: 30 }, (_, i) => `key-${i}`)]

/** Each get of each key, and what it counts for by now. */
class ExactCounts {
  private readonly counted: { key: string; atMs: number; gets: number }[] = []

  count(key: string, atMs: number, gets: number): void {
    this.counted.push({ key, atMs, gets })
  }

  of(key: string, nowMs: number): number {
    return this.sum(nowMs, (counted) => counted.key === key)
  }

  total(nowMs: number): number {
    return this.sum(nowMs, () => true)
  }

  private sum(nowMs: number, isMeant: (counted: { key: string }) => boolean): number {
    return this.counted
      .filter(isMeant)
      .reduce((sum, { atMs, gets }) => sum + gets * 2 ** ((atMs - nowMs) / HALF_LIFE_MS), 0)
  }
}

interface Count {
  readonly afterMs: number
  readonly key: string
  readonly gets: number
  /** The part of `gets` that may be too many. */
  readonly overcount: number
}

/** Few keys are asked for often, most now and then. */
const anyKey = fc.oneof(fc.constantFrom(...KEYS.slice(0, 4)), fc.constantFrom(...MANY_KEYS))
const anyPauseMs = fc.oneof(
  { weight: 30, arbitrary: fc.constant(0) },
  { weight: 10, arbitrary: fc.nat({ max: 2 * HALF_LIFE_MS }) },
  { weight: 1, arbitrary: fc.constantFrom(HOUR_MS, 2 * HOUR_MS, 20 * HOUR_MS, YEAR_MS) },
)

function anyCounts(anyOvercount: fc.Arbitrary<number>): fc.Arbitrary<Count[]> {
  const anyCount = fc.record({
    afterMs: anyPauseMs,
    key: anyKey,
    gets: fc.oneof(fc.constant(1), fc.double({ min: 0.01, max: 50, noNaN: true })),
    part: anyOvercount,
  })
  const counts = fc.array(anyCount, { minLength: 1, maxLength: 150, size: 'max' })
  return counts.map((all) =>
    all.map(({ part, ...count }) => ({ ...count, overcount: part * count.gets })),
  )
}

const anyCapacity = fc.integer({ min: 1, max: 20 })

describe('with room for m keys and recent gets of N', () => {
  test('no key has less than its gets, or N / m more, and none with more than N / m is missing', () => {
    const property = fc.property(anyCapacity, anyCounts(fc.constant(0)), (capacity, counts) => {
      const hotKeys = new HotKeys(capacity)
      const exact = new ExactCounts()
      let nowMs = T0
      for (const { afterMs, key, gets } of counts) {
        nowMs += afterMs
        hotKeys.count(key, nowMs, gets)
        exact.count(key, nowMs, gets)
      }

      const top = hotKeys.top(nowMs)

      const total = exact.total(nowMs)
      const rounding = total * ROUNDING
      const share = total / capacity
      expect(top.length).toBeLessThanOrEqual(capacity)
      for (const { key, gets, overcount } of top) {
        const truth = exact.of(key, nowMs)
        expect(gets).toBeGreaterThanOrEqual(truth - rounding)
        expect(gets - overcount).toBeLessThanOrEqual(truth + rounding)
        expect(overcount).toBeLessThanOrEqual(share + rounding)
        expect(overcount).toBeGreaterThanOrEqual(0)
      }
      const named = top.map(({ key }) => key)
      const mustBeNamed = MANY_KEYS.filter((key) => {
        return exact.of(key, nowMs) > Math.max(share, LEAST_GETS) + rounding
      })
      expect(named).toEqual(expect.arrayContaining(mustBeNamed))
      expect(new Set(named).size).toBe(named.length)
    })

    fc.assert(property, { seed: 11, numRuns: 500 })
  })

  test('all counts together are N, whatever changes hands', () => {
    const property = fc.property(anyCapacity, anyCounts(fc.constant(0)), (capacity, counts) => {
      const hotKeys = new HotKeys(capacity)
      const exact = new ExactCounts()
      let nowMs = T0
      for (const { afterMs, key, gets } of counts) {
        nowMs += afterMs
        hotKeys.count(key, nowMs, gets)
        exact.count(key, nowMs, gets)
      }

      const sum = sumOf(hotKeys.top(nowMs))

      const total = exact.total(nowMs)
      expect(sum).toBeLessThanOrEqual(total * (1 + ROUNDING))
      // What is too little to be shown is missing.
      expect(sum).toBeGreaterThanOrEqual(total * (1 - ROUNDING) - capacity * LEAST_GETS)
    })

    fc.assert(property, { seed: 12, numRuns: 500 })
  })

  test('gets that were heard with an overcount add just that to the bound', () => {
    const anyPart = fc.constantFrom(0, 0.25, 1)
    const property = fc.property(anyCapacity, anyCounts(anyPart), (capacity, counts) => {
      const hotKeys = new HotKeys(capacity)
      const most = new ExactCounts()
      const least = new ExactCounts()
      let nowMs = T0
      for (const { afterMs, key, gets, overcount } of counts) {
        nowMs += afterMs
        hotKeys.count(key, nowMs, gets, overcount)
        most.count(key, nowMs, gets)
        least.count(key, nowMs, gets - overcount)
      }

      const total = most.total(nowMs)
      const rounding = total * ROUNDING
      for (const { key, gets, overcount } of hotKeys.top(nowMs)) {
        const heard = most.of(key, nowMs) - least.of(key, nowMs)
        expect(gets).toBeGreaterThanOrEqual(most.of(key, nowMs) - rounding)
        expect(gets - overcount).toBeLessThanOrEqual(least.of(key, nowMs) + rounding)
        expect(overcount).toBeLessThanOrEqual(total / capacity + heard + rounding)
      }
    })

    fc.assert(property, { seed: 13, numRuns: 500 })
  })
})

describe('each step is one of Space-Saving', () => {
  const anyStep = fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        kind: fc.constant('count' as const),
        key: anyKey,
        gets: fc.integer({ min: 1, max: 9 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('take' as const),
        keys: fc.subarray(MANY_KEYS),
      }),
    },
  )

  test('a known key grows, a new one has room or takes over the least, and what is taken is gone', () => {
    const steps = fc.array(anyStep, { minLength: 1, maxLength: 80, size: 'max' })
    const property = fc.property(anyCapacity, steps, (capacity, run) => {
      const hotKeys = new HotKeys(capacity)
      for (const step of run) {
        const before = tableOf(hotKeys.top(T0))
        if (step.kind === 'take') {
          const taken = hotKeys.take(T0, (key) => step.keys.includes(key))

          const [meant, left] = partition(before, (key) => step.keys.includes(key))
          expect(tableOf(taken)).toEqual(meant)
          expect(tableOf(hotKeys.top(T0))).toEqual(left)
          continue
        }
        const { key, gets } = step
        hotKeys.count(key, T0, gets)

        const after = tableOf(hotKeys.top(T0))
        const { gets: had, overcount } = before.get(key) ?? { gets: 0, overcount: 0 }
        if (before.has(key) || before.size < capacity) {
          const grown = { key, gets: had + gets, overcount }
          expect(after).toEqual(new Map([...before, [key, grown]]))
          continue
        }
        const [gone, ...others] = [...before.keys()].filter((known) => !after.has(known))
        const least = Math.min(...Array.from(before.values(), (known) => known.gets))
        expect(others).toEqual([])
        expect(before.get(gone as string)?.gets).toBe(least)
        before.delete(gone as string)
        const successor = { key, gets: least + gets, overcount: least }
        expect(after).toEqual(new Map([...before, [key, successor]]))
      }
    })

    fc.assert(property, { seed: 14, numRuns: 1_000 })
  })
})

describe('the hottest keys', () => {
  test('are named with the hottest first, and their counts are exact while there is room', () => {
    const hotKeys = new HotKeys(20)
    for (const [key, gets] of [
      ['cold', 1],
      ['hottest', 5],
      ['warm', 3],
    ] as const) {
      for (let i = 0; i < gets; i++) hotKeys.count(key, T0)
    }

    expect(hotKeys.top(T0)).toEqual([
      { key: 'hottest', gets: 5, overcount: 0 },
      { key: 'warm', gets: 3, overcount: 0 },
      { key: 'cold', gets: 1, overcount: 0 },
    ])
  })

  test('are twenty, of however many there are counters for', () => {
    const hotKeys = new HotKeys(100)
    for (let i = 1; i <= 100; i++) hotKeys.count(`key-${i}`, T0, i)

    const expected = Array.from({ length: 20 }, (_, i) => `key-${100 - i}`)
    expect(hotKeys.top(T0).map(({ key }) => key)).toEqual(expected)
  })

  test('stand out of ten thousand others, none of which is forgotten wrongly', () => {
    const hotKeys = new HotKeys(10)
    for (let i = 0; i < 10_000; i++) {
      hotKeys.count(`key-${i}`, T0)
      if (i % 4 === 0) hotKeys.count('hot', T0)
    }

    const top = hotKeys.top(T0)

    expect(top).toHaveLength(10)
    expect(top[0]).toMatchObject({ key: 'hot', gets: 2_500, overcount: 0 })
    // The counters share out all the others evenly.
    for (const { gets } of top.slice(1)) expect(Math.abs(gets - 10_000 / 9)).toBeLessThan(1)
  })

  test('are keys of any text, each one by itself', () => {
    const hotKeys = new HotKeys(20)
    for (const [i, key] of KEYS.entries()) hotKeys.count(key, T0, i + 1)

    const expected = KEYS.map((key, i) => ({ key, gets: i + 1, overcount: 0 })).toReversed()
    expect(hotKeys.top(T0)).toEqual(expected)
    expect(hotKeys.take(T0, (key) => key === '__proto__')).toEqual([
      { key: '__proto__', gets: 3, overcount: 0 },
    ])
    expect(hotKeys.top(T0)).toEqual(expected.filter(({ key }) => key !== '__proto__'))
  })

  test('of nothing counted are none', () => {
    expect(new HotKeys(10).top(T0)).toEqual([])
    expect(new HotKeys(10).take(T0, () => true)).toEqual([])
  })
})

test('a key of more than 256 characters takes no counter: clients choose keys', () => {
  const hotKeys = new HotKeys(2)

  hotKeys.count('k'.repeat(256), T0)
  for (let i = 0; i < 10; i++) hotKeys.count(`${i}`.padStart(257, 'k'), T0)

  expect(hotKeys.top(T0)).toEqual([{ key: 'k'.repeat(256), gets: 1, overcount: 0 }])
})

describe('a count fades', () => {
  test('to half after exactly one half-life, to a quarter after two', () => {
    const hotKeys = new HotKeys(10)
    hotKeys.count('Tom', T0, 8, 4)

    expect(HALF_LIFE_MS).toBe(60_000)
    expect(hotKeys.top(T0 + HALF_LIFE_MS)).toEqual([{ key: 'Tom', gets: 4, overcount: 2 }])
    expect(hotKeys.top(T0 + 2 * HALF_LIFE_MS)).toEqual([{ key: 'Tom', gets: 2, overcount: 1 }])
  })

  test('beside newer ones, which count in full', () => {
    const hotKeys = new HotKeys(10)
    hotKeys.count('old', T0, 8)
    hotKeys.count('new', T0 + HALF_LIFE_MS, 6)
    hotKeys.count('old', T0 + HALF_LIFE_MS)

    expect(hotKeys.top(T0 + HALF_LIFE_MS)).toEqual([
      { key: 'new', gets: 6, overcount: 0 },
      { key: 'old', gets: 5, overcount: 0 },
    ])
    expect(hotKeys.top(T0 + 2 * HALF_LIFE_MS)[0]).toEqual({ key: 'new', gets: 3, overcount: 0 })
  })

  test('until it is not worth showing, or taking', () => {
    const hotKeys = new HotKeys(10)
    hotKeys.count('Tom', T0)

    expect(hotKeys.top(T0 + 6 * HALF_LIFE_MS)).toEqual([{ key: 'Tom', gets: 1 / 64, overcount: 0 }])
    expect(hotKeys.top(T0 + 7 * HALF_LIFE_MS)).toEqual([])
    expect(hotKeys.take(T0 + 7 * HALF_LIFE_MS, () => true)).toEqual([])
  })

  test('so that of two keys the one that was hotter long ago gives way', () => {
    const hotKeys = new HotKeys(2)
    hotKeys.count('old', T0, 10)
    hotKeys.count('recent', T0 + HALF_LIFE_MS, 6)

    hotKeys.count('newest', T0 + HALF_LIFE_MS, 2)

    expect(hotKeys.top(T0 + HALF_LIFE_MS)).toEqual([
      { key: 'newest', gets: 7, overcount: 5 },
      { key: 'recent', gets: 6, overcount: 0 },
    ])
  })
})

describe('for as long as it runs', () => {
  test('a get a minute counts for two gets: one now, one before', () => {
    const hotKeys = new HotKeys(10)
    let nowMs = T0
    for (let i = 0; i < 1_000; i++) {
      nowMs += HALF_LIFE_MS
      hotKeys.count('Tom', nowMs)
      if (i > 60) expect(hotKeys.top(nowMs)[0]?.gets).toBeCloseTo(2, 12)
    }

    expect(hotKeys.top(nowMs)).toHaveLength(1)
  })

  test('an overcount fades with its count', () => {
    const hotKeys = new HotKeys(1)
    let nowMs = T0
    for (let i = 0; i < 1_000; i++) {
      nowMs += HALF_LIFE_MS
      hotKeys.count(`key-${i}`, nowMs)
      const [hottest] = hotKeys.top(nowMs)
      if (i > 60) expect(hottest?.gets).toBeCloseTo(2, 12)
      if (i > 60) expect(hottest?.overcount).toBeCloseTo(1, 12)
    }

    expect(hotKeys.top(nowMs)[0]?.key).toBe('key-999')
  })

  test.each([
    ['an hour', HOUR_MS],
    ['18 hours', 18 * HOUR_MS],
    ['ten years', 10 * YEAR_MS],
  ])('after %s without a get all is forgotten, and counting goes on', (_, pauseMs) => {
    const hotKeys = new HotKeys(2)
    hotKeys.count('Tom', T0, 50)
    hotKeys.count('Jack', T0, 50)
    const nowMs = T0 + pauseMs

    expect(hotKeys.top(nowMs)).toEqual([])
    hotKeys.count('Anna', nowMs, 3)
    hotKeys.count('Tom', nowMs, 2)

    const top = hotKeys.top(nowMs)
    expect(top.map(({ key }) => key)).toEqual(['Anna', 'Tom'])
    expect(top[0]?.gets).toBeCloseTo(3, 9)
    expect(top[1]?.gets).toBeCloseTo(2, 9)
    expect(hotKeys.top(nowMs + HALF_LIFE_MS)[0]?.gets).toBeCloseTo(1.5, 9)
  })
})

describe('a clock that is set back', () => {
  test.each([
    ['a millisecond', 1],
    ['an hour', HOUR_MS],
    ['ten years', 10 * YEAR_MS],
  ])('by %s changes no count, and what comes then counts as much', (_, backMs) => {
    const hotKeys = new HotKeys(2)
    hotKeys.count('Tom', T0, 8)
    const nowMs = T0 - backMs

    expect(hotKeys.top(nowMs)).toEqual([{ key: 'Tom', gets: 8, overcount: 0 }])
    hotKeys.count('Tom', nowMs)
    hotKeys.count('Jack', nowMs, 7)

    expect(hotKeys.top(nowMs)).toEqual([
      { key: 'Tom', gets: 9, overcount: 0 },
      { key: 'Jack', gets: 7, overcount: 0 },
    ])
    expect(hotKeys.top(nowMs + HALF_LIFE_MS)[0]?.gets).toBeCloseTo(4.5, 9)
  })

  test('again and again leaves numbers, each a true count', () => {
    const anyMove = fc.record({
      key: anyKey,
      moveMs: fc.oneof(
        fc.integer({ min: -2 * HALF_LIFE_MS, max: 2 * HALF_LIFE_MS }),
        fc.constantFrom(-YEAR_MS, -HOUR_MS, HOUR_MS, YEAR_MS),
      ),
    })
    const moves = fc.array(anyMove, { minLength: 1, maxLength: 60, size: 'max' })
    const property = fc.property(anyCapacity, moves, (capacity, run) => {
      const hotKeys = new HotKeys(capacity)
      let nowMs = T0
      for (const { key, moveMs } of run) {
        nowMs += moveMs
        hotKeys.count(key, nowMs)

        const top = hotKeys.top(nowMs)
        expect(top.map((hot) => hot.key)).toContain(key)
        // Time may stand still while the clock catches up, but no get ever counts for more than one.
        expect(sumOf(top)).toBeLessThanOrEqual(run.length * (1 + ROUNDING))
        for (const { gets, overcount } of top) {
          expect(gets).toBeGreaterThanOrEqual(LEAST_GETS)
          expect(overcount).toBeGreaterThanOrEqual(0)
          expect(overcount).toBeLessThanOrEqual(gets)
        }
      }
    })

    fc.assert(property, { seed: 15, numRuns: 500 })
  })
})

describe('take', () => {
  test('gives the keys that are meant, hottest first, and counts them from zero again', () => {
    const hotKeys = new HotKeys(10)
    for (const [i, key] of ['a', 'b', 'c', 'd'].entries()) hotKeys.count(key, T0, i + 1)

    expect(hotKeys.take(T0, (key) => key === 'b' || key === 'd')).toEqual([
      { key: 'd', gets: 4, overcount: 0 },
      { key: 'b', gets: 2, overcount: 0 },
    ])
    hotKeys.count('d', T0)

    expect(hotKeys.top(T0)).toEqual([
      { key: 'c', gets: 3, overcount: 0 },
      { key: 'a', gets: 1, overcount: 0 },
      { key: 'd', gets: 1, overcount: 0 },
    ])
  })

  test('gives the twenty hottest of many, and the others next time', () => {
    const hotKeys = new HotKeys(30)
    for (let i = 0; i < 30; i++) hotKeys.count(`key-${i}`, T0, i + 1)

    const first = hotKeys.take(T0, () => true)
    const second = hotKeys.take(T0, () => true)

    expect(first.map(({ gets }) => gets)).toEqual(Array.from({ length: 20 }, (_, i) => 30 - i))
    expect(second.map(({ gets }) => gets)).toEqual(Array.from({ length: 10 }, (_, i) => 10 - i))
    expect(hotKeys.top(T0)).toEqual([])
  })

  test('gives counts as they have faded, and the others fade on', () => {
    const hotKeys = new HotKeys(10)
    hotKeys.count('taken', T0, 8)
    hotKeys.count('left', T0, 8)

    expect(hotKeys.take(T0 + HALF_LIFE_MS, (key) => key === 'taken')).toEqual([
      { key: 'taken', gets: 4, overcount: 0 },
    ])
    expect(hotKeys.top(T0 + 2 * HALF_LIFE_MS)).toEqual([{ key: 'left', gets: 2, overcount: 0 }])
  })
})

describe('two reports of hot keys', () => {
  test('add up by key, overcounts too, with the hottest first', () => {
    const a = [
      { key: 'Tom', gets: 5, overcount: 1 },
      { key: '__proto__', gets: 4, overcount: 0.25 },
    ]
    const b = [
      { key: '', gets: 7, overcount: 3 },
      { key: '__proto__', gets: 6, overcount: 0.5 },
    ]

    const merged = mergeHotKeys(a, b)

    expect(merged).toEqual([
      { key: '__proto__', gets: 10, overcount: 0.75 },
      { key: '', gets: 7, overcount: 3 },
      { key: 'Tom', gets: 5, overcount: 1 },
    ])
    expect(a[1]).toEqual({ key: '__proto__', gets: 4, overcount: 0.25 })
  })

  test('name twenty keys, those with the most gets in both together', () => {
    const a = Array.from({ length: 20 }, (_, i) => ({ key: `a-${i}`, gets: 30 - i, overcount: 0 }))
    const b = Array.from({ length: 20 }, (_, i) => ({ key: `b-${i}`, gets: 3 + i, overcount: 0 }))
    const [least] = b

    const merged = mergeHotKeys(a, [...b, { key: 'a-19', gets: 100, overcount: 0 }])

    expect(merged).toHaveLength(20)
    expect(merged[0]).toEqual({ key: 'a-19', gets: 111, overcount: 0 })
    expect(merged).not.toContainEqual(least)
    expect(merged.map(({ gets }) => gets)).toEqual(
      merged.map(({ gets }) => gets).toSorted((x, y) => y - x),
    )
  })

  test('with one of them empty are the other', () => {
    const hotKeys = [{ key: 'Tom', gets: 5, overcount: 1 }]

    expect(mergeHotKeys(hotKeys, [])).toEqual(hotKeys)
    expect(mergeHotKeys([], hotKeys)).toEqual(hotKeys)
  })
})

function sumOf(hotKeys: readonly HotKey[]): number {
  return hotKeys.reduce((sum, { gets }) => sum + gets, 0)
}

function tableOf(hotKeys: readonly HotKey[]): Map<string, HotKey> {
  return new Map(hotKeys.map((hot) => [hot.key, hot]))
}

function partition(
  table: ReadonlyMap<string, HotKey>,
  isMeant: (key: string) => boolean,
): [Map<string, HotKey>, Map<string, HotKey>] {
  const entries = [...table]
  return [
    new Map(entries.filter(([key]) => isMeant(key))),
    new Map(entries.filter(([key]) => !isMeant(key))),
  ]
}
