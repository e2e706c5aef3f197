import { describe, expect, test } from 'vitest'
import { type Counters, noCounters } from '../../src/core/stats/counters.ts'
import { EdgeReportLog } from '../../src/core/stats/edge-report-log.ts'
import type { EdgeReport } from '../../src/core/stats/edge-reporter.ts'
import { HALF_LIFE_MS, type HotKey } from '../../src/core/stats/hot-keys.ts'
import { nodeStats } from '../../src/core/stats/node-report.ts'
import { countingLoader } from '../support/counting-loader.ts'
import { createTestGroup } from '../support/group-factory.ts'

const T0 = 1_700_000_000_000

interface News {
  readonly isolate?: string
  readonly sequence?: number
  readonly group?: string
  readonly counters?: Partial<Counters>
  readonly items?: number
  readonly hotKeys?: readonly HotKey[]
}

function reportOf(news: News = {}): EdgeReport {
  const { isolate = 'isolate-0', sequence = 1, group = 'scores', items = 0 } = news
  const groupNews = {
    counters: { ...noCounters(), ...news.counters },
    hot: { bytes: items * 1_000, items },
    hotKeys: news.hotKeys ?? [],
  }
  return { isolate, sequence, groups: Object.fromEntries([[group, groupNews]]) }
}

/** A node with the group "scores". */
function createNode() {
  const { group, clock } = createTestGroup({ loader: countingLoader().load })
  return { clock, edges: new EdgeReportLog([group]), group }
}

describe('what edge isolates have counted', () => {
  test.each<[string, unknown]>([
    ['nothing', null],
    ['no groups', { isolate: 'isolate-0', sequence: 1 }],
    ['a counter that is text', reportOf({ counters: { gets: '5' as never } })],
    ['a counter that is none', reportOf({ counters: { gets: Number.NaN } })],
    ['a list that is a number', reportOf({ counters: { loadSeconds: 5 as never } })],
    ['a hot key without a key', reportOf({ hotKeys: [{ gets: 1, overcount: 0 } as HotKey] })],
  ])('is not spoilt by a report with %s', (_, report) => {
    const { edges } = createNode()

    edges.receive(reportOf({ counters: { gets: 5 } }), T0)
    edges.receive(report as EdgeReport, T0)

    expect(edges.countersOf('scores')).toEqual({ ...noCounters(), gets: 5 })
    expect(edges.isolates(T0)).toHaveLength(1)
  })

  test('is zero before the first report', () => {
    expect(createNode().edges.countersOf('scores')).toEqual(noCounters())
  })

  test('adds up, report by report, whichever isolate it is from', () => {
    const { edges } = createNode()

    const evictions = { ...noCounters().evictions, purged: 1 }
    edges.receive(reportOf({ counters: { gets: 5, hits: 3, evictions } }), T0)
    edges.receive(reportOf({ counters: { gets: 2 }, sequence: 2 }), T0)
    edges.receive(reportOf({ counters: { gets: 1, evictions }, isolate: 'isolate-1' }), T0)

    expect(edges.countersOf('scores')).toEqual({
      ...noCounters(),
      gets: 8,
      hits: 3,
      evictions: { ...evictions, purged: 2 },
    })
  })

  test('stays when the isolate is gone', () => {
    const { edges } = createNode()

    edges.receive(reportOf({ counters: { gets: 5 } }), T0)

    expect(edges.isolates(T0 + 60_000)).toEqual([])
    expect(edges.countersOf('scores').gets).toBe(5)
  })

  test.each(['unknown', 'constructor', '__proto__'])(
    'of a group that the node does not have is ignored, and the rest counts: %s',
    (name) => {
      const { edges } = createNode()
      const known = reportOf({ counters: { gets: 5 }, items: 2 })
      const unknown = reportOf({
        group: name,
        counters: { gets: 7 },
        items: 3,
        hotKeys: [{ key: 'Tom', gets: 1, overcount: 0 }],
      })
      const groups = [unknown, known].flatMap((report) => Object.entries(report.groups))

      edges.receive({ ...known, groups: Object.fromEntries(groups) }, T0)

      expect(edges.countersOf(name)).toEqual(noCounters())
      expect(edges.countersOf('scores').gets).toBe(5)
      expect(edges.isolates(T0)).toEqual([
        { isolate: 'isolate-0', sequence: 1, hot: { scores: { bytes: 2_000, items: 2 } } },
      ])
    },
  )

  test('goes by any name of a group', () => {
    const heard: HotKey[][] = []
    const names = ['__proto__', 'constructor']
    const groups = names.map((name) => ({
      name,
      receiveHotKeys: (hotKeys: readonly HotKey[]) => heard.push([...hotKeys]),
    }))
    const edges = new EdgeReportLog(groups)
    const hotKeys = [{ key: 'Tom', gets: 1, overcount: 0 }]

    edges.receive(reportOf({ group: '__proto__', counters: { gets: 5 }, items: 1, hotKeys }), T0)

    expect(names.map((name) => edges.countersOf(name).gets)).toEqual([5, 0])
    expect(heard).toEqual([hotKeys])
    const hot = edges.isolates(T0)[0]?.hot ?? {}
    expect(Object.entries(hot)).toEqual([['__proto__', { bytes: 1_000, items: 1 }]])
  })
})

