/**
 * The built Worker while its ring is being changed, over HTTP. A deployment restarts local nodes, and with
 * that their memory is gone. So the nodes know from the start that there were fewer of them, and another
 * Worker asks the same nodes as if there still were: what these load for it then, as guests, they hold for
 * as long as `hotTtl`, which is made to last.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { StatsReport } from '../../src/core/group/api.ts'
import { Topology } from '../../src/core/ring/topology.ts'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { type NodeControl, startNodeControl } from '../support/node-control.ts'
import { type SeveralWorkers, startWorkers } from '../support/several-workers.ts'

const AUTHORIZED = { Authorization: 'Bearer correct-horse' }
const topology = new Topology({ nodes: 6, nodesBefore: 4 })

let origin: HttpOriginServer
let control: NodeControl
let workers: SeveralWorkers

beforeAll(async () => {
  origin = await startHttpOrigin()
  control = await startNodeControl()
  const group = { ttl: '1h', hotTtl: '1h', maxHotBytes: 0, expiryJitter: 0 }
  const GROUPS = {
    pages: { ...group, origin: origin.url },
    patient: { ...group, origin: `${origin.url}/patient`, staleIfError: '1h' },
  }
  const part = (name: string, vars: Record<string, number>, nodesOf = name) => ({
    name,
    configPath: 'test/support/workers/controlled/wrangler.toml',
    vars: { ...vars, GROUPS, CONTROL: control.url, ADMIN_TOKEN: 'correct-horse' },
    ...(nodesOf === name ? {} : { nodesOf }),
  })
  workers = await startWorkers([
    part('after', { NODES: 6, NODES_BEFORE: 4 }),
    part('before', { NODES: 4 }, 'after'),
    part('shrunk', { NODES: 3, NODES_BEFORE: 4 }),
  ])
})

afterAll(async () => {
  await workers.close()
  await control.close()
  await origin.close()
})

beforeEach(() => {
  control.order = () => 'serve'
  origin.answer = (request, response) => {
    response.setHeader('Cache-Tag', 'pages')
    response.end(`${origin.countOf(request.url ?? '')}`)
  }
})

let asked = 0

/** A key with a new owner, that nobody has asked for yet. */
function movedKey() {
  for (;;) {
    const key = `key-${asked++}`
    const previous = topology.previousOwnerIn('', key)
    if (previous !== undefined) return { key, owner: topology.ownerIn('', key), previous }
  }
}

async function get(worker: string, path: string, init: RequestInit = {}) {
  const response = await workers.get(worker, `/cache/${path}`, init)
  return {
    body: await response.text(),
    status: response.status,
    path: response.headers.get('cache-status'),
  }
}

async function purge(body: object): Promise<unknown> {
  const init = { method: 'POST', headers: AUTHORIZED, body: JSON.stringify(body) }
  return (await workers.get('after', '/admin/purge', init)).json()
}

describe('a new owner', () => {
  test('answers what the previous one has, without a load, and shows whose it was', async () => {
    const { key, owner, previous } = movedKey()

    const before = await get('before', `pages/${key}`)
    const after = await get('after', `pages/${key}`)
    const again = await get('after', `pages/${key}`)

    expect(before.path).toBe(`${previous}; fwd=miss; stored; detail=guest, edge; fwd=miss`)
    expect(after.path).toMatch(
      new RegExp(`^${previous}; hit; ttl=\\d+, ${owner}; fwd=miss; stored, edge; fwd=miss$`),
    )
    expect(again.path).toMatch(new RegExp(`^${owner}; hit; ttl=3\\d+, edge; fwd=miss$`))
    expect([before, after, again].map(({ body }) => body)).toEqual(['1', '1', '1'])
    expect(origin.countOf(`/${key}`)).toBe(1)
  })

  test('counts what it was handed', async () => {
    const { key, owner } = movedKey()
    const handoffs = async () => {
      const stats = await workers.get('after', '/admin/stats', { headers: AUTHORIZED })
      const { nodes } = (await stats.json()) as StatsReport
      return nodes.find(({ node }) => node === owner)?.groups.patient?.handoffs
    }
    await get('before', `patient/${key}`)

    await get('after', `patient/${key}`)
    const counted = await handoffs()

    expect(counted).toBe(1)
    const metrics = await (await workers.get('after', '/metrics', { headers: AUTHORIZED })).text()
    expect(metrics).toContain(`groupcache_handoffs_total{group="patient",node="${owner}"} 1`)
  })
})

