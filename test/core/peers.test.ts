import { describe, expect, test, vi } from 'vitest'
import { createCluster } from '../support/cluster.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { textOf } from '../support/group-factory.ts'

const NODES = ['node-0', 'node-1', 'node-2', 'node-3']
const KEYS = Array.from({ length: 200 }, (_, i) => `key-${i}`)

describe('a group at the edge, with peers', () => {
  test('200 keys over 4 nodes are loaded where the ring says, and cached there', async () => {
    const loader = countingLoader()
    const cluster = createCluster(NODES, loader.load, { hotTtlMs: 0 })

    for (const key of KEYS) {
      const { path } = await cluster.edge.get(key)
      expect(path).toEqual([
        { cache: cluster.ring.pick(key), fwd: 'miss', stored: true },
        { cache: 'edge', fwd: 'miss' },
      ])
    }
    for (const key of KEYS) {
      const reply = await cluster.edge.get(key)
      expect(textOf(reply)).toBe(`value of ${key}`)
      expect(reply.path[0]).toMatchObject({ cache: cluster.ring.pick(key), hit: true })
    }

    expect(loader.calls).toEqual(KEYS)
    for (const name of NODES) {
      const owned = KEYS.filter((key) => cluster.ring.pick(key) === name)
      expect(cluster.node(name).group).toMatchObject({ items: owned.length })
      expect(cluster.node(name).group.stats).toMatchObject({
        loads: owned.length,
        hits: owned.length,
      })
    }
    expect(cluster.edge.stats).toMatchObject({ gets: 400, hits: 0, peerLoads: 400, peerErrors: 0 })
  })

  test('when a node breaks, its keys are loaded once more by guests, and no others are', async () => {
    const loader = countingLoader()
    const cluster = createCluster(NODES, loader.load, { hotTtlMs: 10_000 })
    for (const key of KEYS) await cluster.edge.get(key)
    cluster.clock.advance(10_000)
    const lost = KEYS.filter((key) => cluster.ring.pick(key) === 'node-2')
    loader.calls.length = 0

    cluster.node('node-2').peer.broken = true
    const replies = new Map<string, Awaited<ReturnType<typeof cluster.edge.get>>>()
    for (const key of KEYS) replies.set(key, await cluster.edge.get(key))
    for (const key of KEYS) await cluster.edge.get(key)

    expect(lost.length).toBeGreaterThan(20)
    expect(loader.calls).toEqual(lost)
    for (const [key, reply] of replies) expect(textOf(reply)).toBe(`value of ${key}`)
    for (const key of lost) {
      const [, guest] = cluster.ring.pickMany(key, 2)
      expect(replies.get(key)?.path).toEqual([
        { cache: guest, fwd: 'miss', stored: true, detail: 'guest' },
        { cache: 'edge', fwd: 'miss' },
      ])
    }
    expect(cluster.edge.stats.peerErrors).toBe(lost.length)
  })

  test('when owner and guests are broken, the edge loads, and says that no node could', async () => {
    const loader = countingLoader()
    const cluster = createCluster(NODES, loader.load)
    for (const name of NODES) cluster.node(name).peer.broken = true

    const reply = await cluster.edge.get('Tom')
    const again = await cluster.edge.get('Tom')

    expect(reply.path).toEqual([{ cache: 'edge', fwd: 'miss', stored: true, detail: 'no-node' }])
    expect(again.path).toEqual([{ cache: 'edge', hit: true, ttlMs: 1_000, detail: 'no-node' }])
    expect(loader.calls).toEqual(['Tom'])
    expect(cluster.edge.stats).toMatchObject({ peerErrors: 3, edgeLoads: 1, loads: 1 })
  })

  test('"not found" crosses nodes as "not found", with one load and no fallback', async () => {
    const loader = countingLoader(() => ({ kind: 'not-found' }))
    const cluster = createCluster(NODES, loader.load)

    const reply = await cluster.edge.get('nobody')

    expect(reply).toMatchObject({ kind: 'not-found' })
    expect(loader.calls).toEqual(['nobody'])
    expect(cluster.edge.stats).toMatchObject({ peerLoads: 1, peerErrors: 0, loads: 0 })
  })

  test("a loader's failure at the owner is final: nobody else asks a sick origin again", async () => {
    const loader = countingLoader(() => {
      throw new Error('down')
    })
    const cluster = createCluster(NODES, loader.load)

    const reply = await cluster.edge.get('Tom')

    expect(reply).toMatchObject({ kind: 'failed', code: 'load-failed' })
    expect(reply.path.map(({ cache }) => cache)).toEqual([cluster.ring.pick('Tom'), 'edge'])
    expect(loader.calls).toEqual(['Tom'])
  })

  test('a bug in a peer is not taken for a node that is down: no fallback hides it', async () => {
    const loader = countingLoader()
    const cluster = createCluster(NODES, loader.load)
    const { peer } = cluster.node(cluster.ring.pick('Tom'))
    vi.spyOn(peer, 'get').mockRejectedValue(new TypeError('a bug'))

    await expect(cluster.edge.get('Tom')).rejects.toThrow('a bug')
    expect(loader.calls).toEqual([])
  })

  test('a slow load at the owner is answered by the owner, in time, and is final', async () => {
    const loader = countingLoader(() => new Promise<never>(() => {}))
    const cluster = createCluster(NODES, loader.load, { timeoutMs: 100 })

    const get = cluster.edge.get('Tom')
    cluster.clock.advance(100)

    expect(await get).toMatchObject({ kind: 'failed', code: 'load-timeout' })
    expect(loader.calls).toEqual(['Tom'])
  })

  test('a node asked for a key of another serves it as a guest, and asks nobody', async () => {
    const loader = countingLoader()
    const cluster = createCluster(NODES, loader.load)
    const [, , stranger] = cluster.ring.pickMany('Tom', 3) as [string, string, string]

    const reply = await cluster.node(stranger).peer.get('scores', 'Tom')

    expect(reply.path).toEqual([{ cache: stranger, fwd: 'miss', stored: true, detail: 'guest' }])
    expect(loader.calls).toEqual(['Tom'])
  })
})

