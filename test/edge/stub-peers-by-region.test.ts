import { describe, expect, test, vi } from 'vitest'
import { Topology } from '../../src/core/ring/topology.ts'
import { StubPeers } from '../../src/peers/stub-peers.ts'
import { FakeClock } from '../support/fake-clock.ts'

/** A namespace that remembers which nodes it was asked for, and whose nodes find nothing. */
function createPeers(topology: Topology) {
  const clock = new FakeClock()
  const purge = vi.fn(async () => 0)
  const get = vi.fn(async () => ({ kind: 'not-found', expiresAtMs: 0, path: [] }))
  const getByName = vi.fn((_name: string, _options?: object) => ({ get, purge }))
  const namespace = { getByName } as unknown as DurableObjectNamespace
  return {
    clock,
    get,
    getByName,
    peers: new StubPeers({ topology, namespace, platform: { clock, random: () => 0 } }),
  }
}

describe('a node', () => {
  test('is created in its region, by the hint that its name begins with', async () => {
    const topology = new Topology({ nodes: 2, nodesBefore: 3, regions: ['weur', 'apac-ne'] })
    const { getByName, peers } = createPeers(topology)

    await peers.from('weur').stagesOf('Tom')
    for (const stage of peers.from('weur').allStages()) {
      for (const peer of stage) await peer.purge('scores', { all: true })
    }

    expect(new Set(getByName.mock.calls.map(([name]) => name))).toEqual(
      new Set(topology.allNodes()),
    )
    for (const [name, options] of getByName.mock.calls) {
      expect(options).toEqual({ locationHint: name.split('/')[0] })
    }
  })

  test('has no hint where there are no regions', async () => {
    const { getByName, peers } = createPeers(new Topology({ nodes: 1 }))

    await peers.from('').pickPeer('Tom').get('scores', 'Tom')

    expect(getByName.mock.calls).toEqual([['node-0', {}]])
  })

  test('is known as one peer, whoever asks: that it has failed is news for all', async () => {
    const topology = new Topology({ nodes: 1, regions: ['weur', 'sam'] })
    const { get, peers } = createPeers(topology)
    get.mockRejectedValueOnce(new Error('down'))

    expect(peers.from('sam').pickHome('Tom')).toBe(peers.from('weur').pickPeer('Tom'))
    await expect(peers.from('sam').pickHome('Tom').get('scores', 'Tom')).rejects.toThrow()
    await expect(peers.from('weur').pickPeer('Tom').get('scores', 'Tom')).rejects.toThrow()

    expect(get).toHaveBeenCalledTimes(1)
  })

  test('is left alone by itself: the others are asked as before', async () => {
    const { get, peers } = createPeers(new Topology({ nodes: 4 }))
    const [owner, guest] = peers.from('').pickPeers('Tom')
    get.mockRejectedValueOnce(new Error('down'))

    await expect(owner?.get('scores', 'Tom')).rejects.toThrow()

    expect(await guest?.get('scores', 'Tom')).toMatchObject({ kind: 'not-found' })
  })
})

test('a node that keeps failing is tried every five seconds at least', async () => {
  const { clock, get, peers } = createPeers(new Topology({ nodes: 1 }))
  get.mockRejectedValue(new Error('down'))
  const triedAtMs: number[] = []

  for (let passed = 0; passed <= 20_000; passed += 500) {
    const calls = get.mock.calls.length
    await peers
      .named('node-0')
      .get('scores', 'Tom')
      .catch(() => {})
    if (get.mock.calls.length > calls) triedAtMs.push(passed)
    clock.advance(500)
  }

  expect(triedAtMs).toEqual([0, 1_000, 3_000, 7_000, 12_000, 17_000])
})
