import { describe, expect, test, vi } from 'vitest'
import { PeerUnavailableError } from '../../src/core/errors.ts'
import type { Reply } from '../../src/core/peers/peers.ts'
import { type Cluster, createCluster } from '../support/cluster.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { textOf } from '../support/group-factory.ts'

const NODES = ['node-0', 'node-1', 'node-2', 'node-3', 'node-4']
const KEYS = Array.from({ length: 50 }, (_, i) => `key-${i}`)

function textOfReply(reply: Reply | null): string {
  if (reply === null) throw new Error('There was no room for the value.')
  return textOf(reply)
}

function spyOnCalls(cluster: Cluster, method: 'getMany' | 'purge' | 'set') {
  return new Map(NODES.map((name) => [name, vi.spyOn(cluster.node(name).peer, method)]))
}

describe('purging across nodes', () => {
  test('a key goes to its owner and both guests, in one call each', async () => {
    const cluster = createCluster(NODES, countingLoader().load)
    await cluster.edge.get('Tom')
    const calls = spyOnCalls(cluster, 'purge')

    const report = await cluster.edge.purge({ keys: ['Tom', 'Tom'] })

    expect(report).toEqual({ ok: true, nodes: 3, entries: 1, failed: [] })
    const asked = NODES.filter((name) => calls.get(name)?.mock.calls.length === 1)
    expect(asked.sort()).toEqual(cluster.ring.pickMany('Tom', 3).sort())
  })

  test.each([{ tags: ['players'] }, { all: true }] as const)(
    '%j goes to every node',
    async (purge) => {
      const loader = countingLoader((key) => ({ ...text(key), tags: ['players'] }))
      const cluster = createCluster(NODES, loader.load)
      for (const key of KEYS) await cluster.edge.get(key)

      const report = await cluster.edge.purge(purge)
      for (const key of KEYS) await cluster.edge.get(key)

      expect(report).toEqual({ ok: true, nodes: 5, entries: 50, failed: [] })
      expect(loader.calls).toHaveLength(100)
    },
  )

  test('a node that cannot be reached is named, and the others are purged all the same', async () => {
    const loader = countingLoader()
    const cluster = createCluster(NODES, loader.load)
    for (const key of KEYS) await cluster.edge.get(key)
    cluster.node('node-3').peer.broken = true
    const lost = KEYS.filter((key) => cluster.ring.pick(key) === 'node-3')

    const report = await cluster.edge.purge({ all: true })

    expect(report).toEqual({ ok: false, nodes: 4, entries: 50 - lost.length, failed: ['node-3'] })
  })

  test("takes this place's own hot copies along, and copies still on their way", async () => {
    const latch = Promise.withResolvers<void>()
    const loader = countingLoader()
    const cluster = createCluster(NODES, loader.load)
    const owner = cluster.node(cluster.ring.pick('Tom')).peer
    const get = owner.get.bind(owner)
    // The owner's answer is slow to arrive.
    vi.spyOn(owner, 'get').mockImplementationOnce(async (group, key) => {
      const reply = await get(group, key)
      await latch.promise
      return reply
    })
    const onItsWay = cluster.edge.get('Tom')

    await cluster.edge.purge({ keys: ['Tom'] })
    latch.resolve()
    await onItsWay

    expect(cluster.edge.items).toBe(0)
    expect((await cluster.edge.get('Tom')).path[0]).toMatchObject({ fwd: 'miss' })
    expect(loader.calls).toHaveLength(2)
  })

  test('another edge isolate answers the old value no longer than hotTtl after the purge', async () => {
    let value = 'old'
    const loader = countingLoader(() => text(value))
    const cluster = createCluster(NODES, loader.load, { hotTtlMs: 1_000 })
    const other = cluster.addEdge()
    await other.get('Tom')
    cluster.clock.advance(900)
    value = 'new'

    await cluster.edge.purge({ keys: ['Tom'] })

    expect(textOf(await other.get('Tom'))).toBe('old')
    cluster.clock.advance(100)
    expect(textOf(await other.get('Tom'))).toBe('new')
  })
})