describe('the isolates that a node has heard', () => {
  test('are there with what they held when they last reported', () => {
    const { edges } = createNode()

    edges.receive(reportOf({ items: 2 }), T0)
    edges.receive(reportOf({ isolate: 'isolate-1', items: 5 }), T0)
    edges.receive(reportOf({ items: 3, sequence: 2 }), T0 + 1)

    const held = (items: number) => ({ scores: { bytes: items * 1_000, items } })
    expect(edges.isolates(T0 + 1)).toEqual([
      { isolate: 'isolate-1', sequence: 1, hot: held(5) },
      { isolate: 'isolate-0', sequence: 2, hot: held(3) },
    ])
  })

  test('are there as they were later, though the earlier report may be the later one to arrive', () => {
    const { edges } = createNode()

    edges.receive(reportOf({ items: 3, sequence: 2, counters: { gets: 1 } }), T0)
    edges.receive(reportOf({ items: 9, sequence: 1, counters: { gets: 2 } }), T0 + 1)

    expect(edges.isolates(T0 + 1)).toMatchObject([{ sequence: 2, hot: { scores: { items: 3 } } }])
    expect(edges.countersOf('scores').gets).toBe(3)
  })

  test('that have nothing to tell are there too', () => {
    const { edges } = createNode()

    edges.receive({ isolate: 'isolate-0', sequence: 1, groups: {} }, T0)

    expect(edges.isolates(T0)).toEqual([{ isolate: 'isolate-0', sequence: 1, hot: {} }])
  })

  test('are gone when they have been silent for a minute', () => {
    const { edges } = createNode()
    edges.receive(reportOf(), T0)
    edges.receive(reportOf({ isolate: 'isolate-1' }), T0 + 30_000)

    const namesAt = (nowMs: number) => edges.isolates(nowMs).map(({ isolate }) => isolate)

    expect(namesAt(T0 + 59_999)).toEqual(['isolate-0', 'isolate-1'])
    expect(namesAt(T0 + 60_000)).toEqual(['isolate-1'])
    edges.receive(reportOf({ sequence: 2 }), T0 + 60_000)
    expect(namesAt(T0 + 60_000)).toEqual(['isolate-1', 'isolate-0'])
    expect(namesAt(T0 + 90_000)).toEqual(['isolate-0'])
  })

  test('are 256 at most: the one that was silent the longest is forgotten', () => {
    const { edges } = createNode()
    for (let i = 0; i < 256; i++) edges.receive(reportOf({ isolate: `isolate-${i}` }), T0 + i)
    // The first is the newest now.
    edges.receive(reportOf({ isolate: 'isolate-0', sequence: 2 }), T0 + 256)
    expect(edges.isolates(T0 + 256)).toHaveLength(256)

    edges.receive(reportOf({ isolate: 'isolate-256' }), T0 + 257)

    const names = edges.isolates(T0 + 257).map(({ isolate }) => isolate)
    expect(names).toHaveLength(256)
    expect(names).not.toContain('isolate-1')
    expect(names.slice(-2)).toEqual(['isolate-0', 'isolate-256'])
  })
})

describe('the hot keys that a node has heard', () => {
  test('are among those of the group, together with its own gets', async () => {
    const { clock, edges, group } = createNode()
    await group.get('Tom')
    await group.get('Jack')

    const hotKeys = [
      { key: 'Tom', gets: 5, overcount: 0.5 },
      { key: '__proto__', gets: 3, overcount: 0 },
    ]
    edges.receive(reportOf({ hotKeys }), clock.now())
    edges.receive(reportOf({ hotKeys, isolate: 'isolate-1' }), clock.now())

    const stats = nodeStats({ node: 'node-0', sinceMs: 0 }, [group], edges, clock.now())
    expect(stats.groups.scores?.hotKeys).toEqual([
      { key: 'Tom', gets: 11, overcount: 1 },
      { key: '__proto__', gets: 6, overcount: 0 },
      { key: 'Jack', gets: 1, overcount: 0 },
    ])
  })

  test('fade from when they were heard', () => {
    const { clock, edges, group } = createNode()
    edges.receive(reportOf({ hotKeys: [{ key: 'Tom', gets: 8, overcount: 2 }] }), clock.now())

    clock.advance(HALF_LIFE_MS)

    expect(group.hottestKeys()).toEqual([{ key: 'Tom', gets: 4, overcount: 1 }])
  })

  test('move no counter of the group: those are told in numbers', () => {
    const { edges, group } = createNode()

    edges.receive(reportOf({ hotKeys: [{ key: 'Tom', gets: 8, overcount: 0 }] }), T0)

    expect(group.stats).toMatchObject({ gets: 0, hits: 0 })
    expect(edges.countersOf('scores').gets).toBe(0)
  })
})
