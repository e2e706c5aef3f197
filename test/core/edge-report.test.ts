import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { add, type Counters, countersOf, noCounters } from '../../src/core/stats/counters.ts'
import { type EdgeReport, EdgeReporter } from '../../src/core/stats/edge-reporter.ts'
import { GroupStats } from '../../src/core/stats/group-stats.ts'
import { type HotKey, HotKeys } from '../../src/core/stats/hot-keys.ts'

const T0 = 1_700_000_000_000
const YEAR_MS = 365 * 24 * 3_600_000
const NODES = ['node-0', 'node-1', 'node-2']
const all = () => true

/** A group at the edge, where a test may count as it likes. Its hot keys do not fade. */
class CountedGroup {
  readonly name: string
  readonly stats = new GroupStats()
  bytes = 0
  items = 0
  private readonly hotKeys = new HotKeys(20)

  constructor(name: string) {
    this.name = name
  }

  countHot(key: string, gets: number): void {
    this.hotKeys.count(key, T0, gets)
  }

  takeHotKeys(isMeant: (key: string) => boolean): HotKey[] {
    return this.hotKeys.take(T0, isMeant)
  }

  receiveHotKeys(hotKeys: readonly HotKey[]): void {
    for (const { key, gets, overcount } of hotKeys) this.hotKeys.count(key, T0, gets, overcount)
  }
}

type FourGroups = [CountedGroup, CountedGroup, CountedGroup, CountedGroup]

function createReporter(...names: string[]) {
  const groups = names.map((name) => new CountedGroup(name))
  const randomName = vi.fn(() => 'isolate-7')
  const reporter = new EdgeReporter(groups, randomName)
  return { group: groups[0] as CountedGroup, groups, randomName, reporter }
}

function ownerOf(key: string): string {
  return NODES[key.length % NODES.length] as string
}

describe('a report', () => {
  test('has what has happened since the last one, what the isolate holds, and a number', () => {
    const { group, reporter } = createReporter('scores')
    Object.assign(group, { bytes: 2_000, items: 2 })
    Object.assign(group.stats, { gets: 5, hits: 3 })
    group.countHot('Tom', 3)

    const first = reporter.take(T0, all)
    group.stats.gets++
    group.stats.evictions.expired++
    group.stats.observeLoad(250)
    const second = reporter.take(T0, all)

    expect(first).toEqual({
      isolate: 'isolate-7',
      sequence: 1,
      groups: {
        scores: {
          counters: { ...noCounters(), gets: 5, hits: 3 },
          hot: { bytes: 2_000, items: 2 },
          hotKeys: [{ key: 'Tom', gets: 3, overcount: 0 }],
        },
      },
    })
    expect(second).toMatchObject({
      sequence: 2,
      groups: {
        scores: {
          counters: { gets: 1, hits: 0, loadSecondsSum: 0.25, evictions: { expired: 1 } },
          hotKeys: [],
        },
      },
    })
    expect(structuredClone(second)).toEqual(second)
  })

  test('leaves out groups of which there is nothing to tell', () => {
    const { groups, reporter } = createReporter('idle', 'counted', 'held', 'hot', '__proto__')
    const [, counted, held, hot] = groups as FourGroups
    counted.stats.evictions.purged = 1
    held.items = 1
    hot.countHot('Tom', 1)

    const report = reporter.take(T0, all)

    expect(Object.keys(report.groups)).toEqual(['counted', 'held', 'hot'])
    expect(Object.keys(reporter.take(T0, all).groups)).toEqual(['held'])
  })

  test('has hot keys of those only that its node owns; the others wait for their own node', () => {
    const { group, reporter } = createReporter('scores')
    for (const key of ['a', 'bb', 'ccc', 'dddd']) group.countHot(key, key.length)

    const keysFor = (node: string) => {
      const report = reporter.take(T0, (key) => ownerOf(key) === node)
      return report.groups.scores?.hotKeys.map(({ key }) => key) ?? []
    }

    expect(keysFor('node-1')).toEqual(['dddd', 'a'])
    expect(keysFor('node-1')).toEqual([])
    expect(keysFor('node-0')).toEqual(['ccc'])
    expect(keysFor('node-2')).toEqual(['bb'])
  })

  test('takes the name of the isolate from chance with the first one, and once', () => {
    const { randomName, reporter } = createReporter('scores')
    expect(randomName).not.toHaveBeenCalled()

    const reports = [reporter.takeIfDue(T0, all), reporter.take(T0, all), reporter.take(T0, all)]

    expect(reports.map((report) => report?.isolate)).toEqual(Array(3).fill('isolate-7'))
    expect(reports.map((report) => report?.sequence)).toEqual([1, 2, 3])
    expect(randomName).toHaveBeenCalledTimes(1)
  })
})

