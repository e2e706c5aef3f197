import { beforeEach, expect, test } from 'vitest'
import type { StatsReport } from '../../src/core/group/api.ts'
import { CountersCheck } from './counters.ts'

let told: string[]
let check: CountersCheck

beforeEach(() => {
  told = []
  check = new CountersCheck((request, what) => told.push(`${request}: ${what}`))
})

const counters = { gets: 10, hits: 4, loads: 6, bytes: 50, maxBytes: 100, durableBytes: 0 }
const edge = { gets: 3, hits: 1, loads: 0 }

/** Of one node with one group; what the check does not look at is left out. */
function stats(changed: object = {}, { sum = {}, sinceMs = 1_000 } = {}): StatsReport {
  const group = { ...counters, edge, hotKeys: [], ...changed }
  const nodes = [{ node: 'node-0', sinceMs, groups: { g: group } }]
  return { nodes, sum: { g: { ...group, ...sum } } } as unknown as StatsReport
}

function metrics({ gets = 10, count = 6 } = {}): string {
  const labels = 'group="g",node="node-0"'
  return [
    '# HELP groupcache_gets_total Gets.',
    '# TYPE groupcache_gets_total counter',
    `groupcache_gets_total{${labels},tier="node"} ${gets}`,
    `groupcache_gets_total{${labels},tier="edge"} 3`,
    `groupcache_loads_total{${labels}} 6`,
    `groupcache_load_seconds_bucket{${labels},le="+Inf"} 6`,
    `groupcache_load_seconds_count{${labels}} ${count}`,
    'groupcache_node_start_time_seconds{node="node-0"} 1',
  ].join('\n')
}

test('counters that rise, in a sum that adds up, pass', () => {
  check.stats(stats())
  check.stats(stats({ gets: 12, hits: 5 }))
  check.metrics(metrics({ gets: 12 }), stats())
  expect(told).toEqual([])
})

test('a counter that falls is told, and not one of a node that began another life', () => {
  check.stats(stats())
  check.stats(stats({ gets: 9 }, { sinceMs: 2_000 }))
  expect(told).toEqual([])
  check.stats(stats({ gets: 8 }, { sinceMs: 2_000 }))
  expect(told).toEqual(['node-0 since 2000 g.gets: fell from 9 to 8'])
})

test('bytes may fall', () => {
  check.stats(stats())
  check.stats(stats({ bytes: 10 }))
  expect(told).toEqual([])
})

test.each([
  [{ bytes: 101 }, 'node-0 g: 101 bytes, allowed 100'],
  [{ durableBytes: 801 }, 'node-0 g: 801 bytes on disk'],
  [{ hits: 11 }, 'node-0 g: 11 hits of 10 gets'],
])('what is beyond its bound is told: %o', (changed, expected) => {
  check.stats(stats(changed))
  expect(told).toEqual([expected])
})

test('a sum that is not the sum of the nodes is told, in its parts too', () => {
  check.stats(stats({}, { sum: { gets: 11, edge: { ...edge, hits: 2 } } }))
  expect(told).toEqual([
    'sum g.gets: 11, but the nodes have 10',
    'sum g.edge.hits: 2, but the nodes have 1',
  ])
})

test('metrics that have counted less than stats had before are told', () => {
  check.metrics(metrics({ gets: 9 }), stats())
  expect(told).toEqual([expect.stringContaining('tier="node"}: 9, though stats had 10 before')])
})

test('a line that is no sample is told, and a histogram whose count is not its last bucket', () => {
  check.metrics(`${metrics({ count: 5 })}\nnot a sample`, stats())
  expect(told).toEqual([
    '/metrics: not a sample: not a sample',
    expect.stringContaining('not its last bucket'),
  ])
})

test('hit ratios are of all lives: of what edges got, and of what nodes did', () => {
  check.stats(stats({ gets: 10, hits: 4 }))
  check.stats(stats({ gets: 20, hits: 7 }, { sinceMs: 2_000 }))
  expect(check.hitRatios()).toEqual({ edge: 2 / 6, node: 11 / 30 })
})
