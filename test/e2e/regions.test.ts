/** The built Worker with three regions, asked from several places, over HTTP and by another Worker. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { CachedValue, RingReport } from '../../src/core/group/api.ts'
import { Topology } from '../../src/core/ring/topology.ts'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { type NodeControl, startNodeControl } from '../support/node-control.ts'
import { type SeveralWorkers, startWorkers } from '../support/several-workers.ts'

const REGIONS = ['weur', 'wnam', 'apac']
const NODES = 64
const AUTHORIZED = { Authorization: 'Bearer correct-horse' }
const PARIS = { latitude: '48.85341', longitude: '2.34880', continent: 'EU' }
const SEATTLE = { latitude: '47.60621', longitude: '-122.33207', continent: 'NA' }
const TOKYO = { latitude: '35.68950', longitude: '139.69171', continent: 'AS' }
const topology = new Topology({ nodes: NODES, regions: REGIONS })

let origin: HttpOriginServer
let control: NodeControl
let workers: SeveralWorkers

beforeAll(async () => {
  origin = await startHttpOrigin()
  control = await startNodeControl()
  const GROUPS = { pages: { origin: origin.url, hotTtl: '0s', ttl: '1h' } }
  const vars = {
    NODES,
    REGIONS: REGIONS.join(', '),
    CONTROL: control.url,
    ADMIN_TOKEN: 'correct-horse',
    GROUPS,
  }
  workers = await startWorkers([
    {
      name: 'workers-groupcache',
      configPath: 'test/support/workers/controlled/wrangler.toml',
      vars,
    },
    { name: 'caller', configPath: 'test/support/workers/caller/wrangler.toml' },
  ])
})

afterAll(async () => {
  await workers.close()
  await control.close()
  await origin.close()
})

beforeEach(() => {
  control.order = () => 'serve'
  origin.answer = (request, response) => response.end(`${origin.countOf(request.url ?? '')}`)
})

const used = new Set<string>()

/** A key whose holders no test has asked for anything: what is known of failed nodes lasts. */
function freshKey() {
  for (let i = 0; i < 10_000; i++) {
    const key = `key-${i}`
    const holders = topology.ownersIn('weur', key)
    if (holders.some((name) => used.has(name))) continue
    for (const name of holders) used.add(name)
    const ownerIn = (region: string) => topology.ownerIn(region, key)
    return { key, ownerIn, path: `/cache/pages/${key}` }
  }
  throw new Error('Every node has been asked: raise NODES.')
}

/** A request from a place, as the platform tells of it; without one, as where nothing is known of it. */
async function getFrom(cf: object | undefined, path: string, init: object = {}) {
  const response =
    cf === undefined
      ? await workers.get('workers-groupcache', path, init)
      : await workers.runtime.dispatchFetch(`http://groupcache.test${path}`, { ...init, cf })
  const body = await response.text()
  return { body, status: response.status, path: response.headers.get('cache-status') }
}

interface Outcome<Result> {
  readonly result?: Result
  readonly error?: { readonly message: string; readonly code?: string }
}

async function call<Result>(method: string, ...args: unknown[]): Promise<Outcome<Result>> {
  const body = JSON.stringify({ method, args })
  const response = await workers.get('caller', '/', { method: 'POST', body })
  return (await response.json()) as Outcome<Result>
}

