import { describe, expect, test, vi } from 'vitest'
import { purgeAtPeers } from '../../src/core/peers/fan-out.ts'
import { createCluster, FakePeer, pickerOf } from '../support/cluster.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { textOf } from '../support/group-factory.ts'
import { settle } from '../support/settle.ts'

const NODES = ['node-0', 'node-1', 'node-2', 'node-3', 'node-4']
const KEYS = Array.from({ length: 50 }, (_, i) => `key-${i}`)

/** A cluster with Tom as "old", whose owner is slow to do what it is told by the method. */
async function slowCluster(method: 'set' | 'purge') {
  const latch = Promise.withResolvers<void>()
  const cluster = createCluster(NODES, countingLoader(() => text('old')).load)
  const owner = cluster.node(cluster.ring.pick('Tom')).peer
  const call = owner[method].bind(owner) as (...args: unknown[]) => Promise<unknown>
  vi.spyOn(owner, method).mockImplementationOnce(async (...args: unknown[]) => {
    await latch.promise
    return call(...args) as never
  })
  return { cluster, latch }
}

describe('what the edge gets while a change is on its way', () => {
  test('is forgotten when a set is over', async () => {
    const { cluster, latch } = await slowCluster('set')

    const set = cluster.edge.set('Tom', text('new'))
    expect(textOf(await cluster.edge.get('Tom'))).toBe('old')
    latch.resolve()
    await set

    expect(textOf(await cluster.edge.get('Tom'))).toBe('new')
  })

  test('is forgotten when a purge is over', async () => {
    const { cluster, latch } = await slowCluster('purge')

    const purge = cluster.edge.purge({ keys: ['Tom'] })
    expect(textOf(await cluster.edge.get('Tom'))).toBe('old')
    latch.resolve()
    await purge

    expect(cluster.edge.items).toBe(0)
  })
})

describe('a purge of keys', () => {
  test('tells each node of its own keys only, and whether it is soft', async () => {
    const cluster = createCluster(NODES, countingLoader().load)
    const calls = new Map(NODES.map((name) => [name, vi.spyOn(cluster.node(name).peer, 'purge')]))

    await cluster.edge.purge({ keys: KEYS, soft: true })

    for (const name of NODES) {
      const keys = KEYS.filter((key) => cluster.ring.pickMany(key, 3).includes(name))
      expect(calls.get(name)?.mock.calls).toEqual([['scores', { keys, soft: true }]])
    }
  })

  test('names the nodes that it could not reach in order', async () => {
    const cluster = createCluster(NODES, countingLoader().load)
    for (const name of NODES) cluster.node(name).peer.broken = true

    const report = await cluster.edge.purge({ keys: KEYS.toReversed() })

    expect(report).toEqual({ ok: false, nodes: 0, entries: 0, failed: NODES })
  })
})

test('a purge of everything has sixteen calls under way at a time, and makes them all', async () => {
  const latches: PromiseWithResolvers<number>[] = []
  const peers = Array.from({ length: 20 }, (_, i) => new FakePeer(`node-${i}`, new Map()))
  for (const peer of peers) {
    vi.spyOn(peer, 'purge').mockImplementation(() => {
      const latch = Promise.withResolvers<number>()
      latches.push(latch)
      return latch.promise
    })
  }

  const purge = purgeAtPeers(pickerOf(peers), 'scores', { all: true })
  await settle()
  expect(latches).toHaveLength(16)
  latches[7]?.resolve(1)
  await settle()
  expect(latches).toHaveLength(17)
  for (let i = 0; i < 20; i++) {
    latches[i]?.resolve(1)
    await settle()
  }

  expect(await purge).toEqual({ ok: true, nodes: 20, entries: 20, failed: [] })
})

describe('a set', () => {
  test('is over when both guests have forgotten what they held, not before', async () => {
    const cluster = createCluster(NODES, countingLoader().load, { hotTtlMs: 60_000 })
    const [, ...guests] = cluster.ring.pickMany('Tom', 3)
    for (const name of guests) await cluster.node(name).peer.get('scores', 'Tom')
    const latch = Promise.withResolvers<number>()
    const slow = cluster.node(guests[0] as string).peer
    const purge = slow.purge.bind(slow)
    vi.spyOn(slow, 'purge').mockImplementation(async (...args) => {
      await latch.promise
      return purge(...args)
    })
    const over = vi.fn()

    const set = cluster.edge.set('Tom', text('700')).then(over)
    await settle()
    expect(over).not.toHaveBeenCalled()
    latch.resolve(0)
    await set

    expect(guests.map((name) => cluster.node(name).group.items)).toEqual([0, 0])
  })
})
