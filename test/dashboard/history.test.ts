import { describe, expect, test } from 'vitest'
import { extended, type History, KEPT_MS, NO_HISTORY } from '../../dashboard/history.ts'
import { groupReport, nodeReport, statsReport } from './reports.ts'

/** What `pages` and its one node have counted between the last two reports. */
function last({ samples }: History) {
  const sample = samples.at(-1)
  const { gets, edge, loadSeconds } = sample?.groups.get('pages') ?? {}
  return { gets, edgeGets: edge?.gets, loadSeconds, nodeGets: sample?.nodeGets.get('node-0') }
}

/** One report every two seconds. */
function historyOf(...reports: readonly ReturnType<typeof nodeReport>[][]): History {
  return reports.reduce<History>(
    (history, nodes, i) => extended(history, statsReport(i + 1, nodes), 10_000 + 2_000 * i),
    NO_HISTORY,
  )
}

test('one report has no differences', () => {
  expect(historyOf([nodeReport('node-0', { gets: 5 })]).samples).toEqual([])
})

test('of two reports the difference is what has happened between them', () => {
  const loadSeconds = [1, 2]
  const history = historyOf(
    [nodeReport('node-0', { gets: 5, loadSeconds, edge: { gets: 10 } })],
    [nodeReport('node-0', { gets: 8, loadSeconds: [1, 5], edge: { gets: 30 } })],
  )

  expect(last(history)).toMatchObject({ gets: 3, edgeGets: 20, nodeGets: 3 })
  expect(last(history).loadSeconds?.slice(0, 3)).toEqual([0, 3, 0])
  expect(history.samples[0]).toMatchObject({ atMs: 12_000, seconds: 2 })
})

test('several nodes are added up', () => {
  const nodes = (gets: number) => ['node-0', 'node-1'].map((name) => nodeReport(name, { gets }))

  expect(last(historyOf(nodes(1), nodes(4)))).toMatchObject({ gets: 6, nodeGets: 3 })
})

test('what a node holds is not a difference', () => {
  const history = historyOf(
    [nodeReport('node-0', { bytes: 5 })],
    [nodeReport('node-0', { bytes: 5 })],
  )

  expect(history.samples[0]?.held.get('pages')).toEqual({ nodeBytes: 5, hotBytes: 0 })
})

describe('a node that counts from zero again', () => {
  test('has counted what it says, if it began anew', () => {
    const before = nodeReport('node-0', { gets: 5 }, 1)
    const after = nodeReport('node-0', { gets: 9 }, 2)

    expect(last(historyOf([before], [after]))).toMatchObject({ gets: 9, nodeGets: 9 })
  })

  test('has counted nothing, if it says less than before with the same memory: that report is older', () => {
    const before = nodeReport('node-0', { gets: 500, hits: 5 })
    const older = nodeReport('node-0', { gets: 450, hits: 1 })

    expect(last(historyOf([before], [older]))).toMatchObject({ gets: 0 })
    const next = nodeReport('node-0', { gets: 510, hits: 5 })
    expect(last(historyOf([before], [older], [next]))).toMatchObject({ gets: 10 })
  })
})

test('a node that is seen for the first time has counted nothing yet', () => {
  const history = historyOf([], [nodeReport('node-0', { gets: 1_000 })])

  expect(last(history)).toMatchObject({ gets: undefined, nodeGets: 0 })
})

test('a group that a node did not have has counted what it says', () => {
  const without = { ...nodeReport('node-0', {}), groups: {} }

  expect(last(historyOf([without], [nodeReport('node-0', { gets: 7 })]))).toMatchObject({ gets: 7 })
})

test('a node that could not be reached for a while goes on from its last report', () => {
  const first = extended(NO_HISTORY, statsReport(1, [nodeReport('node-0', { gets: 5 })]), 2_000)
  const failed = extended(first, statsReport(2, [], ['node-0']), 4_000)
  const back = extended(failed, statsReport(3, [nodeReport('node-0', { gets: 8 })]), 6_000)

  expect(last(back)).toMatchObject({ gets: 3, nodeGets: 3 })
})

test('a node that is none any more is forgotten', () => {
  const history = historyOf(
    [nodeReport('node-0', {}), nodeReport('node-1', {})],
    [nodeReport('node-1', {})],
  )

  expect([...history.lastSeen.keys()]).toEqual(['node-1'])
})

test('the same report again changes nothing', () => {
  const report = statsReport(1, [nodeReport('node-0', {})])
  const history = extended(NO_HISTORY, report, 2_000)

  expect(extended(history, report, 4_000)).toBe(history)
})

test('a report of a node of an older version lacks some counters, which are 0', () => {
  const { edge: _, ...older } = groupReport({ gets: 4 })
  const node = {
    ...nodeReport('node-0', {}),
    groups: { pages: older as ReturnType<typeof groupReport> },
  }

  expect(last(historyOf([nodeReport('node-0', { gets: 1 })], [node]))).toMatchObject({
    gets: 3,
    edgeGets: 0,
  })
})

test('what is older than ten minutes is forgotten', () => {
  const nodes = [nodeReport('node-0', {})]
  let history = extended(NO_HISTORY, statsReport(1, nodes), 0)
  for (let i = 1; i <= 400; i++) history = extended(history, statsReport(1 + i, nodes), 2_000 * i)

  expect(history.samples).toHaveLength(KEPT_MS / 2_000)
  expect(history.samples.at(-1)?.atMs).toBe(800_000)
})

test("after the browser's clock was set back, the history begins anew", () => {
  const nodes = [nodeReport('node-0', {})]
  const history = historyOf(nodes, nodes, nodes)

  expect(extended(history, statsReport(9, nodes), 1_000).samples).toEqual([])
})
