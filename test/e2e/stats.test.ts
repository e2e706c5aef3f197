import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StatsReport } from '../../src/core/group/api.ts'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'

const TOKEN = 'correct-horse'
const AUTHORIZED = { Authorization: `Bearer ${TOKEN}` }

let origin: HttpOriginServer
let worker: WorkerServer

beforeAll(async () => {
  origin = await startHttpOrigin()
  // Hot copies outlive the tests: which get is a hit is not up to the clock.
  const kept = { origin: origin.url, hotTtl: '1h', ttl: '1h' }
  const GROUPS = {
    counted: kept,
    many: kept,
    seen: kept,
    watched: kept,
    secret: { ...kept, access: 'private' },
  }
  worker = await startWorker({ vars: { GROUPS, ADMIN_TOKEN: TOKEN } })
})

afterAll(async () => {
  await worker.close()
  await origin.close()
})

async function statsReport(): Promise<StatsReport> {
  const response = await worker.get('/admin/stats', { headers: AUTHORIZED })
  expect(response.status).toBe(200)
  return (await response.json()) as StatsReport
}

async function get(path: string, init: RequestInit = {}): Promise<void> {
  const response = await worker.get(path, init)
  expect(response.status).toBe(200)
  await response.text()
}

describe('gets at the edge', () => {
  test('are all counted, as hits there or as gets of a node, and make their key hot', async () => {
    for (let i = 0; i < 20; i++) await get('/cache/counted/Tom')
    await worker.get('/cache/counted/Tom', { method: 'DELETE', headers: AUTHORIZED })
    for (let i = 0; i < 20; i++) await get('/cache/counted/Tom')
    await get('/cache/counted/Jack')

    const { sum, failed } = await statsReport()

    expect(failed).toEqual([])
    expect(sum.counted).toMatchObject({
      gets: 3,
      loads: 3,
      edge: { gets: 41, hits: 38, peerLoads: 3, peerErrors: 0 },
    })
    const [hottest, ...others] = sum.counted?.hotKeys ?? []
    expect(hottest).toMatchObject({ key: 'Tom', overcount: 0 })
    // A get fades to half within a minute, which is longer than the test may take.
    expect(hottest?.gets).toBeGreaterThan(20)
    expect(hottest?.gets).toBeLessThanOrEqual(40)
    expect(others.map(({ key }) => key)).toEqual(['Jack'])
  })

  test('of many keys at once are counted as if they were single', async () => {
    const post = () => {
      const body = JSON.stringify({ keys: ['a', 'b', 'c'] })
      return worker.get('/cache/many', { method: 'POST', body })
    }
    expect((await post()).status).toBe(200)
    await (await post()).text()

    const { sum } = await statsReport()

    expect(sum.many).toMatchObject({ gets: 3, edge: { gets: 6, hits: 3, peerLoads: 3 } })
    expect(sum.many?.hotKeys.map(({ key }) => key).toSorted()).toEqual(['a', 'b', 'c'])
  })

  test('are in the report at once', async () => {
    await get('/cache/seen/Tom')
    const edgeHits = async () => (await statsReport()).sum.seen?.edge.hits

    expect(await edgeHits()).toBe(0)
    await get('/cache/seen/Tom')
    expect(await edgeHits()).toBe(1)
    await get('/cache/seen/Tom')
    await get('/cache/seen/Tom')
    expect(await edgeHits()).toBe(3)
  })
})

describe('the report', () => {
  test('has the edge isolate, once, and what it holds', async () => {
    await get('/cache/watched/Tom')
    await get('/cache/watched/Jack')
    const before = await statsReport()
    await get('/cache/watched/Anna')

    const { edge, nodes } = await statsReport()

    expect(before.edge).toMatchObject({ isolates: 1, hot: { watched: { items: 2 } } })
    expect(edge).toMatchObject({ isolates: 1, hot: { watched: { items: 3 } } })
    expect(edge.hot.watched?.bytes).toBeGreaterThan(before.edge.hot.watched?.bytes as number)
    expect(nodes).toHaveLength(16)
    expect(nodes.flatMap(({ isolates }) => isolates)).toHaveLength(1)
  })

  test('says of each node since when it counts', async () => {
    const { atMs, nodes } = await statsReport()

    for (const { sinceMs } of nodes) {
      expect(sinceMs).toBeLessThanOrEqual(atMs)
      expect(sinceMs).toBeGreaterThan(atMs - 120_000)
    }
  })

  test('is given again while nothing happens, and gathered anew after a get', async () => {
    await get('/cache/watched/Tom')
    await statsReport()
    await get('/cache/watched/Tom')

    const first = await statsReport()
    const again = await statsReport()
    await get('/cache/watched/Tom')
    const anew = await statsReport()

    expect(again).toEqual(first)
    expect(anew.sum.watched?.edge.gets).toBe((first.sum.watched?.edge.gets as number) + 1)
  })

  test('is where the key of a private value shows, and nowhere without the token', async () => {
    await get('/cache/secret/hunter2', { headers: AUTHORIZED })
    await get('/cache/secret/hunter2', { headers: AUTHORIZED })
    expect((await statsReport()).sum.secret?.hotKeys).toMatchObject([{ key: 'hunter2' }])

    for (const headers of [{}, { Authorization: 'Bearer wrong' }] as HeadersInit[]) {
      const response = await worker.get('/admin/stats', { headers })
      expect(response.status).toBe(401)
      expect(await response.text()).not.toContain('hunter2')
    }
    for (const path of ['/healthz', '/openapi.json', '/cache/secret/hunter2', '/metrics']) {
      expect(await (await worker.get(path)).text()).not.toContain('hunter2')
    }
    const ring = await worker.get('/admin/ring', { headers: AUTHORIZED })
    expect(await ring.text()).not.toContain('hunter2')
  })
})
