import { describe, expect, test } from 'vitest'
import { FAILURES_TO_OPEN } from '../../src/core/circuit.ts'
import { EdgeReports } from '../../src/core/edge-reports.ts'
import type { Group } from '../../src/core/group.ts'
import { type GroupReport, type NodeStats, nodeStats, sumOf } from '../../src/core/node-stats.ts'
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

function report(node: string, groups: readonly Group[]): NodeStats {
  return nodeStats({ node, sinceMs: 0 }, groups, new EdgeReports(groups), 0)
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

  test('shows that an origin is left alone', async () => {
    const { group } = createTestGroup({
      loader: countingLoader(() => {
        throw new Error('down')
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
    }
    older.groups.scores.evictions = undefined
    older.groups.scores.gets = undefined

    for (const nodes of [
      [newer, older as never],
      [older as never, newer],
    ]) {
      expect(sumOf(nodes).scores).toMatchObject({ gets: 1, loads: 2, evictions: { capacity: 0 } })
    }
  })

  test('of no nodes is empty', () => {
    expect(sumOf([])).toEqual({})
  })
})