describe('a reader', () => {
  test('is served by the nearest region, and readers everywhere cause one load', async () => {
    const { key, ownerIn, path } = freshKey()

    const [paris, seattle, tokyo] = [
      await getFrom(PARIS, path),
      await getFrom(SEATTLE, path),
      await getFrom(TOKYO, path),
    ]
    const again = await getFrom(SEATTLE, path)

    expect(paris.path).toBe(`${ownerIn('weur')}; fwd=miss; stored, edge; fwd=miss`)
    const hit = `${ownerIn('weur')}; hit; ttl=\\d+`
    for (const [region, reply] of [
      ['wnam', seattle],
      ['apac', tokyo],
    ] as const) {
      const miss = `${ownerIn(region)}; fwd=miss; stored, edge; fwd=miss`
      expect(reply.path).toMatch(new RegExp(`^${hit}, ${miss}$`))
    }
    expect(again.path).toMatch(new RegExp(`^${ownerIn('wnam')}; hit; ttl=\\d+, edge; fwd=miss$`))
    expect([paris, seattle, tokyo, again].map(({ body }) => body)).toEqual(['1', '1', '1', '1'])
    expect(origin.countOf(`/${key}`)).toBe(1)
  })

  test('whose region misses first shows the load at home, and then its own region', async () => {
    const { ownerIn, path } = freshKey()

    const reply = await getFrom(SEATTLE, path)

    expect(reply.path).toBe(
      `${ownerIn('weur')}; fwd=miss; stored, ${ownerIn('wnam')}; fwd=miss; stored, edge; fwd=miss`,
    )
  })

  test('of whom nothing is known is served by home', async () => {
    const { ownerIn, path } = freshKey()

    expect((await getFrom(undefined, path)).path).toBe(
      `${ownerIn('weur')}; fwd=miss; stored, edge; fwd=miss`,
    )
  })

  test('of many keys at once is served by the nearest region, too', async () => {
    const { key, ownerIn } = freshKey()
    const body = JSON.stringify({ keys: [key] })

    const reply = await getFrom(TOKYO, '/cache/pages', { method: 'POST', body })

    expect(JSON.parse(reply.body).entries[0].cacheStatus).toMatch(
      new RegExp(`${ownerIn('apac')}; fwd=miss; stored, edge; fwd=miss$`),
    )
  })

  test('in two regions at the same time waits for one load', async () => {
    const { key, path } = freshKey()
    const latch = Promise.withResolvers<void>()
    const arrived = Promise.withResolvers<void>()
    origin.answer = (_, response) => {
      arrived.resolve()
      void latch.promise.then(() => response.end('one'))
    }
    const asked = Promise.withResolvers<void>()
    control.order = () => {
      // Each region's own node, and home's for both.
      if (control.calls.length - before === 4) asked.resolve()
      return 'serve'
    }
    const before = control.calls.length

    const replies = [SEATTLE, TOKYO].map((cf) => getFrom(cf, path))
    await Promise.all([arrived.promise, asked.promise])
    latch.resolve()

    expect((await Promise.all(replies)).map(({ body }) => body)).toEqual(['one', 'one'])
    expect(origin.countOf(`/${key}`)).toBe(1)
  })
})

describe('a purge', () => {
  test('takes the copies of all regions, at home before it is told elsewhere', async () => {
    const { key, path } = freshKey()
    for (const cf of [PARIS, SEATTLE, TOKYO]) await getFrom(cf, path)
    const before = control.calls.length

    const purged = await getFrom(TOKYO, path, { method: 'DELETE', headers: AUTHORIZED })
    const told = control.calls.slice(before).map((call) => call.split('/')[0])
    const after = await Promise.all([PARIS, SEATTLE, TOKYO].map((cf) => getFrom(cf, path)))

    expect(JSON.parse(purged.body)).toEqual({ ok: true, nodes: 9, entries: 3, failed: [] })
    expect(told.slice(0, 3)).toEqual(['weur', 'weur', 'weur'])
    expect(told.slice(3).sort()).toEqual(['apac', 'apac', 'apac', 'wnam', 'wnam', 'wnam'])
    expect(after.map(({ body }) => body)).toEqual(['2', '2', '2'])
    expect(origin.countOf(`/${key}`)).toBe(2)
  })

  test('names the nodes that it could not reach, and is a 502', async () => {
    const { key, path } = freshKey()
    control.order = (node) => (node.startsWith('apac/') ? 'throw' : 'serve')

    const purged = await getFrom(PARIS, path, { method: 'DELETE', headers: AUTHORIZED })

    expect(purged.status).toBe(502)
    expect(JSON.parse(purged.body)).toMatchObject({
      ok: false,
      nodes: 6,
      failed: topology.ownersIn('apac', key).sort(),
    })
  })
})

