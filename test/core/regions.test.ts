import { describe, expect, test, vi } from 'vitest'
import { PeerUnavailableError } from '../../src/core/errors.ts'
import type { GroupOptions } from '../../src/core/group/group.ts'
import type { LoadContext, Loader } from '../../src/core/load/loader.ts'
import { createCluster } from '../support/cluster.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { textOf } from '../support/group-factory.ts'
import { latchedLoader } from '../support/latched-loader.ts'
import { settle } from '../support/settle.ts'

const NODES = ['node-0', 'node-1', 'node-2', 'node-3']
const REGIONS = ['weur', 'wnam', 'apac']

/** Three regions with an edge in each; weur is home. No edge keeps a copy, unless asked for. */
function regionalCluster(loader: Loader, options: Partial<GroupOptions> = {}) {
  const cluster = createCluster(NODES, loader, { hotTtlMs: 0, ...options }, { regions: REGIONS })
  const { topology } = cluster
  const holdersIn = (region: string) =>
    topology.ownersIn(region, 'Tom').map((name) => cluster.node(name))
  const ownerIn = (region: string) => cluster.node(topology.ownerIn(region, 'Tom'))
  const nodesIn = (region: string) => topology.nodesIn(region).map((name) => cluster.node(name))
  const [weur, wnam, apac] = REGIONS.map((region) => cluster.addEdge(region)) as [
    typeof cluster.edge,
    typeof cluster.edge,
    typeof cluster.edge,
  ]
  return { ...cluster, apac, holdersIn, nodesIn, ownerIn, weur, wnam }
}

describe('a regional owner that misses', () => {
  test("asks the key's owner at home, which loads: the way shows both, home first", async () => {
    const loader = countingLoader()
    const { ownerIn, wnam } = regionalCluster(loader.load)

    const reply = await wnam.get('Tom')

    expect(textOf(reply)).toBe('value of Tom')
    expect(reply.path).toEqual([
      { cache: ownerIn('weur').peer.name, fwd: 'miss', stored: true },
      { cache: ownerIn('wnam').peer.name, fwd: 'miss', stored: true },
      { cache: 'edge', fwd: 'miss' },
    ])
    expect(ownerIn('wnam').group.stats).toMatchObject({ loads: 0, peerLoads: 1 })
    expect(ownerIn('weur').group.stats).toMatchObject({ loads: 1, peerLoads: 0 })
  })

  test('shares one load with callers of all regions at once', async () => {
    const loader = latchedLoader()
    const { apac, weur, wnam } = regionalCluster(loader.load)

    const gets = [weur, wnam, apac, wnam, weur].map((edge) => edge.get('Tom'))
    await settle()
    loader.answer(0, text('630'))

    expect((await Promise.all(gets)).map(textOf)).toEqual(Array(5).fill('630'))
    expect(loader.calls).toEqual(['Tom'])
  })

  test('takes what home has, and then answers by itself, until both end at one time', async () => {
    const loader = countingLoader()
    const { clock, ownerIn, weur, wnam } = regionalCluster(loader.load)
    await weur.get('Tom')
    clock.advance(40_000)
    const home = vi.spyOn(ownerIn('weur').peer, 'get')

    const first = await wnam.get('Tom')
    const second = await wnam.get('Tom')
    clock.advance(20_000)
    const third = await wnam.get('Tom')

    expect(first.path[0]).toEqual({
      cache: ownerIn('weur').peer.name,
      hit: true,
      ttlMs: 20_000,
    })
    expect(second.path[0]).toEqual({ cache: ownerIn('wnam').peer.name, hit: true, ttlMs: 20_000 })
    expect(third.path[0]).toMatchObject({ cache: ownerIn('weur').peer.name, fwd: 'miss' })
    expect(home).toHaveBeenCalledTimes(2)
    expect(loader.calls).toHaveLength(2)
  })

  test('takes "not found" from home, too', async () => {
    const loader = countingLoader(() => ({ kind: 'not-found' }))
    const { apac, wnam } = regionalCluster(loader.load, { negativeTtlMs: 10_000 })

    const replies = [await wnam.get('Tom'), await wnam.get('Tom'), await apac.get('Tom')]

    expect(replies.map(({ kind }) => kind)).toEqual(Array(3).fill('not-found'))
    expect(loader.calls).toHaveLength(1)
  })

  test("takes a loader's failure at home for final", async () => {
    const loader = countingLoader(() => {
      throw new Error('down')
    })
    const { ownerIn, wnam } = regionalCluster(loader.load)

    const reply = await wnam.get('Tom')

    expect(reply).toMatchObject({ kind: 'failed', code: 'load-failed' })
    expect(reply.path.map(({ cache }) => cache)).toEqual([
      ownerIn('weur').peer.name,
      ownerIn('wnam').peer.name,
      'edge',
    ])
    expect(loader.calls).toEqual(['Tom'])
  })

  test('answers its stale value where home fails, and asks home no more for a moment', async () => {
    let isDown = false
    const loader = countingLoader(() => {
      if (isDown) throw new Error('down')
      return text('old')
    })
    const { clock, nodesIn, ownerIn, wnam } = regionalCluster(loader.load, {
      staleIfErrorMs: 60_000,
    })
    await wnam.get('Tom')
    isDown = true
    clock.advance(60_000)
    for (const { group } of nodesIn('weur')) group.purgeLocally({ all: true })
    const home = vi.spyOn(ownerIn('weur').peer, 'get')

    const replies = [await wnam.get('Tom'), await wnam.get('Tom')]

    expect(replies.map(textOf)).toEqual(['old', 'old'])
    expect(home).toHaveBeenCalledTimes(1)
    expect(loader.calls).toHaveLength(2)
  })
})