describe('a report is due', () => {
  test('at once, and then when a second has passed since the last one', () => {
    const { group, reporter } = createReporter('scores')

    expect(reporter.takeIfDue(T0, all)).toMatchObject({ sequence: 1, groups: {} })
    group.stats.gets++
    expect(reporter.takeIfDue(T0, all)).toBeUndefined()
    expect(reporter.takeIfDue(T0 + 999, all)).toBeUndefined()
    expect(reporter.takeIfDue(T0 + 1_000, all)).toMatchObject({
      sequence: 2,
      groups: { scores: { counters: { gets: 1 } } },
    })
    expect(reporter.takeIfDue(T0 + 1_999, all)).toBeUndefined()
  })

  test('later, where one was asked for: that is never refused', () => {
    const { reporter } = createReporter('scores')
    reporter.takeIfDue(T0, all)

    expect(reporter.take(T0 + 500, all)).toMatchObject({ sequence: 2 })
    expect(reporter.takeIfDue(T0 + 1_499, all)).toBeUndefined()
    expect(reporter.takeIfDue(T0 + 1_500, all)).toMatchObject({ sequence: 3 })
  })

  test.each([1_000, 3_600_000, YEAR_MS])('though the clock was set back by %i ms', (backMs) => {
    const { reporter } = createReporter('scores')
    reporter.takeIfDue(T0, all)

    expect(reporter.takeIfDue(T0 - backMs, all)).toMatchObject({ sequence: 2 })
    expect(reporter.takeIfDue(T0 - backMs + 999, all)).toBeUndefined()
    expect(reporter.takeIfDue(T0 - backMs + 1_000, all)).toMatchObject({ sequence: 3 })
  })
})

describe('a report that is given back', () => {
  test('is told again, together with what has happened since', () => {
    const { group, reporter } = createReporter('scores')
    group.stats.gets = 5
    group.countHot('Tom', 3)
    const lost = reporter.take(T0, all)
    group.stats.gets = 7
    group.countHot('Tom', 1)

    reporter.rollback(lost)

    expect(reporter.takeIfDue(T0 + 1_000, all)).toMatchObject({
      sequence: 2,
      groups: {
        scores: { counters: { gets: 7 }, hotKeys: [{ key: 'Tom', gets: 4, overcount: 0 }] },
      },
    })
    expect(reporter.take(T0, all).groups).toEqual({})
  })

  test('after a later one has been told is told by the one after that', () => {
    const { group, reporter } = createReporter('scores')
    group.stats.gets = 5
    const lost = reporter.take(T0, all)
    group.stats.gets = 7
    expect(reporter.take(T0, all)).toMatchObject({ groups: { scores: { counters: { gets: 2 } } } })

    reporter.rollback(lost)

    expect(reporter.take(T0, all)).toMatchObject({ groups: { scores: { counters: { gets: 5 } } } })
  })

  test('gives back no group that it does not name, whatever its name', () => {
    const names = ['__proto__', 'constructor', 'toString', 'scores']
    const { groups, reporter } = createReporter(...names)
    const scores = groups.at(-1) as CountedGroup
    scores.stats.gets = 5

    reporter.rollback(reporter.take(T0, all))

    const { groups: told } = reporter.take(T0, all)
    expect(Object.keys(told)).toEqual(['scores'])
    expect(told.scores?.counters.gets).toBe(5)
  })

  test('gives back a group of any name', () => {
    const { groups, reporter } = createReporter('__proto__', 'constructor')
    for (const { stats } of groups) stats.gets = 5

    reporter.rollback(reporter.take(T0, all))

    expect(Object.entries(reporter.take(T0, all).groups)).toMatchObject([
      ['__proto__', { counters: { gets: 5 } }],
      ['constructor', { counters: { gets: 5 } }],
    ])
  })
})

