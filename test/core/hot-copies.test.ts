/** What the edge does with its hot copies: which it takes, when it renews them, and how long it keeps them. */

import { describe, expect, test, vi } from 'vitest'
import { PeerUnavailableError } from '../../src/core/errors.ts'
import { HOT_EVICTION } from '../../src/core/eviction/policies.ts'
import type { Group } from '../../src/core/group/group.ts'
import { createCluster } from '../support/cluster.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { createTestGroup, EDGE, textOf } from '../support/group-factory.ts'
import { settle } from '../support/settle.ts'

const NODES = ['node-0', 'node-1', 'node-2']

describe('a full hot cache', () => {
  /** Room for twenty small entries, two of them in the queue in which new ones prove themselves. */
  const MAX_BYTES = 25_000

  function fullEdge(options = {}) {
    const { load, calls } = countingLoader()
    const cluster = createCluster(NODES, load)
    const { group, clock } = createTestGroup({
      loader: load,
      clock: cluster.clock,
      placement: EDGE,
      maxBytes: MAX_BYTES,
      eviction: HOT_EVICTION,
      options: { hotTtlMs: 60_000, ...options },
    })
    group.registerPeers(cluster.peersIn(''))
    return { group, clock, calls }
  }

  async function isHot(group: Group, key: string): Promise<boolean> {
    return (await group.get(key)).path[0]?.cache === 'edge'
  }

  test('keeps what is asked for often while a row of keys is asked for once', async () => {
    const { group } = fullEdge()
    for (const key of ['a', 'b', 'a', 'b', 'a', 'b']) await group.get(key)

    for (let i = 0; i < 50; i++) await group.get(`once-${i}`)

    const bytes = group.bytes
    expect([await isHot(group, 'a'), await isHot(group, 'b')]).toEqual([true, true])
    expect(group.stats.evictions.capacity).toBeGreaterThan(0)
    expect(bytes).toBeLessThanOrEqual(MAX_BYTES)
  })

  test('takes a new key at once, and answers it until its `hotTtl`', async () => {
    const { group } = fullEdge()
    for (let i = 0; i < 50; i++) await group.get(`once-${i}`)

    await group.get('new')

    expect(await isHot(group, 'new')).toBe(true)
  })

  test('makes room out of copies that have ended, and never answers one', async () => {
    const { group, clock } = fullEdge({ hotTtlMs: 1_000 })
    const keys = Array.from({ length: 20 }, (_, i) => `key-${i}`)
    for (let round = 0; round < 3; round++) for (const key of keys) await group.get(key)
    clock.advance(1_000)

    const hot = []
    for (const key of keys) hot.push(await isHot(group, key))

    expect(hot).toEqual(keys.map(() => false))
    expect(await isHot(group, 'key-19')).toBe(true)
    expect(group.bytes).toBeLessThanOrEqual(MAX_BYTES)
  })
})

describe('a hot copy near its end', () => {
  /** An edge whose calls to nodes take 20 ms, and hits on a copy that ends after a second. */
  async function hotEdge(random: () => number, options = {}) {
    const loader = countingLoader()
    const cluster = createCluster(NODES, loader.load, { hotTtlMs: 1_000, ...options })
    const { group } = createTestGroup({
      loader: loader.load,
      clock: cluster.clock,
      placement: EDGE,
      random,
      options: { hotTtlMs: 1_000 },
    })
    const owner = cluster.node(cluster.ring.pick('Tom')).peer
    const get = owner.get.bind(owner)
    const calls = vi.spyOn(owner, 'get').mockImplementation(async (...asked) => {
      cluster.clock.advance(20)
      return get(...asked)
    })
    group.registerPeers(cluster.peersIn(''))
    await group.get('Tom')
    return { group, cluster, calls }
  }

  test('is renewed behind the answer by one get, and not by those that come meanwhile', async () => {
    // -20 ms * ln(1 - 0.9) is 46 ms before the end.
    const { group, cluster, calls } = await hotEdge(() => 0.9)
    cluster.clock.advance(940)

    const replies = [group.get('Tom'), group.get('Tom'), group.get('Tom')]

    expect(await Promise.all(replies)).toMatchObject(
      Array(3).fill({ path: [{ cache: 'edge', hit: true }] }),
    )
    await settle()
    expect(calls).toHaveBeenCalledTimes(2)
    // Past the end of the first copy.
    cluster.clock.advance(300)
    expect((await group.get('Tom')).path).toMatchObject([{ cache: 'edge', hit: true }])
    expect(calls).toHaveBeenCalledTimes(2)
  })

  test('is not renewed early: a moment before it is too soon', async () => {
    const { group, cluster, calls } = await hotEdge(() => 0.9)
    cluster.clock.advance(930)

    await group.get('Tom')
    await settle()

    expect(calls).toHaveBeenCalledTimes(1)
  })

  test('is renewed by chance only', async () => {
    const { group, cluster, calls } = await hotEdge(() => 0)
    cluster.clock.advance(979)

    await group.get('Tom')
    await settle()

    expect(calls).toHaveBeenCalledTimes(1)
  })

  test('is not renewed where its entry ends with it: the owner has nothing newer', async () => {
    const { group, cluster, calls } = await hotEdge(() => 0.9, { ttlMs: 500 })
    cluster.clock.advance(470)

    expect((await group.get('Tom')).path).toMatchObject([{ cache: 'edge', hit: true }])
    await settle()

    expect(calls).toHaveBeenCalledTimes(1)
  })
})