test('a regional guest asks home as an owner does', async () => {
  const loader = countingLoader()
  const { holdersIn, ownerIn, weur, wnam } = regionalCluster(loader.load)
  await weur.get('Tom')
  ownerIn('wnam').peer.broken = true
  const [, guest] = holdersIn('wnam')

  const { path } = await wnam.get('Tom')

  expect(path).toEqual([
    { cache: ownerIn('weur').peer.name, hit: true, ttlMs: 60_000 },
    { cache: guest?.peer.name, fwd: 'miss' },
    { cache: 'edge', fwd: 'miss' },
  ])
  expect(loader.calls).toHaveLength(1)
})

describe('a region that is down', () => {
  test('being home, is stood in for by the regional owner, which loads by itself', async () => {
    const loader = countingLoader()
    const { nodesIn, ownerIn, wnam } = regionalCluster(loader.load)
    for (const { peer } of nodesIn('weur')) peer.broken = true

    const reply = await wnam.get('Tom')
    await wnam.get('Tom')

    expect(reply.path).toEqual([
      { cache: ownerIn('wnam').peer.name, fwd: 'miss', stored: true },
      { cache: 'edge', fwd: 'miss' },
    ])
    expect(loader.calls).toEqual(['Tom'])
    expect(ownerIn('wnam').group.stats).toMatchObject({ loads: 1, guestLoads: 0, peerErrors: 1 })
  })

  test('being home, takes from no stale value what was purged while home was asked in vain', async () => {
    const contexts: LoadContext[] = []
    const { clock, ownerIn, wnam } = regionalCluster(
      async (_, context) => {
        contexts.push(context)
        return { ...text('630'), originEtag: '"v1"' }
      },
      { staleIfErrorMs: 60_000 },
    )
    await wnam.get('Tom')
    clock.advance(60_000)
    const latch = Promise.withResolvers<never>()
    vi.spyOn(ownerIn('weur').peer, 'get').mockReturnValue(latch.promise)

    const get = wnam.get('Tom')
    await settle()
    ownerIn('wnam').group.purgeLocally({ keys: ['Tom'] })
    latch.reject(new PeerUnavailableError('home is down'))
    await get

    expect(contexts.map(({ stale }) => stale)).toEqual([undefined, undefined])
  })

  test('being another, leaves its readers to their edge, and no other region', async () => {
    const loader = countingLoader()
    const { nodesIn, wnam } = regionalCluster(loader.load)
    for (const { peer } of nodesIn('wnam')) peer.broken = true

    const reply = await wnam.get('Tom')

    expect(reply.path).toEqual([{ cache: 'edge', fwd: 'miss', detail: 'no-node' }])
    expect(loader.calls).toEqual(['Tom'])
    expect(wnam.stats).toMatchObject({ edgeLoads: 1, peerErrors: 3 })
  })
})

