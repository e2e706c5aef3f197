import { describe, expect, test } from 'vitest'
import { OriginError } from '../../src/core/errors.ts'
import type { Group } from '../../src/core/group/group.ts'
import { FAILURES_TO_OPEN } from '../../src/core/load/circuit.ts'
import { noCounters } from '../../src/core/stats/counters.ts'
import { EdgeReportLog } from '../../src/core/stats/edge-report-log.ts'
import type { EdgeReport } from '../../src/core/stats/edge-reporter.ts'
import {
  eachIsolateOnce,
  edgeSumOf,
  type GroupReport,
  type NodeStats,
  nodeStats,
  sumOf,
} from '../../src/core/stats/node-report.ts'
import { countingLoader } from '../support/counting-loader.ts'
import { createTestGroup } from '../support/group-factory.ts'

async function groupWith(keys: readonly string[]) {
  const { group, clock } = createTestGroup({ loader: countingLoader().load, maxBytes: 2_200 })
  for (const key of keys) {
    const get = group.get(key)
    clock.advance(10)
    await get
  }
  return group
}

function report(
  node: string,
  groups: readonly Group[],
  heard: readonly EdgeReport[] = [],
): NodeStats {
  const edges = new EdgeReportLog(groups)
  for (const edgeReport of heard) edges.receive(edgeReport, 0)
  return nodeStats({ node, sinceMs: 0 }, groups, edges, 0)
}

/** An isolate that has got a key as often, and holds as many items, as said. */
function edgeReport(
  isolate: string,
  sequence: number,
  { gets = 0, items = 0 }: { gets?: number; items?: number },
): EdgeReport {
  const news = {
    counters: { ...noCounters(), gets },
    hot: { bytes: items * 1_000, items },
    hotKeys: gets === 0 ? [] : [{ key: 'a', gets, overcount: 1 }],
  }
  return { isolate, sequence, groups: { scores: news } }
}

describe('the report of a node', () => {
  test('has each group with its counters and what it holds', async () => {
    const stats = report('node-3', [await groupWith(['a', 'a', 'b'])])

    expect(stats.node).toBe('node-3')
    expect(stats.groups.scores).toMatchObject({
      gets: 3,
      hits: 1,
      loads: 2,
      items: 2,
      openCircuits: 0,
    })
    expect(structuredClone(stats)).toEqual(stats)
  })

  test('has what edge isolates have counted apart, and when the node began to count', async () => {
    const group = await groupWith(['a', 'a', 'b'])
    const edges = new EdgeReportLog([group])
    edges.receive(edgeReport('isolate-0', 3, { gets: 5, items: 2 }), 1_000)

    const stats = nodeStats({ node: 'node-3', sinceMs: 500 }, [group], edges, 60_999)

    expect(stats).toMatchObject({
      sinceMs: 500,
      groups: { scores: { gets: 3, items: 2, edge: { gets: 5, hits: 0 } } },
      isolates: [
        { isolate: 'isolate-0', sequence: 3, hot: { scores: { bytes: 2_000, items: 2 } } },
      ],
    })
    expect(nodeStats({ node: 'node-3', sinceMs: 500 }, [group], edges, 61_000).isolates).toEqual([])
  })

  test('is not changed by what is counted later', async () => {
    const group = await groupWith(['a', 'b'])
    const edges = new EdgeReportLog([group])
    edges.receive(edgeReport('isolate-0', 1, { gets: 5 }), 0)
    const stats = nodeStats({ node: 'node-3', sinceMs: 0 }, [group], edges, 0)
    const before = structuredClone(stats)

    await group.purge({ all: true })
    await group.get('c')
    edges.receive(edgeReport('isolate-0', 2, { gets: 1, items: 1 }), 0)

    expect(stats).toEqual(before)
  })

  test('names the hottest keys, of the node and of the edge together', async () => {
    const group = await groupWith(['a', 'b', 'b', 'b'])

    const { scores } = report('node-3', [group], [edgeReport('isolate-0', 1, { gets: 5 })]).groups

    const keys = scores?.hotKeys.map(({ key, gets, overcount }) => [
      key,
      Math.round(gets),
      overcount,
    ])
    expect(keys).toEqual([
      ['a', 6, 1],
      ['b', 3, 0],
    ])
  })

  test('shows that an origin is left alone', async () => {
    const { group } = createTestGroup({
      loader: countingLoader(() => {
        throw new OriginError('unreachable', { isUnreachable: true })
      }).load,
    })
    for (let i = 0; i < FAILURES_TO_OPEN; i++) await group.get('Tom')

    expect(report('node-3', [group]).groups.scores).toMatchObject({
      loadErrors: FAILURES_TO_OPEN,
      openCircuits: 1,
    })
  })
})