describe('an edge that reaches no node', () => {
  function isolated(options = {}) {
    const loader = countingLoader(() => text('630'))
    const cluster = createCluster(NODES, loader.load, {
      hotTtlMs: 1_000,
      ttlMs: 10_000,
      staleIfErrorMs: 20_000,
      ...options,
    })
    const cutOff = (isBroken: boolean) => {
      for (const name of NODES) cluster.node(name).peer.broken = isBroken
    }
    return { cluster, loader, cutOff }
  }

  test('goes on with its hot copy past hotTtl, for as long as staleIfError allows, with no load', async () => {
    const { cluster, loader, cutOff } = isolated()
    await cluster.edge.get('Tom')
    cutOff(true)

    cluster.clock.advance(29_999)
    const kept = await cluster.edge.get('Tom')

    expect(textOf(kept)).toBe('630')
    expect(kept.path).toEqual([{ cache: 'edge', hit: true, ttlMs: -28_999 }])
    expect(cluster.edge.stats.stale).toBe(1)
    expect(loader.calls).toHaveLength(1)
    cluster.clock.advance(1)
    expect((await cluster.edge.get('Tom')).path).toMatchObject([{ detail: 'no-node' }])
    expect(loader.calls).toHaveLength(2)
  })

  test('has a copy to go on with though the answer took longer than hotTtl', async () => {
    const { cluster, loader, cutOff } = isolated()
    const owner = cluster.node(cluster.ring.pick('Tom')).peer
    const get = owner.get.bind(owner)
    vi.spyOn(owner, 'get').mockImplementationOnce(async (...asked) => {
      const reply = await get(...asked)
      cluster.clock.advance(1_500)
      return reply
    })
    await cluster.edge.get('Tom')

    cutOff(true)

    expect((await cluster.edge.get('Tom')).path).toMatchObject([{ cache: 'edge', hit: true }])
    expect(loader.calls).toHaveLength(1)
  })

  test('asks the owner again as soon as that can be reached', async () => {
    const { cluster, cutOff } = isolated()
    await cluster.edge.get('Tom')
    cutOff(true)
    cluster.clock.advance(5_000)
    await cluster.edge.get('Tom')

    cutOff(false)

    expect((await cluster.edge.get('Tom')).path).toMatchObject([{ hit: true }, { cache: 'edge' }])
  })

  test('gives it in a batch as well', async () => {
    const { cluster, loader, cutOff } = isolated()
    await cluster.edge.get('Tom')
    cutOff(true)
    cluster.clock.advance(5_000)

    const [reply] = await cluster.edge.getMany(['Tom'])

    expect(reply?.path).toMatchObject([{ cache: 'edge', hit: true, ttlMs: -4_000 }])
    expect(loader.calls).toHaveLength(1)
  })

  test('does not go on with what was purged here', async () => {
    const { cluster, loader, cutOff } = isolated()
    await cluster.edge.get('Tom')
    cutOff(true)

    await cluster.edge.purge({ keys: ['Tom'] })

    expect((await cluster.edge.get('Tom')).path).toMatchObject([{ detail: 'no-node' }])
    expect(loader.calls).toHaveLength(2)
  })

  test('keeps nothing past hotTtl where staleIfError is 0', async () => {
    const { cluster, loader, cutOff } = isolated({ staleIfErrorMs: 0 })
    await cluster.edge.get('Tom')
    cutOff(true)
    cluster.clock.advance(1_000)

    await cluster.edge.get('Tom')

    expect(loader.calls).toHaveLength(2)
  })
})

test('what has come meanwhile, fresh, is no stale answer, though no node could be reached', async () => {
  const cluster = createCluster(NODES, countingLoader(() => text('630')).load)
  const latches: PromiseWithResolvers<never>[] = []
  const gets = NODES.map((name) =>
    vi.spyOn(cluster.node(name).peer, 'get').mockImplementation(() => {
      const latch = Promise.withResolvers<never>()
      latches.push(latch)
      return latch.promise
    }),
  )
  const waiting = cluster.edge.get('Tom')
  for (const get of gets) get.mockRestore()
  await cluster.edge.get('Tom')
  for (const name of NODES) cluster.node(name).peer.broken = true
  latches[0]?.reject(new PeerUnavailableError('down'))

  const reply = await waiting

  expect(reply.path).toEqual([{ cache: 'edge', hit: true, ttlMs: 1_000 }])
  expect(cluster.edge.stats.stale).toBe(0)
})