describe('a purge', () => {
  test('of a key takes its copies in all regions', async () => {
    const loader = countingLoader()
    const { apac, weur, wnam } = regionalCluster(loader.load)
    for (const edge of [weur, wnam, apac]) await edge.get('Tom')

    const report = await apac.purge({ keys: ['Tom'] })
    for (const edge of [weur, wnam, apac]) await edge.get('Tom')

    expect(report).toEqual({ ok: true, nodes: 9, entries: 3, failed: [] })
    expect(loader.calls).toHaveLength(2)
  })

  test.each([{ keys: ['Tom'] }, { all: true }, { tags: ['a'] }] as const)(
    '%j is over at home before it is told to any other region',
    async (purge) => {
      const { nodesIn, wnam } = regionalCluster(countingLoader().load)
      const latch = Promise.withResolvers<void>()
      const home = nodesIn('weur').map(({ peer }) => vi.spyOn(peer, 'purge'))
      const others = [...nodesIn('wnam'), ...nodesIn('apac')].map(({ peer }) =>
        vi.spyOn(peer, 'purge'),
      )
      for (const spy of home) {
        spy.mockImplementation(async () => {
          await latch.promise
          return 0
        })
      }
      const callsOf = (spies: typeof home) =>
        spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0)

      const purging = wnam.purge(purge)
      await settle()
      expect(callsOf(home)).toBe('keys' in purge ? 3 : 4)
      expect(callsOf(others)).toBe(0)
      latch.resolve()
      await purging

      expect(callsOf(others)).toBe('keys' in purge ? 6 : 8)
    },
  )

  test('names what it could not reach, region and all, and purges the others', async () => {
    const { ownerIn, nodesIn, weur, wnam } = regionalCluster(countingLoader().load)
    await wnam.get('Tom')
    for (const { peer } of nodesIn('apac')) peer.broken = true

    const report = await weur.purge({ all: true })

    const failed = NODES.map((name) => `apac/${name}`)
    expect(report).toEqual({ ok: false, nodes: 8, entries: 2, failed })
    expect(ownerIn('wnam').group.items).toBe(0)
  })
})

describe('a set', () => {
  test('from any region is made at home, and forgotten elsewhere', async () => {
    const loader = countingLoader()
    const { apac, ownerIn, weur, wnam } = regionalCluster(loader.load)
    for (const edge of [weur, wnam, apac]) await edge.get('Tom')

    expect(await apac.set('Tom', text('700'))).toBe('stored')

    expect(ownerIn('wnam').group.items).toBe(0)
    expect(ownerIn('apac').group.items).toBe(0)
    const replies = await Promise.all([weur, wnam, apac].map((edge) => edge.get('Tom')))
    expect(replies.map(textOf)).toEqual(['700', '700', '700'])
    expect(loader.calls).toHaveLength(1)
  })

  test('fails when a regional owner cannot be told, as that would go on with the old value', async () => {
    const { ownerIn, weur } = regionalCluster(countingLoader().load)
    ownerIn('apac').peer.broken = true

    await expect(weur.set('Tom', text('700'))).rejects.toMatchObject({
      code: 'peer-unavailable',
    })
  })

  test('fails when home cannot be reached, and changes nothing elsewhere', async () => {
    const { ownerIn, wnam } = regionalCluster(countingLoader().load)
    await wnam.get('Tom')
    ownerIn('weur').peer.broken = true

    await expect(wnam.set('Tom', text('700'))).rejects.toMatchObject({ code: 'peer-unavailable' })

    expect(ownerIn('wnam').group.items).toBe(1)
  })

  test('does not fail when only guests cannot be told: their copies end by themselves', async () => {
    const { holdersIn, wnam } = regionalCluster(countingLoader().load)
    for (const region of REGIONS) {
      for (const { peer } of holdersIn(region).slice(1)) peer.broken = true
    }

    expect(await wnam.set('Tom', text('700'))).toBe('stored')
  })
})

describe('while the ring changes', () => {
  test('each region hands over by itself, before home is asked', async () => {
    const loader = countingLoader()
    const cluster = createCluster(
      NODES,
      loader.load,
      { hotTtlMs: 0 },
      { regions: REGIONS, isResizable: true },
    )
    const keys = Array.from({ length: 200 }, (_, i) => `key-${i}`)
    const before = cluster.addEdge('wnam')
    for (const key of keys) await before.get(key)
    cluster.resize({ nodes: 6, nodesBefore: 4, regions: REGIONS })
    const { topology } = cluster
    const key = keys.find((key) => topology.previousOwnerIn('wnam', key)) as string

    const { path } = await cluster.addEdge('wnam').get(key)

    expect(path.map(({ cache }) => cache)).toEqual([
      topology.previousOwnerIn('wnam', key),
      topology.ownerIn('wnam', key),
      'edge',
    ])
    expect(loader.calls).toEqual(keys)
  })
})
