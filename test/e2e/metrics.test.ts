/** The counters as Prometheus reads them, from real traffic. */

import parse from 'parse-prometheus-text-format'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LOAD_SECONDS_BUCKETS } from '../../src/core/stats/group-stats.ts'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'

const TOKEN = 'correct-horse'
const AUTHORIZED = { Authorization: `Bearer ${TOKEN}` }

let origin: HttpOriginServer
let worker: WorkerServer

beforeAll(async () => {
  origin = await startHttpOrigin()
  origin.answer = ({ url }, response) => {
    response.statusCode = url === '/broken' ? 500 : url === '/gone' ? 404 : 200
    response.end(url === '/large' ? 'x'.repeat(2_048) : `origin says ${url}`)
  }
  const GROUPS = {
    pages: { origin: origin.url, hotTtl: '1h', maxValueBytes: '1KiB' },
    quiet: { origin: origin.url },
  }
  worker = await startWorker({ vars: { GROUPS, ADMIN_TOKEN: TOKEN, NODES: 4 } })
})

afterAll(async () => {
  await worker?.close()
  await origin?.close()
})

async function metricsText(): Promise<string> {
  const response = await worker.get('/metrics', { headers: AUTHORIZED })
  expect(response.status).toBe(200)
  return response.text()
}

async function families() {
  return new Map(parse(await metricsText()).map((family) => [family.name, family]))
}

