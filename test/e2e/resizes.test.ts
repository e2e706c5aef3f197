/** Deployments of other counts and regions, in orders in which a purged row could come back. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { StatsReport } from '../../src/core/group/api.ts'
import { Topology } from '../../src/core/ring/topology.ts'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'

const AUTHORIZED = { Authorization: 'Bearer correct-horse' }

interface Settings {
  readonly NODES: number
  readonly NODES_BEFORE?: number
  readonly REGIONS?: string
}

let origin: HttpOriginServer
let value: string
let disks: string
let worker: WorkerServer | undefined
const builds = new Map<string, string>()

beforeAll(async () => {
  origin = await startHttpOrigin()
  origin.answer = (_, response) => {
    response.setHeader('Cache-Tag', 'pages')
    response.end(value)
  }
})

afterEach(async () => {
  await worker?.close()
  worker = undefined
  rmSync(disks, { recursive: true })
})

afterAll(async () => {
  await origin.close()
})

function begin() {
  disks = mkdtempSync(join(tmpdir(), 'disks-'))
  value = 'old'
}

/** The same disks, and these settings. */
async function deploy(settings: Settings): Promise<StatsReport> {
  await worker?.close()
  const GROUPS = { pages: { origin: origin.url, ttl: '1h', durable: true, hotTtl: '0s' } }
  const vars = { ...settings, GROUPS, ADMIN_TOKEN: 'correct-horse' }
  worker = await startWorker({ builds, disks, vars })
  return stats()
}

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await worker?.get(path, { headers: AUTHORIZED, ...init })
  return response as Response
}

async function stats(): Promise<StatsReport> {
  return (await ask('/admin/stats')).json() as Promise<StatsReport>
}

async function get(key: string): Promise<string> {
  return (await ask(`/cache/pages/${key}`)).text()
}

/** Gets the value, and waits until it is on disk. */
async function getAndWrite(key: string): Promise<string> {
  const before = (await stats()).sum.pages?.durableItems ?? 0
  const body = await get(key)
  const written = async () => (await stats()).sum.pages?.durableItems
  await expect.poll(written, { timeout: 10_000 }).toBeGreaterThan(before)
  return body
}

async function purge(what: object): Promise<void> {
  const body = JSON.stringify({ group: 'pages', ...what })
  const response = await ask('/admin/purge', { method: 'POST', body })
  expect(await response.json()).toMatchObject({ ok: true })
}

async function put(key: string): Promise<void> {
  const response = await ask(`/cache/pages/${key}`, { method: 'PUT', body: 'new' })
  expect(response.status).toBe(204)
}

function keyWhere(isMeant: (ownersOf: (nodes: number) => string[]) => boolean): string {
  const topologies = new Map([2, 6].map((nodes) => [nodes, new Topology({ nodes })]))
  for (let i = 0; ; i++) {
    const ownersOf = (nodes: number) => topologies.get(nodes)?.ownersIn('', `key-${i}`) ?? []
    if (isMeant(ownersOf)) return `key-${i}`
  }
}

/** Its owner of two is neither its owner nor a guest of six. */
const ELSEWHERE = keyWhere((ownersOf) => !ownersOf(6).includes(ownersOf(2)[0] as string))
/** Its owner of six is not there when there are two. */
const BEYOND = keyWhere((ownersOf) => !['node-0', 'node-1'].includes(ownersOf(6)[0] as string))

const CHANGES: [string, (key: string) => Promise<void>][] = [
  ['a purge of the key', (key) => purge({ keys: [key] })],
  ['a purge of its tag', () => purge({ tags: ['pages'] })],
  ['a soft purge of all', () => purge({ all: true, soft: true })],
  ['a set', put],
]

const SIX = { NODES: 6 }
const TWO = { NODES: 2 }
const SHRINKING = { NODES: 2, NODES_BEFORE: 6 }
const GROWING = { NODES: 6, NODES_BEFORE: 2 }
const BOTH = { NODES: 2, REGIONS: 'weur,wnam' }

/** Deployments before the value is loaded, before it is changed, and before it is asked for again. */
const ORDERS: [string, string, [Settings[], Settings[], Settings[]]][] = [
  [
    'a shrinking that is taken back and made again',
    ELSEWHERE,
    [[SIX, SHRINKING], [SIX], [SHRINKING]],
  ],
  ['a shrinking and a growth, as described', BEYOND, [[SIX], [SHRINKING, TWO], [GROWING]]],
  ['a shrinking and a growth, without NODES_BEFORE', BEYOND, [[SIX], [TWO], [SIX]]],
  ['a region that is lost and back', BEYOND, [[BOTH], [{ NODES: 2, REGIONS: 'weur' }], [BOTH]]],
  ['home that is lost and back', BEYOND, [[BOTH], [{ NODES: 2, REGIONS: 'wnam' }], [BOTH]]],
  ['regions tried for a while', BEYOND, [[TWO], [BOTH], [TWO]]],
  [
    'a region in place of another',
    BEYOND,
    [
      [{ NODES: 2, REGIONS: 'weur' }],
      [{ NODES: 2, REGIONS: 'wnam' }],
      [{ NODES: 2, REGIONS: 'weur' }],
    ],
  ],
]

describe.each(ORDERS)('after %s', (name, key, [first, second, third]) => {
  test.each(name.endsWith('as described') ? CHANGES : CHANGES.slice(0, 1))(
    'the value before %s does not come back',
    async (_, change) => {
      begin()
      for (const settings of first) await deploy(settings)
      expect(await getAndWrite(key)).toBe('old')
      for (const settings of second) await deploy(settings)
      value = 'new'
      await change(key)
      expect(await get(key)).toBe('new')

      for (const settings of third) await deploy(settings)

      expect(await get(key)).toBe('new')
    },
    120_000,
  )
})

test('a node that has left keeps nothing on its disk', async () => {
  begin()
  await deploy(SIX)
  await getAndWrite(BEYOND)
  await deploy(TWO)
  value = 'new'

  const { sum } = await deploy(SIX)

  expect(sum.pages?.durableItems).toBe(0)
}, 120_000)

test('growing as described loads nothing again', async () => {
  begin()
  await deploy(TWO)
  const keys = [ELSEWHERE, BEYOND, 'a', 'b', 'c']
  for (const key of keys) await getAndWrite(key)
  const asked = origin.requests.length
  value = 'new'

  await deploy(GROWING)
  for (const key of keys) expect(await get(key)).toBe('old')
  await expect.poll(async () => (await stats()).sum.pages?.handoffs).toBeGreaterThan(0)
  const written = async () => (await stats()).sum.pages?.durableItems
  await expect.poll(written, { timeout: 10_000 }).toBeGreaterThan(keys.length)
  await deploy(SIX)
  for (const key of keys) expect(await get(key)).toBe('old')

  expect(origin.requests).toHaveLength(asked)
}, 120_000)