describe('the sum of reports', () => {
  test('adds up counters, lists and tables, by group', async () => {
    const nodes = [
      report('node-0', [await groupWith(['a', 'b', 'c'])]),
      report('node-1', [await groupWith(['a', 'b', 'c', 'd'])]),
    ]

    const { scores } = sumOf(nodes)

    expect(scores).toMatchObject({
      gets: 7,
      loads: 7,
      items: 4,
      evictions: { capacity: 3, expired: 0, purged: 0, replaced: 0 },
    })
    expect(scores?.loadSeconds.reduce((a, b) => a + b)).toBe(7)
  })

  test('adds up what edge isolates have counted, whichever node they told', async () => {
    const nodes = [
      report('node-0', [await groupWith(['a'])], [edgeReport('isolate-0', 1, { gets: 5 })]),
      report('node-1', [await groupWith([])], [edgeReport('isolate-0', 2, { gets: 2 })]),
      report('node-2', [await groupWith([])], [edgeReport('isolate-1', 1, { gets: 1 })]),
    ]

    expect(sumOf(nodes).scores).toMatchObject({ gets: 1, edge: { gets: 8, hits: 0 } })
  })

  test('merges hot keys, hottest first, with their overcounts', async () => {
    const nodes = [
      report('node-0', [await groupWith(['b', 'c', 'c'])]),
      report('node-1', [await groupWith(['b', 'b'])], [edgeReport('isolate-0', 1, { gets: 9 })]),
    ]

    const { scores } = sumOf(nodes)

    const keys = scores?.hotKeys.map(({ key, gets, overcount }) => [
      key,
      Math.round(gets),
      overcount,
    ])
    expect(keys).toEqual([
      ['a', 9, 1],
      ['b', 3, 0],
      ['c', 2, 0],
    ])
  })

  test('adds up what nodes may hold, and how many leave an origin alone', async () => {
    const nodes = ['node-0', 'node-1', 'node-2'].map((node) => {
      const { group } = createTestGroup({ loader: countingLoader().load, maxBytes: 2_200 })
      return report(node, [group])
    })
    const { group } = createTestGroup({
      loader: countingLoader(() => {
        throw new OriginError('unreachable', { isUnreachable: true })
      }).load,
      maxBytes: 1_000,
    })
    for (let i = 0; i < FAILURES_TO_OPEN; i++) await group.get('Tom')

    expect(sumOf([...nodes, report('node-3', [group])]).scores).toMatchObject({
      maxBytes: 3 * 2_200 + 1_000,
      openCircuits: 1,
    })
  })

  test('leaves the reports as they were, and takes any group name for a name', async () => {
    const { scores } = report('node-0', [await groupWith(['a'])]).groups
    const groups = Object.fromEntries([['__proto__', scores as GroupReport]])
    const node = { node: 'n', sinceMs: 0, groups, isolates: [] }

    const sum = sumOf([node, node])

    expect(Object.entries(sum)).toMatchObject([['__proto__', { gets: 2 }]])
    expect(scores?.gets).toBe(1)
  })

  test('takes what a node of an older version does not count for zero', async () => {
    const newer = report('node-0', [await groupWith(['a'])])
    const older = structuredClone(newer) as unknown as {
      groups: { scores: Record<string, unknown> }
      isolates: unknown
    }
    older.groups.scores.evictions = undefined
    older.groups.scores.gets = undefined
    older.groups.scores.hotKeys = undefined
    older.isolates = undefined

    for (const nodes of [
      [newer, older as never],
      [older as never, newer],
    ]) {
      expect(sumOf(nodes).scores).toMatchObject({ gets: 1, loads: 2, evictions: { capacity: 0 } })
      expect(edgeSumOf(nodes)).toEqual({ isolates: 0, hot: {} })
    }
  })

  test('of no nodes is empty', () => {
    expect(sumOf([])).toEqual({})
  })
})

describe('the sum of edge isolates', () => {
  const held = (items: number) => ({ scores: { bytes: items * 1_000, items } })

  test('counts an isolate that several nodes know once, as it was when it last reported', async () => {
    const heard = [
      [edgeReport('isolate-0', 2, { items: 5 })],
      [edgeReport('isolate-0', 3, { items: 1 }), edgeReport('isolate-1', 1, { items: 7 })],
      [edgeReport('isolate-0', 1, { items: 9 })],
    ]
    const group = await groupWith([])
    const nodes = heard.map((reports, i) => report(`node-${i}`, [group], reports))

    expect(edgeSumOf(nodes)).toEqual({ isolates: 2, hot: held(8) })
    expect(edgeSumOf(nodes.toReversed())).toEqual({ isolates: 2, hot: held(8) })
  })

  test('names each isolate at the node alone that has its newest report', async () => {
    const group = await groupWith([])
    const nodes = [
      report('node-0', [group], [edgeReport('isolate-0', 2, { items: 5 })]),
      report('node-1', [group], [edgeReport('isolate-0', 3, { items: 1 })]),
    ]

    const [older, newer] = eachIsolateOnce(nodes)

    expect(older).toEqual({ ...nodes[0], isolates: [] })
    expect(newer).toEqual(nodes[1])
    expect(nodes[0]?.isolates).toHaveLength(1)
  })

  test('counts isolates that hold nothing', async () => {
    const group = await groupWith([])
    const idle = { isolate: 'isolate-0', sequence: 1, groups: {} }

    expect(edgeSumOf([report('node-0', [group], [idle])])).toEqual({ isolates: 1, hot: {} })
  })

  test('of no nodes is nothing', () => {
    expect(edgeSumOf([])).toEqual({ isolates: 0, hot: {} })
  })

  test('takes any group name for a name', () => {
    const hot = Object.fromEntries([['__proto__', { bytes: 1_000, items: 1 }]])
    const isolates = ['isolate-0', 'isolate-1'].map((isolate) => ({ isolate, sequence: 1, hot }))

    const sum = edgeSumOf([{ node: 'node-0', sinceMs: 0, groups: {}, isolates }])

    expect(Object.entries(sum.hot)).toEqual([['__proto__', { bytes: 2_000, items: 2 }]])
  })
})