describe('setting across nodes', () => {
  test('the owner gets the value, and the guests forget theirs', async () => {
    const cluster = createCluster(NODES, countingLoader().load, { hotTtlMs: 60_000 })
    const [owner, guest] = cluster.ring.pickMany('Tom', 2) as [string, string]
    await cluster.node(guest).peer.get('scores', 'Tom')
    await cluster.edge.get('Tom')

    expect(await cluster.edge.set('Tom', text('700'))).toBe('stored')

    expect(textOf(await cluster.edge.get('Tom'))).toBe('700')
    expect(textOf(await cluster.node(owner).group.get('Tom'))).toBe('700')
    expect(cluster.node(guest).group.items).toBe(0)
  })

  test.each([0, 1, 2])('fails when holder %i of three cannot be reached', async (holder) => {
    const cluster = createCluster(NODES, countingLoader().load)
    const holders = cluster.ring.pickMany('Tom', 3)
    cluster.node(holders[holder] as string).peer.broken = true

    await expect(cluster.edge.set('Tom', text('700'))).rejects.toThrow(PeerUnavailableError)
  })

  test('that fails for a guest is the value at the owner, and none is left in this isolate', async () => {
    const loader = countingLoader()
    const cluster = createCluster(NODES, loader.load)
    await cluster.edge.get('Tom')
    const [, guest, second] = cluster.ring.pickMany('Tom', 3) as [string, string, string]
    await cluster.node(second).peer.get('scores', 'Tom')
    cluster.node(guest).peer.broken = true

    await cluster.edge.set('Tom', text('700')).catch(() => {})

    expect(cluster.edge.items).toBe(0)
    expect(cluster.node(second).group.items).toBe(0)
    expect(textOf(await cluster.edge.get('Tom'))).toBe('700')
    expect(loader.calls).toEqual(['Tom', 'Tom'])
  })

  test('does not fail for a guest where guests hold nothing', async () => {
    const cluster = createCluster(NODES, countingLoader().load, { hotTtlMs: 0 })
    const [, guest] = cluster.ring.pickMany('Tom', 2) as [string, string]
    cluster.node(guest).peer.broken = true

    expect(await cluster.edge.set('Tom', text('700'))).toBe('stored')
  })
})