describe('what was changed while the ring changes', () => {
  test.each([
    ['its key', (key: string) => ({ keys: [key] })],
    ['its key, softly', (key: string) => ({ keys: [key], soft: true })],
    ['its tag', () => ({ tags: ['pages'] })],
    ['everything', () => ({ all: true })],
    ['everything, softly', () => ({ all: true, soft: true })],
  ])('by a purge of %s is not handed over', async (_, what) => {
    const { key, owner } = movedKey()
    await get('before', `patient/${key}`)

    const report = await purge({ group: 'patient', ...what(key) })
    const after = await get('after', `patient/${key}`)

    expect(report).toMatchObject({ ok: true, failed: [] })
    expect(after.body).toBe('2')
    expect(after.path).toMatch(new RegExp(`${owner}; fwd=(miss|stale); stored, edge; fwd=miss$`))
    expect(origin.countOf(`/patient/${key}`)).toBe(2)
  })

  test('by a set is what the new owner answers', async () => {
    const { key, owner, previous } = movedKey()
    await get('before', `pages/${key}`)
    const told = control.calls.length

    const set = await get('after', `pages/${key}`, {
      method: 'PUT',
      body: 'set',
      headers: AUTHORIZED,
    })
    const after = await get('after', `pages/${key}`)

    expect(set.status).toBe(204)
    expect(control.calls[told]).toBe(`${previous}/purge`)
    expect(after.body).toBe('set')
    expect(after.path).toMatch(new RegExp(`^${owner}; hit`))
    expect(origin.countOf(`/${key}`)).toBe(1)
  })
})

test('a set that could not tell a guest is refused, as the guest may hold an older value', async () => {
  const { key, previous } = movedKey()
  const guest = topology.ownersIn('', key).findLast((name) => name !== previous)
  control.order = (node, call) => (node === guest && call === 'purge' ? 'throw' : 'serve')

  const put = { method: 'PUT', body: 'set', headers: AUTHORIZED }
  const refused = await get('after', `pages/${key}`, put)
  control.order = () => 'serve'
  const set = await get('after', `pages/${key}`, put)

  expect([refused.status, set.status]).toEqual([503, 204])
  expect(JSON.parse(refused.body)).toMatchObject({ code: 'overloaded' })
  expect((await get('after', `pages/${key}`)).body).toBe('set')
})

describe('a node that is there only until the change is over', () => {
  test('is listed with no share of the ring, reports, and is purged', async () => {
    const names = ['node-0', 'node-1', 'node-2', 'node-3']
    const askFor = async (path: string, init: RequestInit = {}) =>
      (await workers.get('shrunk', path, { headers: AUTHORIZED, ...init })).json()

    const ring = (await askFor('/admin/ring')) as { nodes: { name: string; share: number }[] }
    const stats = (await askFor('/admin/stats')) as StatsReport
    const body = JSON.stringify({ group: 'pages', all: true })
    const report = await askFor('/admin/purge', { method: 'POST', body })

    expect(ring.nodes.map(({ name }) => name)).toEqual(names)
    expect(ring.nodes.at(-1)).toEqual({ name: 'node-3', share: 0 })
    expect(stats.nodes.map(({ node }) => node)).toEqual(names)
    expect(report).toEqual({ ok: true, nodes: 4, entries: 0, failed: [] })
  })
})

// Last: a node that has not answered is left alone for a while.
test('a new owner loads, when the previous one does not answer, or breaks, or has nothing', async () => {
  const keys = [movedKey(), movedKey(), movedKey()] as const
  for (const { key } of keys.slice(0, 2)) await get('before', `pages/${key}`)
  const never = new Promise<never>(() => {})
  const peeked = control.calls.length
  const load = async ({ key }: { key: string }) => (await get('after', `pages/${key}`)).path

  control.order = (_, call) => (call === 'peek' ? never : 'serve')
  const hung = await load(keys[0])
  control.order = (_, call) => (call === 'peek' ? 'throw' : 'serve')
  const broken = await load(keys[1])
  control.order = () => 'serve'
  const missing = await load(keys[2])

  const paths = keys.map(({ owner }) => `${owner}; fwd=miss; stored, edge; fwd=miss`)
  expect([hung, broken, missing]).toEqual(paths)
  expect(control.calls.slice(peeked).filter((call) => call.endsWith('/peek'))).not.toEqual([])
  expect(keys.map(({ key }) => origin.countOf(`/${key}`))).toEqual([2, 2, 1])
})