describe('whatever becomes of the calls that carry reports', () => {
  const anyGroup = fc.nat({ max: 1 })
  const anyStep = fc.oneof(
    fc.record({
      kind: fc.constant('count' as const),
      group: anyGroup,
      gets: fc.integer({ min: 1, max: 9 }),
      // Whole eighths of a second: floating point has them exactly.
      loadMs: fc.nat({ max: 80 }).map((eighths) => eighths * 125),
    }),
    fc.record({
      kind: fc.constant('hit' as const),
      group: anyGroup,
      key: fc.constantFrom('', 'a', 'bb', 'ccc', 'dddd', '__proto__'),
    }),
    fc.record({
      kind: fc.constantFrom('take' as const, 'takeIfDue' as const),
      node: fc.constantFrom(...NODES),
      afterMs: fc.integer({ min: -1_500, max: 1_500 }),
    }),
    fc.record({
      kind: fc.constantFrom('arrives' as const, 'fails' as const),
      call: fc.nat(),
    }),
  )

  test('nothing is told twice, nothing is lost, and hot keys are told to their owners only', () => {
    const steps = fc.array(anyStep, { minLength: 1, maxLength: 80, size: 'max' })
    const property = fc.property(steps, (run) => {
      const { groups, reporter } = createReporter('scores', 'pages')
      const told = new Told()
      const underWay: { report: EdgeReport; node: string }[] = []
      const hits = new Map<string, number>()
      let nowMs = T0
      for (const step of run) {
        switch (step.kind) {
          case 'count': {
            const { stats } = groups[step.group] as CountedGroup
            stats.gets += step.gets
            stats.evictions.capacity++
            stats.observeLoad(step.loadMs)
            break
          }
          case 'hit': {
            const group = groups[step.group] as CountedGroup
            group.countHot(step.key, 1)
            const name = `${group.name} ${step.key}`
            hits.set(name, (hits.get(name) ?? 0) + 1)
            break
          }
          case 'take':
          case 'takeIfDue': {
            nowMs += step.afterMs
            const { node } = step
            const report = reporter[step.kind](nowMs, (key) => ownerOf(key) === node)
            if (report !== undefined) underWay.push({ report, node })
            break
          }
          default: {
            const [call] = underWay.splice(step.call % Math.max(underWay.length, 1), 1)
            if (call === undefined) break
            if (step.kind === 'arrives') told.hear(call.report, call.node)
            else reporter.rollback(call.report)
          }
        }
      }
      for (const { report, node } of underWay) told.hear(report, node)
      for (const node of NODES) {
        told.hear(
          reporter.take(nowMs, (key) => ownerOf(key) === node),
          node,
        )
      }

      for (const { name, stats } of groups) {
        expect(told.counters.get(name) ?? noCounters()).toEqual(countersOf(stats))
      }
      expect(told.hits).toEqual(hits)
      expect(told.strangers).toEqual([])
    })

    fc.assert(property, { seed: 31, numRuns: 500 })
  })
})

/** What all nodes together have been told. */
class Told {
  readonly counters = new Map<string, Counters>()
  readonly hits = new Map<string, number>()
  /** Hot keys that were told to another than their owner. */
  readonly strangers: string[] = []

  hear(report: EdgeReport, node: string): void {
    for (const [name, { counters, hotKeys }] of Object.entries(report.groups)) {
      this.counters.set(name, add(this.counters.get(name) ?? noCounters(), counters))
      for (const { key, gets } of hotKeys) {
        if (ownerOf(key) !== node) this.strangers.push(key)
        const hot = `${name} ${key}`
        this.hits.set(hot, (this.hits.get(hot) ?? 0) + gets)
      }
    }
  }
}