describe('hot copies', () => {
  test('answer for hotTtl without asking the owner, counted from when the edge asked', async () => {
    let release = (): void => {}
    const loader = countingLoader(
      () =>
        new Promise((resolve) => {
          release = () => resolve(text('630'))
        }),
    )
    const cluster = createCluster(NODES, loader.load)

    const cold = cluster.edge.get('Tom')
    cluster.clock.advance(300)
    release()
    await cold
    const hot = await cluster.edge.get('Tom')
    cluster.clock.advance(700)
    const asked = await cluster.edge.get('Tom')

    expect(hot.path).toEqual([{ cache: 'edge', hit: true, ttlMs: 700 }])
    expect(asked.path[0]).toMatchObject({ hit: true, ttlMs: 59_300 })
    expect(cluster.edge.stats).toMatchObject({ gets: 3, hits: 1, peerLoads: 2 })
    expect(loader.calls).toEqual(['Tom'])
  })

  test("never outlive the owner's entry", async () => {
    const cluster = createCluster(NODES, countingLoader().load, { ttlMs: 400, hotTtlMs: 1_000 })

    await cluster.edge.get('Tom')
    const hot = await cluster.edge.get('Tom')
    cluster.clock.advance(400)
    const after = await cluster.edge.get('Tom')

    expect(hot.path).toEqual([{ cache: 'edge', hit: true, ttlMs: 400 }])
    expect(after.path[0]).toMatchObject({ fwd: 'miss' })
  })

  test('are never stale: to answer with an old value is for its owner to decide', async () => {
    const loader = countingLoader()
    const options = { ttlMs: 400, hotTtlMs: 1_000, staleWhileRevalidateMs: 10_000 }
    const cluster = createCluster(NODES, loader.load, options)
    await cluster.edge.get('Tom')
    cluster.clock.advance(400)

    const { path } = await cluster.edge.get('Tom')

    expect(path).toEqual([
      { cache: cluster.ring.pick('Tom'), fwd: 'stale', ttlMs: 0 },
      { cache: 'edge', fwd: 'miss' },
    ])
    expect(cluster.edge.stats.edgeLoads).toBe(0)
    expect(loader.calls).toEqual(['Tom', 'Tom'])
  })

  test('are not kept at all with a hotTtl of zero', async () => {
    const cluster = createCluster(NODES, countingLoader().load, { hotTtlMs: 0 })

    await cluster.edge.get('Tom')
    const reply = await cluster.edge.get('Tom')

    expect(reply.path.map(({ cache }) => cache)).toEqual([cluster.ring.pick('Tom'), 'edge'])
    expect(cluster.edge.items).toBe(0)
  })
})
