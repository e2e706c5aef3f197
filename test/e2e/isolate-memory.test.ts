import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { StatsReport } from '../../src/core/group/api.ts'
import { Ring } from '../../src/core/ring/ring.ts'
import { type HeapMeter, meterHeapOf } from '../support/heap-usage.ts'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'

const MiB = 1024 * 1024
const NODES = Array.from({ length: 8 }, (_, i) => `node-${i}`)
const ring = new Ring(NODES)

let origin: HttpOriginServer
let worker: WorkerServer
let heap: HeapMeter

beforeAll(async () => {
  vi.stubEnv('MINIFLARE_WORKERD_V8_FLAGS', '--expose-gc')
  origin = await startHttpOrigin()
  worker = await startWorker({
    configPath: 'test/support/workers/blocks/wrangler.toml',
    vars: { ADMIN_TOKEN: 'token', GROUPS: { files: { origin: origin.url, timeout: '60s' } } },
    canBeInspected: true,
  })
  vi.unstubAllEnvs()
  heap = await meterHeapOf(worker)
})

afterAll(async () => {
  heap.close()
  await worker.close()
  await origin.close()
})

/** For each node so many keys that it owns, of values of so many KiB. */
function keysFor(each: number, kibibytes: number, forms = ['bytes', 'stream']): string[] {
  const keys = new Map<string, string[]>(NODES.map((name) => [name, []]))
  for (let i = 0; [...keys.values()].some((owned) => owned.length < each); i++) {
    const key = `${forms[i % forms.length]}/${kibibytes}/${i}`
    const owned = keys.get(ring.pick(key)) as string[]
    if (owned.length < each) owned.push(key)
  }
  return [...keys.values()].flat().sort()
}

async function stats(): Promise<StatsReport> {
  const headers = { Authorization: 'Bearer token' }
  return (await worker.get('/admin/stats', { headers })).json() as Promise<StatsReport>
}

async function statusesOf(keys: readonly string[], group = 'blocks'): Promise<number[]> {
  const get = (key: string) => worker.get(`/cache/${group}/${key}`, { method: 'HEAD' })
  const responses = await Promise.all(keys.map(get))
  return responses.map(({ status }) => status)
}

/** What the heap holds that is not garbage. */
async function measure(): Promise<number> {
  // The first one finds the buffers that nobody holds, the second one has freed them.
  for (let i = 0; i < 2; i++) expect((await worker.get('/collect')).status).toBe(204)
  return heap.read()
}

// Measured: 66 MB are held, 3 of them by the edge. The heap is at 69 MB in the end, and at most at 75 MB,
// with eight requests just answered. Where nothing collects in between, up to another 80 MB of garbage are
// in the heap: the runtime has no limit here that would make the engine collect sooner.
test('eight nodes and the edge in one isolate, offered ten times their bounds, stay within 64 MiB', async () => {
  const keys = keysFor(160, 1024)
  const statuses = new Set<number>()
  let most = 0

  for (let i = 0; i < keys.length; i += 8) {
    for (const status of await statusesOf(keys.slice(i, i + 8))) statuses.add(status)
    most = Math.max(most, await measure())
  }

  const { nodes, sum, edge } = await stats()
  const held = (sum.blocks?.bytes ?? 0) + (edge.hot.blocks?.bytes ?? 0)
  expect([...statuses]).toEqual([200])
  expect(nodes).toHaveLength(8)
  for (const { groups } of nodes) {
    const { loads, items, evictions } = groups.blocks ?? {}
    expect(loads).toBe(160)
    expect((items ?? 0) + (evictions?.capacity ?? 0)).toBe(160)
  }
  expect(held).toBeGreaterThan(56 * MiB)
  expect(held).toBeLessThanOrEqual(64 * MiB)
  expect(most).toBeLessThan(100_000_000)
})

test('bodies that have no room at once, each in another node, are read one after the other', async () => {
  const keys = keysFor(1, 30 * 1024, ['chunked'])
  const rest: (() => void)[] = []
  origin.answer = (_, response) => {
    response.write(Buffer.alloc(2 * MiB))
    // Nobody gets the rest before all have begun: they are large by then, and none has enough.
    rest.push(() => response.end(Buffer.alloc(28 * MiB)))
    if (rest.length === keys.length) for (const send of rest) send()
  }

  const statuses = await statusesOf(keys, 'files')

  expect(statuses).toEqual(keys.map(() => 200))
  expect(rest).toHaveLength(8)
  expect(await measure()).toBeLessThan(100_000_000)
})
