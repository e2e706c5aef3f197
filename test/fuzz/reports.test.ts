/** What a node hears from edge isolates: of any form, it spoils no count for good. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { add, countersOf, noCounters, subtract } from '../../src/core/stats/counters.ts'
import { EdgeReportLog } from '../../src/core/stats/edge-report-log.ts'
import { GroupStats } from '../../src/core/stats/group-stats.ts'
import { HotKeys } from '../../src/core/stats/hot-keys.ts'
import { type NodeStats, nodeStats, sumOf } from '../../src/core/stats/node-report.ts'
import { holds } from '../support/fuzz.ts'

const NOW_MS = 1_700_000_000_000

function createNode() {
  const hotKeys = new HotKeys(10)
  const group = {
    name: 'scores',
    stats: new GroupStats(),
    bytes: 0,
    items: 0,
    maxBytes: 0,
    durableBytes: 0,
    durableItems: 0,
    openCircuits: 0,
    hottestKeys: () => hotKeys.top(NOW_MS),
    receiveHotKeys: (heard: readonly { key: string; gets: number; overcount: number }[]) => {
      for (const { key, gets, overcount } of heard) hotKeys.count(key, NOW_MS, gets, overcount)
    },
  }
  const edges = new EdgeReportLog([group])
  const stats = (): NodeStats => nodeStats({ node: 'node-0', sinceMs: 0 }, [group], edges, NOW_MS)
  return { edges, stats }
}

const odd = fc.oneof(
  fc.anything({ withNullPrototype: true }),
  fc.constantFrom<unknown>(Number.NaN, Number.POSITIVE_INFINITY, -1, '5', null, [], {}),
)
function mostly<T>(meant: fc.Arbitrary<T>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 6, arbitrary: meant }, { weight: 1, arbitrary: odd })
}
const count = mostly(fc.nat({ max: 100 }))
const name = fc.constantFrom('gets', 'hits', 'evictions', 'loadSeconds', 'newer', '__proto__')
const counters = fc
  .tuple(
    fc.record({
      gets: count,
      evictions: mostly(fc.record({ purged: count }, { requiredKeys: [] })),
      loadSeconds: mostly(fc.array(count, { maxLength: 12 })),
    }),
    fc.dictionary(name, odd, { maxKeys: 1 }),
  )
  .map(([known, more]) => ({ ...known, ...more }))
const hotKey = fc.record({
  key: mostly(fc.constantFrom('a', '__proto__')),
  gets: count,
  overcount: count,
})
const news = fc.record(
  {
    counters: mostly(counters),
    hot: mostly(fc.record({ bytes: count, items: count })),
    hotKeys: mostly(fc.array(mostly(hotKey), { maxLength: 2 })),
  },
  { requiredKeys: ['counters', 'hot', 'hotKeys'] },
)
const anyReport = mostly(
  fc.record({
    isolate: mostly(fc.constantFrom('i1', 'i2', '__proto__')),
    sequence: mostly(fc.nat()),
    groups: mostly(
      fc.dictionary(fc.constantFrom('scores', 'others', '__proto__', 'constructor'), mostly(news)),
    ),
  }),
)

/** Every number that is to be shown or added up. */
function expectCounts(value: unknown, path: string): void {
  if (typeof value === 'number') expect(value, path).toSatisfy(Number.isFinite)
  else if (typeof value === 'string') expect(path).toMatch(/\.(node|key|isolate)$/)
  else expect(typeof value, path).toBe('object')
  if (typeof value !== 'object') return
  for (const [part, inner] of Object.entries(value as object))
    expectCounts(inner, `${path}.${part}`)
}

test('whatever is reported, what a node tells of itself stays numbers, and can be added up', async () => {
  const property = fc.property(fc.array(anyReport, { maxLength: 4 }), (reports) => {
    const node = createNode()
    for (const report of reports) node.edges.receive(report as never, NOW_MS)

    const stats = node.stats()
    expectCounts(stats, '')
    expectCounts(sumOf([stats, stats]), '')
    expect(Object.keys(stats.groups)).toEqual(['scores'])
    const { edge } = stats.groups.scores ?? {}
    // As many as there are, of the form that they have, whatever else was reported.
    expect(edge?.loadSeconds.length).toBeGreaterThanOrEqual(noCounters().loadSeconds.length)
    expect(Object.keys(edge ?? {})).toEqual(expect.arrayContaining(Object.keys(noCounters())))
    expect(structuredClone(stats)).toEqual(stats)
  })
  await holds(property, { seed: 151, numRuns: 500 })
})

test('what is of the right form is counted, whatever was reported before and after', async () => {
  const whole = fc.nat({ max: 100 }).map((gets) => ({ ...noCounters(), gets }))
  const property = fc.property(whole, anyReport, anyReport, (counted, before, after) => {
    const [plain, noisy] = [createNode(), createNode()]
    const hot = { bytes: 1, items: 1 }
    const groups = {
      scores: { counters: counted, hot, hotKeys: [{ key: 'a', gets: 2, overcount: 0 }] },
    }
    const report = { isolate: 'mine', sequence: 1, groups }
    for (const { edges } of [plain, noisy]) {
      if (edges === noisy.edges) edges.receive(before as never, NOW_MS)
      edges.receive(report, NOW_MS)
      if (edges === noisy.edges) edges.receive(after as never, NOW_MS)
    }

    const getsOf = ({ edges }: typeof plain) => edges.countersOf('scores').gets
    expect(getsOf(noisy)).toBeGreaterThanOrEqual(getsOf(plain))
    expect(noisy.edges.isolates(NOW_MS)).toContainEqual(plain.edges.isolates(NOW_MS)[0])
  })
  await holds(property, { seed: 152, numRuns: 300 })
})

test('tables of counts with any names add up and subtract as the numbers do', async () => {
  const names = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'toString', 'a'), fc.string())
  const table = fc
    .array(fc.tuple(names, fc.oneof(fc.nat(), fc.array(fc.nat(), { maxLength: 3 }))), {
      maxLength: 5,
    })
    .map((entries) => Object.fromEntries(entries.map(([key, n]) => [`${key} ${typeof n}`, n])))
  const property = fc.property(table, table, (a, b) => {
    const sum = add<Record<string, number | number[]>>(a, b)
    for (const [key, value] of Object.entries(subtract(sum, b))) {
      const expected = a[key] ?? (typeof value === 'number' ? 0 : [])
      // What one side has not got is zero there.
      if (typeof value === 'number') expect(value).toBe(expected)
      else expect(value.slice(0, (expected as number[]).length)).toEqual(expected)
    }
    expect(countersOf(noCounters())).toEqual(noCounters())
  })
  await holds(property, { seed: 153, numRuns: 500 })
})