describe('getMany', () => {
  test('asks each owner once, and answers in the order asked, duplicates and all', async () => {
    const loader = countingLoader()
    const cluster = createCluster(NODES, loader.load)
    const calls = spyOnCalls(cluster, 'getMany')

    const replies = await cluster.edge.getMany([...KEYS, 'key-0'])

    expect(replies.map(textOfReply)).toEqual([...KEYS, 'key-0'].map((key) => `value of ${key}`))
    for (const name of NODES) expect(calls.get(name)).toHaveBeenCalledTimes(1)
    expect(loader.calls.sort()).toEqual([...KEYS].sort())
    expect(replies[0]?.path).toEqual([
      { cache: cluster.ring.pick('key-0'), fwd: 'miss', stored: true },
      { cache: 'edge', fwd: 'miss' },
    ])
  })

  test('takes what is hot from memory, and keeps hot what it gets', async () => {
    const cluster = createCluster(NODES, countingLoader().load)
    const calls = spyOnCalls(cluster, 'getMany')
    await cluster.edge.getMany(KEYS)
    const again = await cluster.edge.getMany(KEYS)

    for (const reply of again) expect(reply?.path).toMatchObject([{ cache: 'edge', hit: true }])
    for (const name of NODES) expect(calls.get(name)).toHaveBeenCalledTimes(1)
  })

  test('has an answer of its own for each key', async () => {
    const loader = countingLoader((key) => {
      if (key === 'bad') throw new Error('down')
      return key === 'nobody' ? { kind: 'not-found' } : text(key)
    })
    const cluster = createCluster(NODES, loader.load)

    const replies = await cluster.edge.getMany(['good', 'bad', 'nobody'])

    expect(replies.map((reply) => reply?.kind)).toEqual(['value', 'failed', 'not-found'])
    expect(loader.calls).toHaveLength(3)
  })

  test("asks guests for a broken owner's keys, and loads itself what no node can", async () => {
    const loader = countingLoader()
    const cluster = createCluster(NODES, loader.load)
    cluster.node('node-1').peer.broken = true

    const replies = await cluster.edge.getMany(KEYS)

    expect(replies.map(textOfReply)).toEqual(KEYS.map((key) => `value of ${key}`))
    expect(loader.calls).toHaveLength(50)
    expect(cluster.edge.stats).toMatchObject({ peerErrors: 1, edgeLoads: 0 })

    for (const name of NODES) cluster.node(name).peer.broken = true
    cluster.clock.advance(1_000)
    const [alone] = await cluster.edge.getMany(['key-0'])
    expect(alone?.path).toMatchObject([{ cache: 'edge', fwd: 'miss', detail: 'no-node' }])
  })

  test('leaves out what has no room, at the edge and in the nodes, and loads little in vain', async () => {
    const loader = countingLoader((key) => text('x'.repeat(key === 'small' ? 10 : 1_000)))
    const cluster = createCluster(['node-0'], loader.load, { hotTtlMs: 0 })
    const keys = Array.from({ length: 300 }, (_, i) => `key-${i}`)

    const replies = await cluster.edge.getMany(['small', ...keys], { maxBytes: 5_500 })

    expect(replies.filter((reply) => reply !== null)).toHaveLength(6)
    expect(textOfReply(replies[0] ?? null)).toBe('x'.repeat(10))
    expect(loader.calls.length).toBeLessThanOrEqual(2 * 64)
    expect((await cluster.edge.getMany(['key-299'], { maxBytes: 5_500 }))[0]).toMatchObject({
      kind: 'value',
    })
  })

  test('leaves out one large value, and none of the small ones behind it', async () => {
    const loader = countingLoader((key) => text('x'.repeat(key === 'big' ? 1_900 : 5)))
    const cluster = createCluster(['node-0'], loader.load, { hotTtlMs: 0, maxValueBytes: 4_096 })

    const replies = await cluster.edge.getMany(['big', ...KEYS, 'big'], { maxBytes: 1_800 })

    expect(replies.map((reply) => reply === null)).toEqual([true, ...KEYS.map(() => false), true])
  })

  test('does not crowd out itself: no more loads than are allowed, and none refused', async () => {
    const loader = countingLoader()
    const cluster = createCluster(['node-0'], loader.load, {}, { maxLoads: 2 })

    const replies = await cluster.edge.getMany(KEYS)

    expect(replies.map((reply) => reply?.kind)).toEqual(KEYS.map(() => 'value'))
  })

  test('charges a key that is asked for again', async () => {
    const loader = countingLoader(() => text('x'.repeat(1_000)))
    const cluster = createCluster(['node-0'], loader.load)

    const replies = await cluster.edge.getMany(Array(10).fill('Tom'), { maxBytes: 3_500 })

    expect(replies.filter((reply) => reply !== null)).toHaveLength(3)
    expect(loader.calls).toHaveLength(1)
  })

  test('counts hot copies into the room too', async () => {
    const loader = countingLoader(() => text('x'.repeat(1_000)))
    const cluster = createCluster(NODES, loader.load)
    await cluster.edge.getMany(KEYS)

    const replies = await cluster.edge.getMany(KEYS, { maxBytes: 2_500 })

    expect(replies.filter((reply) => reply !== null)).toHaveLength(2)
  })

  test('of no keys asks nobody', async () => {
    const cluster = createCluster(NODES, countingLoader().load)

    expect(await cluster.edge.getMany([])).toEqual([])
  })
})
