import { describe, expect, test, vi } from 'vitest'
import { createCluster, type FakePeer } from '../support/cluster.ts'
import { countingLoader } from '../support/counting-loader.ts'
import { bytes, expectNoneTwice, keysOf, lengthsOf, SMALL_ROOM } from '../support/sized-values.ts'

const NODES = ['node-0', 'node-1', 'node-2', 'node-3']
const LARGE = { maxValueBytes: 8_000 }
const NOT_FOUND = { kind: 'not-found' } as const

describe('a batch across nodes', () => {
  test('of many large values loads one in each node, answers one, and evicts little', async () => {
    const loader = countingLoader((key) => bytes(key.startsWith('key') ? 5_000 : 10))
    const cluster = createCluster(NODES, loader.load, { ...LARGE, hotTtlMs: 0 })
    const small = Array.from({ length: 20 }, (_, i) => `small-${i}`)
    await cluster.edge.getMany(small)
    loader.calls.length = 0

    const replies = await cluster.edge.getMany(keysOf(100), SMALL_ROOM)

    expect(lengthsOf(replies)).toEqual([5_000, ...Array(99).fill(undefined)])
    // One more where the first value is: it does not say how large those behind it are.
    expect(loader.calls).toHaveLength(NODES.length + 1)
    expectNoneTwice(loader)
    loader.calls.length = 0
    await cluster.edge.getMany(small)
    expect(loader.calls).toEqual([])
  })

  test('answers a large first value and small ones that fit beside it', async () => {
    const loader = countingLoader((key) => bytes(key === 'key-0' ? 3_500 : 10))
    const cluster = createCluster(NODES, loader.load, LARGE)

    const replies = await cluster.edge.getMany(keysOf(20), SMALL_ROOM)

    expect(lengthsOf(replies)).toEqual([3_500, ...Array(19).fill(10)])
    expectNoneTwice(loader)
  })

  test('gives a value that exceeds its share the room that others have left, without a load', async () => {
    const loader = countingLoader((key) => bytes(key === 'key-7' ? 3_000 : 10))
    const cluster = createCluster(NODES, loader.load, LARGE)

    const replies = await cluster.edge.getMany(keysOf(12), SMALL_ROOM)

    expect(lengthsOf(replies)).toEqual(keysOf(12).map((key) => (key === 'key-7' ? 3_000 : 10)))
    expectNoneTwice(loader)
  })

  test('whose first key is not found has room for another large value', async () => {
    const loader = countingLoader((key) => (key === 'key-0' ? { kind: 'not-found' } : bytes(5_000)))
    const cluster = createCluster(NODES, loader.load, LARGE)

    const replies = await cluster.edge.getMany(keysOf(4), SMALL_ROOM)

    expect(lengthsOf(replies).filter((length) => length === 5_000)).toHaveLength(1)
    expectNoneTwice(loader)
  })

  test('asks each owner once where all values fit, however unevenly the keys are spread', async () => {
    const loader = countingLoader(() => bytes(40))
    const cluster = createCluster(NODES, loader.load, LARGE)
    const asked = NODES.map((name) => vi.spyOn(cluster.node(name).peer, 'getMany'))

    const replies = await cluster.edge.getMany(keysOf(100), SMALL_ROOM)

    expect(lengthsOf(replies)).toEqual(Array(100).fill(40))
    for (const calls of asked) expect(calls).toHaveBeenCalledOnce()
  })

  test('does not let hot copies take the room of its first key', async () => {
    const loader = countingLoader((key) => bytes(key === 'cold' ? 5_000 : 1_000))
    const cluster = createCluster(NODES, loader.load, LARGE)
    await cluster.edge.getMany(keysOf(4), SMALL_ROOM)

    const replies = await cluster.edge.getMany(['cold', ...keysOf(4)], SMALL_ROOM)

    expect(lengthsOf(replies)).toEqual([5_000, 1_000, 1_000, 1_000, undefined])
    expectNoneTwice(loader)
  })

  test('loads a few large values in each node, though small ones came before', async () => {
    const isLarge = new Set<string>()
    const loader = countingLoader((key) => (isLarge.has(key) ? bytes(5_000) : NOT_FOUND))
    const cluster = createCluster(NODES, loader.load, { ...LARGE, hotTtlMs: 0 })
    const keys: string[] = []
    for (const owned of Map.groupBy(keysOf(1_000), (key) => cluster.ring.pick(key)).values()) {
      keys.push(...owned.slice(0, 62))
      for (const key of owned.slice(16, 62)) isLarge.add(key)
    }

    const replies = await cluster.edge.getMany(keys, SMALL_ROOM)

    expect(lengthsOf(replies).filter((length) => length === 'not-found')).toHaveLength(16 * 4)
    expect(loader.calls.filter((key) => isLarge.has(key)).length).toBeLessThanOrEqual(8 * 4)
    expectNoneTwice(loader)
  })

  test.each([
    ['stale while it is refreshed', { staleWhileRevalidateMs: 100_000 }],
    ['stale as its refresh fails', { staleIfErrorMs: 100_000 }],
  ])('answers a value above its share that is %s', async (_, life) => {
    let isDown = false
    const loader = countingLoader((key) => {
      if (isDown && key === 'big') throw new Error('down')
      return bytes(key === 'big' ? 2_000 : 1)
    })
    const options = { ...LARGE, ...life, ttlMs: 1_000, hotTtlMs: 0 }
    const cluster = createCluster(NODES, loader.load, options)
    const keys = [...keysOf(99), 'big']
    await cluster.edge.getMany(keys, SMALL_ROOM)
    cluster.clock.advance(2_000)
    isDown = true

    const replies = await cluster.edge.getMany(keys, SMALL_ROOM)

    expect(lengthsOf(replies)).toEqual([...Array(99).fill(1), 2_000])
    expect(loader.calls.filter((key) => key === 'big')).toHaveLength(2)
  })

  test('counts each key once in its node, also the one that was asked for again', async () => {
    const loader = countingLoader((key) => bytes(key === 'big' ? 2_000 : 1))
    const cluster = createCluster(NODES, loader.load, { ...LARGE, hotTtlMs: 0 })
    const keys = [...keysOf(99), 'big']
    const sumOf = (name: 'gets' | 'hits') =>
      NODES.reduce((sum, node) => sum + cluster.node(node).group.stats[name], 0)

    await cluster.edge.getMany(keys, SMALL_ROOM)
    expect([sumOf('gets'), sumOf('hits')]).toEqual([100, 0])
    const replies = await cluster.edge.getMany(keys, SMALL_ROOM)
    expect([sumOf('gets'), sumOf('hits')]).toEqual([200, 100])

    expect(lengthsOf(replies)).toEqual([...Array(99).fill(1), 2_000])
  })

  test('asks no guest and no loader for what an owner left out', async () => {
    const loader = countingLoader(() => bytes(5_000, { ttlMs: 0 }))
    const cluster = createCluster(NODES, loader.load, LARGE)
    const broken = cluster.ring.pick('key-0')
    cluster.node(broken).peer.broken = true

    const replies = await cluster.edge.getMany(keysOf(40), SMALL_ROOM)

    expect(lengthsOf(replies)).toEqual([5_000, ...Array(39).fill(undefined)])
    expectNoneTwice(loader)
    expect(cluster.edge.stats.edgeLoads).toBe(0)
  })

  test('that no node can serve is loaded at the edge, within the room, each key once', async () => {
    const loader = countingLoader(() => bytes(5_000, { ttlMs: 0 }))
    const cluster = createCluster(NODES, loader.load, LARGE)
    for (const name of NODES) cluster.node(name).peer.broken = true

    const replies = await cluster.edge.getMany(keysOf(40), SMALL_ROOM)

    expect(lengthsOf(replies)).toEqual([5_000, ...Array(39).fill(undefined)])
    expect(loader.calls).toHaveLength(3)
    expectNoneTwice(loader)
  })

  test.each([60_000, 0])('asked for again until all are there ends, with ttl %d', async (ttlMs) => {
    const loader = countingLoader((key) => bytes(key === 'key-3' ? 9_000 : 3_000, { ttlMs }))
    const options = { ...LARGE, hotTtlMs: 0 }
    const cluster = createCluster(NODES, loader.load, options)

    let remaining = keysOf(20)
    const answered: string[] = []
    for (let batches = 0; remaining.length > 0; batches++) {
      expect(batches).toBeLessThan(20)
      const replies = await cluster.edge.getMany(remaining, SMALL_ROOM)
      answered.push(...remaining.filter((_, i) => replies[i] !== null))
      remaining = remaining.filter((_, i) => replies[i] === null)
    }

    expect(answered.toSorted()).toEqual(keysOf(20).sort())
    if (ttlMs > 0) expectNoneTwice({ ...loader, calls: loader.calls.filter((k) => k !== 'key-3') })
  })

  test('gets along with nodes that do not know of a first value, or of what is held alone', async () => {
    const loader = countingLoader((key) => bytes(key === 'key-0' ? 3_000 : 10))
    const cluster = createCluster(NODES, loader.load, LARGE)
    for (const name of NODES) ageOf(cluster.node(name).peer)

    const replies = await cluster.edge.getMany(keysOf(20), SMALL_ROOM)

    expect(lengthsOf(replies)).toEqual([3_000, ...Array(19).fill(10)])
    expectNoneTwice(loader)
  })
})

/** Makes the peer a node of the earlier version, which looks at `maxBytes` alone. */
function ageOf(peer: FakePeer): void {
  const getMany = peer.getMany.bind(peer)
  vi.spyOn(peer, 'getMany').mockImplementation((group, keys, { maxBytes }) =>
    getMany(group, keys, { maxBytes }),
  )
}
