import { describe, expect, test } from 'vitest'
import { HALF_LIFE_MS } from '../../src/core/stats/hot-keys.ts'
import { createCluster } from '../support/cluster.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { createTestGroup } from '../support/group-factory.ts'
import { latchedLoader } from '../support/latched-loader.ts'

const NODES = ['node-0', 'node-1', 'node-2', 'node-3']

function hot(key: string, gets: number) {
  return { key, gets, overcount: 0 }
}

describe('a get counts towards the hot keys of a node', () => {
  test('when it is a hit, and when it loads', async () => {
    const { group } = createTestGroup({ loader: countingLoader().load })

    await group.get('Tom')
    expect(group.hottestKeys()).toEqual([hot('Tom', 1)])
    await group.get('Tom')
    await group.get('Jack')

    expect(group.stats).toMatchObject({ hits: 1, loads: 2 })
    expect(group.hottestKeys()).toEqual([hot('Tom', 2), hot('Jack', 1)])
  })

  test('when it joins a load', async () => {
    const loader = latchedLoader()
    const { group } = createTestGroup({ loader: loader.load })

    const gets = Array.from({ length: 10 }, () => group.get('Tom'))
    loader.answer(0, text('630'))
    await Promise.all(gets)

    expect(group.stats).toMatchObject({ loads: 1, loadsCoalesced: 9 })
    expect(group.hottestKeys()).toEqual([hot('Tom', 10)])
  })

  test('when it is answered with a stale value, whose refresh counts for nothing', async () => {
    const { clock, group } = createTestGroup({
      loader: countingLoader().load,
      options: { ttlMs: HALF_LIFE_MS, staleWhileRevalidateMs: 1_000 },
    })
    await group.get('Tom')
    clock.advance(HALF_LIFE_MS)

    group.get('Tom')

    expect(group.stats).toMatchObject({ stale: 1 })
    expect(group.hottestKeys()).toEqual([hot('Tom', 1.5)])
  })

  test('when a stale value is answered instead of a failure', async () => {
    const loader = latchedLoader()
    const { clock, group } = createTestGroup({
      loader: loader.load,
      options: { ttlMs: HALF_LIFE_MS, staleIfErrorMs: 1_000 },
    })
    const first = group.get('Tom')
    loader.answer(0, text('630'))
    await first
    clock.advance(HALF_LIFE_MS)

    const stale = group.get('Tom')
    loader.fail(1)
    await stale

    expect(group.stats).toMatchObject({ stale: 1, loadErrors: 1 })
    expect(group.hottestKeys()).toEqual([hot('Tom', 1.5)])
  })

  test('when there is no value, or no answer: such keys make work too', async () => {
    const loader = countingLoader((key) => {
      if (key === 'broken') throw new Error('down')
      return { kind: 'not-found' }
    })
    const { group } = createTestGroup({ loader: loader.load })

    await group.get('nobody')
    await group.get('nobody')
    await group.get('broken')

    expect(group.hottestKeys()).toEqual([hot('nobody', 2), hot('broken', 1)])
  })

  test('when it is one of many, each once, however often it is named', async () => {
    const { group } = createTestGroup({ loader: countingLoader().load })

    await group.getMany(['Jack', 'Tom', 'Tom'])
    await group.getMany(['Tom'])

    expect(group.hottestKeys()).toEqual([hot('Tom', 2), hot('Jack', 1)])
  })

  test('but not a value that is set, or purged', async () => {
    const { group } = createTestGroup({ loader: countingLoader().load })

    await group.set('Tom', text('630'))
    await group.purge({ keys: ['Tom'] })

    expect(group.hottestKeys()).toEqual([])
  })
})

describe('a get counts towards the hot keys of the edge', () => {
  test('when it is a hit there, not when a node answers it, where it counts instead', async () => {
    const { clock, edge, node, ring } = createCluster(NODES, countingLoader().load)
    const owner = node(ring.pick('Tom')).group

    await edge.get('Tom')
    expect(edge.hottestKeys()).toEqual([])
    expect(owner.hottestKeys()).toEqual([hot('Tom', 1)])
    for (let i = 0; i < 3; i++) await edge.get('Tom')

    expect(edge.stats).toMatchObject({ gets: 4, hits: 3, peerLoads: 1 })
    expect(edge.hottestKeys()).toEqual([hot('Tom', 3)])
    expect(owner.hottestKeys()).toEqual([hot('Tom', 1)])
    clock.advance(HALF_LIFE_MS)
    await edge.get('Tom')
    expect(edge.hottestKeys()).toEqual([hot('Tom', 1.5)])
    expect(owner.hottestKeys()).toEqual([hot('Tom', 1.5)])
  })

  test('when it is one of many that are hits there, once each, as gets are counted', async () => {
    const { edge, node, ring } = createCluster(NODES, countingLoader().load)
    await edge.getMany(['Tom', 'Jack'])
    expect(edge.hottestKeys()).toEqual([])

    await edge.getMany(['Tom', 'Anna', 'Tom'])
    await edge.getMany(['Tom', 'Jack'])

    expect(edge.stats).toMatchObject({ gets: 6, hits: 3 })
    expect(edge.hottestKeys()).toEqual([hot('Tom', 2), hot('Jack', 1)])
    for (const key of ['Tom', 'Jack', 'Anna']) {
      expect(node(ring.pick(key)).group.hottestKeys()).toContainEqual(hot(key, 1))
    }
  })

  test('when it loads there, as no node can', async () => {
    const { edge, node } = createCluster(NODES, countingLoader().load, { hotTtlMs: 0 })
    for (const name of NODES) node(name).peer.broken = true

    await edge.get('Tom')
    await edge.getMany(['Tom', 'Jack'])

    expect(edge.stats).toMatchObject({ edgeLoads: 3, hits: 0 })
    expect(edge.hottestKeys()).toEqual([hot('Tom', 2), hot('Jack', 1)])
  })

  test('until they are taken, which those for other nodes are not', async () => {
    const { clock, edge } = createCluster(NODES, countingLoader().load)
    for (const key of ['Tom', 'Jack']) {
      for (let i = 0; i < 3; i++) await edge.get(key)
    }
    clock.advance(HALF_LIFE_MS)

    expect(edge.takeHotKeys((key) => key === 'Tom')).toEqual([hot('Tom', 1)])

    expect(edge.hottestKeys()).toEqual([hot('Jack', 1)])
  })
})

test('gets that were heard of count with those of the group, as of now', async () => {
  const { clock, group } = createTestGroup({ loader: countingLoader().load })
  await group.get('Tom')
  clock.advance(HALF_LIFE_MS)

  group.receiveHotKeys([{ key: 'Tom', gets: 2, overcount: 1 }])

  expect(group.hottestKeys()).toEqual([{ key: 'Tom', gets: 2.5, overcount: 1 }])
})