describe('a set', () => {
  test('anywhere is read everywhere', async () => {
    const { key, path } = freshKey()
    for (const cf of [PARIS, SEATTLE, TOKYO]) await getFrom(cf, path)

    const set = await getFrom(TOKYO, path, { method: 'PUT', body: 'set', headers: AUTHORIZED })
    const after = await Promise.all([PARIS, SEATTLE, TOKYO].map((cf) => getFrom(cf, path)))

    expect(set.status).toBe(204)
    expect(after.map(({ body }) => body)).toEqual(['set', 'set', 'set'])
    expect(origin.countOf(`/${key}`)).toBe(1)
  })

  test('of which a regional owner cannot be told is a 503', async () => {
    const { ownerIn, path } = freshKey()
    control.order = (node) => (node === ownerIn('wnam') ? 'throw' : 'serve')

    const set = await getFrom(PARIS, path, { method: 'PUT', body: 'set', headers: AUTHORIZED })

    expect(set.status).toBe(503)
    expect(JSON.parse(set.body)).toMatchObject({ code: 'overloaded' })
  })
})

describe('a region that is down', () => {
  test('being home, is stood in for by the regional owner', async () => {
    const { key, ownerIn, path } = freshKey()
    control.order = (node) => (node.startsWith('weur/') ? 'throw' : 'serve')

    const reply = await getFrom(SEATTLE, path)

    expect(reply.path).toBe(`${ownerIn('wnam')}; fwd=miss; stored, edge; fwd=miss`)
    expect(origin.countOf(`/${key}`)).toBe(1)
  })

  test('being that of a reader, leaves the reader to the edge', async () => {
    const { key, path } = freshKey()
    control.order = (node) => (node.startsWith('wnam/') ? 'throw' : 'serve')

    const reply = await getFrom(SEATTLE, path)

    expect(reply.path).toBe('edge; fwd=miss; detail=no-node')
    expect(origin.countOf(`/${key}`)).toBe(1)
  })
})

describe('another Worker', () => {
  test('reads at home, or in the region that it names', async () => {
    const { key, ownerIn } = freshKey()

    const named = await call<CachedValue>('get', 'pages', key, { region: 'apac' })
    const home = await call<CachedValue>('get', 'pages', key)
    const many = await call<CachedValue[]>('getMany', 'pages', [key], { region: 'apac' })

    expect(named.result?.status).toContain(`${ownerIn('apac')}; fwd=miss; stored`)
    expect(home.result?.status).toMatch(new RegExp(`^${ownerIn('weur')}; hit`))
    expect(many.result?.[0]?.status).toMatch(new RegExp(`^${ownerIn('apac')}; hit`))
    expect(origin.countOf(`/${key}`)).toBe(1)
  })

  test.each([
    ['a region that there is not', { region: 'sam' }],
    ['no name', { region: 5 }],
    ['another option', { place: 'weur' }],
  ])('that names %s is told so', async (_, options) => {
    for (const [method, key] of [
      ['get', 'Tom'],
      ['getMany', ['Tom']],
      ['ring', 'Tom'],
    ] as const) {
      const { error } = await call(method, 'pages', key, options)

      expect(error).toMatchObject({ code: 'bad-request' })
      expect(error?.message).toContain(`${Object.keys(options)[0]}: `)
    }
  })

  test('is told who owns a key in a region', async () => {
    const { result } = await call<RingReport>('ring', 'pages', 'Tom', { region: 'apac' })

    const [owner, ...guests] = topology.ownersIn('apac', 'Tom')
    expect(result).toEqual({ group: 'pages', key: 'Tom', owner, guests })
  })
})

test('the ring of all regions is listed, each with all of its shares', async () => {
  const { body } = await getFrom(PARIS, '/admin/ring', { headers: AUTHORIZED })

  const { nodes } = JSON.parse(body) as { nodes: { name: string; share: number }[] }
  expect(nodes.map(({ name }) => name)).toEqual(topology.allNodes())
  const shares = nodes.filter(({ name }) => name.startsWith('apac/')).map(({ share }) => share)
  expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(1)
})

test('the counters of all regions are listed', async () => {
  const { body } = await getFrom(PARIS, '/admin/stats', { headers: AUTHORIZED })

  const { nodes } = JSON.parse(body) as { nodes: { node: string }[] }
  expect(nodes.map(({ node }) => node)).toEqual(topology.allNodes())
})