/** The parser takes one histogram per name, so it is given one alone; and it drops count and sum. */
async function loadSecondsOf(group: string, node: string) {
  const labels = `{group="${group}",node="${node}"`
  const lines = (await metricsText()).split('\n')
  const own = lines.filter((line) => /^# TYPE.*load_seconds/.test(line) || line.includes(labels))
  const histogram = parse(`${own.join('\n')}\n`).find(({ type }) => type === 'HISTOGRAM')
  const numberOf = (suffix: string) => {
    const line = own.find((line) => line.startsWith(`groupcache_load_seconds_${suffix}${labels}}`))
    return Number(line?.split(' ')[1])
  }
  const buckets = histogram?.metrics[0]?.buckets ?? {}
  return { buckets, count: numberOf('count'), sum: numberOf('sum') }
}

/** All nodes' values of one metric added up, for one group, and for those labels alone. */
async function sums(names: readonly string[], labels: Record<string, string> = {}) {
  const all = await families()
  const wanted = Object.entries({ group: 'pages', ...labels })
  return names.map((name) => {
    const samples = all.get(`groupcache_${name}`)?.metrics ?? []
    return samples
      .filter((sample) => wanted.every(([label, value]) => sample.labels?.[label] === value))
      .reduce((sum, sample) => sum + Number(sample.value), 0)
  })
}

async function statusesOf(...paths: string[]): Promise<number[]> {
  const statuses: number[] = []
  for (const path of paths) {
    const response = await worker.get(path)
    await response.arrayBuffer()
    statuses.push(response.status)
  }
  return statuses
}

describe('GET /metrics', () => {
  test('needs the token, as the other reports do', async () => {
    expect((await worker.get('/metrics')).status).toBe(401)
    expect((await worker.get('/metrics', { method: 'POST', headers: AUTHORIZED })).status).toBe(405)
  })

  test('is Prometheus text, which nobody keeps', async () => {
    const { headers } = await worker.get('/metrics', { headers: AUTHORIZED })

    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(headers.get('cache-control')).toBe('no-store')
  })

  test('has every counter of every group and node, with help and type, before anything happens', async () => {
    const all = await families()

    const counted = [...all.values()].filter(
      ({ name }) => !/node_|edge_isolates|load_seconds/.test(name),
    )
    for (const { name, help, metrics } of counted) {
      const places = metrics.map(({ labels }) => `${labels?.group} ${labels?.node}`)
      expect([name, new Set(places).size]).toEqual([name, 6 * 4])
      expect(help).not.toBe('')
    }
    expect([...all].map(([name, { type }]) => `${name} ${type.toLowerCase()}`)).toEqual([
      'groupcache_gets_total counter',
      'groupcache_hits_total counter',
      'groupcache_stale_total counter',
      'groupcache_loads_total counter',
      'groupcache_loads_refused_total counter',
      'groupcache_loads_coalesced_total counter',
      'groupcache_load_errors_total counter',
      'groupcache_load_timeouts_total counter',
      'groupcache_not_found_total counter',
      'groupcache_peer_loads_total counter',
      'groupcache_peer_errors_total counter',
      'groupcache_guest_loads_total counter',
      'groupcache_edge_loads_total counter',
      'groupcache_handoffs_total counter',
      'groupcache_durable_errors_total counter',
      'groupcache_rejected_total counter',
      'groupcache_evictions_total counter',
      'groupcache_load_seconds histogram',
      'groupcache_bytes gauge',
      'groupcache_items gauge',
      'groupcache_max_bytes gauge',
      'groupcache_open_circuits gauge',
      'groupcache_node_up gauge',
      'groupcache_node_start_time_seconds gauge',
      'groupcache_edge_isolates gauge',
    ])
  })

  test('counts gets by tier, hits by cache, and loads by what became of them', async () => {
    const paths = ['a', 'a', 'a', 'b', 'gone', 'broken', 'large'].map(
      (key) => `/cache/pages/${key}`,
    )

    expect(await statusesOf(...paths)).toEqual([200, 200, 200, 200, 404, 502, 200])

    expect(await sums(['gets_total'], { tier: 'edge' })).toEqual([7])
    expect(await sums(['gets_total'], { tier: 'node' })).toEqual([5])
    expect(await sums(['hits_total', 'bytes'], { cache: 'hot' })).toEqual([2, expect.any(Number)])
    expect(await sums(['hits_total', 'items'], { cache: 'main' })).toEqual([0, 2])
    expect(await sums(['items'], { cache: 'hot' })).toEqual([2])
    expect(
      await sums([
        'loads_total',
        'load_errors_total',
        'not_found_total',
        'rejected_total',
        'peer_loads_total',
      ]),
    ).toEqual([5, 1, 1, 1, 5])
    expect(origin.requests).toHaveLength(5)
  })

  test('counts what leaves a cache by reason, main entries apart from hot copies', async () => {
    const headers = { ...AUTHORIZED, 'Content-Type': 'text/plain' }
    await worker.get('/cache/pages/c', { method: 'PUT', body: '1', headers })
    await worker.get('/cache/pages/c', { method: 'PUT', body: '2', headers })
    await statusesOf('/cache/pages/c')
    await worker.get('/cache/pages/c', { method: 'DELETE', headers })

    expect(await sums(['evictions_total'], { cache: 'main', reason: 'replaced' })).toEqual([1])
    expect(await sums(['evictions_total'], { cache: 'main', reason: 'purged' })).toEqual([1])
    expect(await sums(['evictions_total'], { cache: 'hot', reason: 'purged' })).toEqual([1])
  })

  test('says of each node that it is up, and since when', async () => {
    const all = await families()

    const up = all.get('groupcache_node_up')?.metrics
    expect(up?.map(({ labels, value }) => `${labels?.node} ${value}`)).toEqual([
      'node-0 1',
      'node-1 1',
      'node-2 1',
      'node-3 1',
    ])
    const [started] = all.get('groupcache_node_start_time_seconds')?.metrics ?? []
    expect(Math.abs(Number(started?.value) - Date.now() / 1000)).toBeLessThan(600)
    expect(all.get('groupcache_edge_isolates')?.metrics).toEqual([{ value: '1' }])
  })

  test('has buckets that never fall, the last of which has all loads', async () => {
    let loads = 0
    for (const node of ['node-0', 'node-1', 'node-2', 'node-3']) {
      const { buckets, count, sum } = await loadSecondsOf('pages', node)
      const bounds = [...LOAD_SECONDS_BUCKETS.map(String), '+Inf']
      const counts = bounds.map((bound) => Number(buckets[bound]))
      expect(Object.keys(buckets)).toHaveLength(bounds.length)
      expect(counts).toEqual(counts.toSorted((a, b) => a - b))
      expect(counts.at(-1)).toBe(count)
      expect(sum).toBeGreaterThanOrEqual(0)
      loads += count
    }
    expect(loads).toBe(5)
  })
})
