import { describe, expect, test } from 'vitest'
import {
  countedIn,
  errorsOf,
  getsOf,
  hitRatioOf,
  lately,
  loadsOf,
  loadTimesOf,
  nodeRates,
  perSecond,
} from '../../dashboard/figures.ts'
import { countedOf, extended, type History, NO_HISTORY } from '../../dashboard/history.ts'
import { quantileSeconds } from '../../dashboard/latency.ts'
import { LOAD_SECONDS_BUCKETS } from '../../src/core/stats/group-stats.ts'
import { groupReport, nodeReport, type Said, statsReport } from './reports.ts'

function counted(said: Said) {
  return countedOf(groupReport(said))
}

describe('the hit ratio', () => {
  test.each<[string, Said, number | undefined]>([
    ['is not known without gets', {}, undefined],
    ['is 0 when each get needed a load', { edge: { gets: 4 }, gets: 4, loads: 4 }, 0],
    ['counts copies at the edge', { edge: { gets: 4, hits: 1 }, gets: 3 }, 0.25],
    ['counts what nodes answered, fresh or stale', { edge: { gets: 4 }, hits: 1, stale: 2 }, 0.75],
    ['counts stale copies at the edge', { edge: { gets: 4, stale: 3 } }, 0.75],
    ['is never above 1', { edge: { gets: 1, hits: 1 }, hits: 5 }, 1],
    ['is that of the nodes where no edge has reported', { gets: 4, hits: 1 }, 0.25],
  ])('%s', (_, said, ratio) => {
    expect(hitRatioOf(counted(said))).toBe(ratio)
  })
})

test("gets are clients' where the edge has reported, else nodes'", () => {
  expect(getsOf(counted({ edge: { gets: 9 }, gets: 4 }))).toBe(9)
  expect(getsOf(counted({ gets: 4 }))).toBe(4)
})

test('loads and errors are those of nodes and edge together', () => {
  const all = counted({
    loads: 5,
    loadErrors: 1,
    loadTimeouts: 2,
    edge: { loads: 3, loadErrors: 1, loadTimeouts: 1 },
  })

  expect(loadsOf(all)).toBe(8)
  expect(errorsOf(all)).toBe(5)
})

describe('the time of loads', () => {
  test('is not known without loads', () => {
    expect(loadTimesOf(counted({}))).toEqual({ meanSeconds: undefined, p95Seconds: undefined })
  })

  test('has the mean of the sum, and a percentile of the histogram, of nodes and edge together', () => {
    const times = loadTimesOf(
      counted({
        loadSeconds: [0, 0, 90],
        loadSecondsSum: 9,
        edge: { loadSeconds: [0, 0, 10], loadSecondsSum: 1 },
      }),
    )

    expect(times.meanSeconds).toBe(0.1)
    expect(times.p95Seconds).toBeCloseTo(0.025 + 0.95 * 0.075)
  })

  test.each([
    [[10], 0.5, 0.0025],
    [[10, 0, 10], 0.5, 0.005],
    [[10, 0, 10], 1, 0.1],
    [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3], 0.95, 30],
  ])('of %j, quantile %f, is %f', (counts, quantile, seconds) => {
    expect(quantileSeconds(counts, quantile)).toBeCloseTo(seconds)
  })

  test('is never outside of the bucket that it falls into', () => {
    for (const [index, upper] of LOAD_SECONDS_BUCKETS.entries()) {
      const counts = LOAD_SECONDS_BUCKETS.map((_, i) => (i === index ? 7 : 0))
      const lower = LOAD_SECONDS_BUCKETS[index - 1] ?? 0

      expect(quantileSeconds(counts, 0.01)).toBeGreaterThan(lower)
      expect(quantileSeconds(counts, 1)).toBe(upper)
    }
  })
})

describe('lately', () => {
  /** A get more with each report, one every two seconds for a minute. */
  const history = Array.from({ length: 31 }, (_, i) => i).reduce<History>((history, i) => {
    const nodes = [nodeReport('node-0', { gets: i })]
    return extended(history, statsReport(i + 1, nodes), 10_000 + 2_000 * i)
  }, NO_HISTORY)

  test('is the last half minute', () => {
    expect(history.samples).toHaveLength(30)
    const { counted, seconds } = lately(history, 'pages')

    expect(counted.gets).toBe(15)
    expect(seconds).toBe(30)
    expect(nodeRates(history)).toEqual(new Map([['node-0', 0.5]]))
  })

  test('is of one group, or of all', () => {
    expect(lately(history, undefined).counted.gets).toBe(15)
    expect(lately(history, 'other').counted.gets).toBe(0)
    expect(countedIn(history.samples[0] as History['samples'][number], 'other').gets).toBe(0)
  })

  test('has no rate before there are two reports', () => {
    const { counted, seconds } = lately(NO_HISTORY, undefined)

    expect(perSecond(getsOf(counted), seconds)).toBeUndefined()
    expect(nodeRates(NO_HISTORY)).toEqual(new Map())
  })
})
