import { describe, expect, test, vi } from 'vitest'
import type { AnswerRoom } from '../../src/core/peers/byte-room.ts'
import { createCluster } from '../support/cluster.ts'
import { countingLoader } from '../support/counting-loader.ts'
import { createTestGroup, textOf } from '../support/group-factory.ts'

const NODES = ['node-0', 'node-1', 'node-2', 'node-3']
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']

describe('many keys at the edge', () => {
  test('count once each, however often they are named', async () => {
    const cluster = createCluster(NODES, countingLoader().load)

    await cluster.edge.getMany([...KEYS, ...KEYS])

    expect(cluster.edge.stats).toMatchObject({ gets: KEYS.length, peerLoads: KEYS.length })
  })

  test('of which no node can serve any are loaded there, all, and no node is asked again', async () => {
    const loader = countingLoader()
    const cluster = createCluster(NODES, loader.load)
    for (const name of NODES) cluster.node(name).peer.broken = true
    const calls = NODES.map((name) => vi.spyOn(cluster.node(name).peer, 'getMany'))
    const gets = NODES.map((name) => vi.spyOn(cluster.node(name).peer, 'get'))

    const replies = await cluster.edge.getMany(KEYS)

    expect(replies.map((reply) => reply && textOf(reply))).toEqual(
      KEYS.map((key) => `value of ${key}`),
    )
    expect(loader.calls.toSorted()).toEqual(KEYS)
    expect(cluster.edge.stats.edgeLoads).toBe(KEYS.length)
    expect(cluster.edge.stats.peerErrors).toBe(calls.flatMap((call) => call.mock.calls).length)
    for (const get of gets) expect(get).not.toHaveBeenCalled()
  })
})

test('many keys in a node are answered in the order asked, duplicates and all', async () => {
  const loader = countingLoader()
  const { group } = createTestGroup({ loader: loader.load })

  const replies = await group.getMany(['b', 'a', 'b'])

  expect(replies.map((reply) => reply && textOf(reply))).toEqual([
    'value of b',
    'value of a',
    'value of b',
  ])
  expect(loader.calls).toEqual(['b', 'a'])
})

test('peers get time for what they have to load: one key, three, then eight at a time', async () => {
  const cluster = createCluster(NODES, countingLoader().load, { timeoutMs: 1_000 })
  const asked = NODES.map((name) => vi.spyOn(cluster.node(name).peer, 'getMany'))

  await cluster.edge.getMany(['a'])
  await cluster.edge.getMany(Array.from({ length: 100 }, (_, i) => `key-${i}`))

  const calls = asked.flatMap(({ mock }) => mock.calls) as unknown as [
    string,
    string[],
    AnswerRoom,
    number,
  ][]
  expect(calls.length).toBeGreaterThan(2)
  for (const [, { length }, , limitMs] of calls) {
    const steps = length === 1 ? 1 : 2 + Math.ceil((length - 4) / 8)
    expect(limitMs).toBe(9_000 * steps)
  }
})
