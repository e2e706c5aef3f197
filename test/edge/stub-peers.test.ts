import { abortAllDurableObjects } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { PROTOCOL_VERSION } from '../../src/core/peers/messages.ts'
import type { Peer, PeerPicker } from '../../src/core/peers/peers.ts'
import { Ring } from '../../src/core/ring/ring.ts'
import { Topology } from '../../src/core/ring/topology.ts'
import { EdgeReporter } from '../../src/core/stats/edge-reporter.ts'
import type { NodeStats } from '../../src/core/stats/node-report.ts'
import { StubPeers } from '../../src/peers/stub-peers.ts'
import { workersPlatform } from '../../src/platform/workers.ts'
import { peerContract } from '../contract/peer.contract.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { createTestGroup } from '../support/group-factory.ts'

const ring = new Ring(['node-0', 'node-1', 'node-2', 'node-3'])

function peersOf(count: number, nodes = env.CACHE_NODE): PeerPicker {
  const topology = new Topology({ nodes: count })
  return new StubPeers({ topology, namespace: nodes, platform: workersPlatform }).from('')
}

describe('the peer behind a Durable Object stub', () => {
  peerContract(() => ({
    peer: peersOf(4).pickPeer('Tom'),
    breakDown: () => peersOf(4, env.BROKEN_NODE).pickPeer('Tom'),
  }))
})

describe('what a stub carries to its node and back', () => {
  // The nodes' own ring, so that each keeps what it is given for longer than a guest would.
  const owners = peersOf(16)
  const keys = Array.from({ length: 200 }, (_, i) => `key-${i}`)
  const text = (value: string) => ({
    value: new TextEncoder().encode(value),
    contentType: 'text/plain',
    tags: ['players'],
    staleWhileRevalidateMs: 60_000,
  })

  test('is a value with its tags, and a purge of just that, softly or not', async () => {
    const peer = owners.pickPeer('set')
    const other = keys.find((key) => owners.pickPeer(key) === peer) as string

    expect(await peer.set('scores', 'set', text('1'))).toBe('stored')
    expect(await peer.set('scores', other, { ...text('2'), tags: ['others'] })).toBe('stored')
    expect(await peer.purge('scores', { tags: ['players'], soft: true })).toBe(1)
    const [stale, hit] = await peer.getMany('scores', ['set', other], { maxBytes: 1_024 })
    expect(await peer.purge('scores', { keys: [other] })).toBe(1)

    expect(stale?.path).toMatchObject([{ fwd: 'stale' }])
    expect(hit?.path).toMatchObject([{ hit: true }])
    expect((await peer.get('scores', other)).kind).toBe('not-found')
  })

  test('is what the node has counted, under its name', async () => {
    const peer = owners.pickPeer('counted')
    await peer.set('scores', 'counted', text('1'))

    const { node, groups } = await peer.stats()

    expect(node).toBe(peer.name)
    expect(groups.scores?.items).toBeGreaterThan(0)
    expect(groups.scores?.bytes).toBeGreaterThan(1_024)
    expect(Object.keys(groups.scores ?? {})).not.toContain('observeLoad')
  })

  test('is the cause, where the node could not serve', async () => {
    const peer = peersOf(4, env.BROKEN_NODE).pickPeer('Tom')

    const error = await peer.get('scores', 'Tom').catch((reason: unknown) => reason)

    expect(error).toMatchObject({ message: `${peer.name} could not serve.` })
    expect(String((error as Error).cause)).toContain('This node cannot start.')
  })
})

test('a node whose memory was lost in a reset serves the next call, and is no failed one', async () => {
  const peers = peersOf(16)
  const peer = peers.pickPeer('Tom')
  await peer.get('scores', 'Tom')

  await abortAllDurableObjects()
  const first = await peer.get('scores', 'Tom')
  const second = await peer.get('scores', 'Tom')

  expect(first.path).toEqual([{ cache: peer.name, fwd: 'miss', stored: true }])
  expect(second.path).toMatchObject([{ cache: peer.name, hit: true }])
})

describe('StubPeers', () => {
  test('has every node of the ring', () => {
    const peers = peersOf(4)

    expect(peers.allPeers().map(({ name }) => name)).toEqual(ring.nodes)
  })

  test('picks the owner that the ring names, and two guests after it', () => {
    const peers = peersOf(4)

    expect(peers.pickPeer('Tom').name).toBe(ring.pick('Tom'))
    expect(peers.pickPeers('Tom').map(({ name }) => name)).toEqual(ring.pickMany('Tom', 3))
  })

  test('picks no node twice where there are fewer than three', () => {
    const peers = peersOf(1)

    expect(peers.pickPeers('Tom').map(({ name }) => name)).toEqual(['node-0'])
  })
})

describe('what the edge has counted', () => {
  let nowMs: number

  beforeEach(() => {
    nowMs = Date.now()
    vi.spyOn(systemClock, 'now').mockImplementation(() => nowMs)
  })

  afterEach(() => {
    vi.restoreAllMocks()
  })

  /** An edge isolate with the group "scores", and its peers: nodes that no other test knows. */
  function isolateWith(purpose: string, count = 1) {
    const { group } = createTestGroup({ loader: countingLoader().load })
    const reporter = new EdgeReporter([group], () => `isolate before ${purpose}`)
    const topology = new Topology({ nodes: count })
    const stubs = (namespace: typeof env.CACHE_NODE) => {
      const getByName = (name: string) => namespace.getByName(ownName(purpose, name))
      return new StubPeers({
        topology,
        namespace: { getByName },
        platform: workersPlatform,
        reporter,
      })
    }
    const nodes = stubs(env.CACHE_NODE)
    return {
      group,
      topology,
      nodes,
      peers: nodes.from(''),
      broken: stubs(env.BROKEN_NODE).from(''),
    }
  }

  function ownName(purpose: string, name = 'node-0'): string {
    return `${purpose}-${name}`
  }

  /** Asks as nobody who has anything to tell. */
  async function heardBy(purpose: string, node?: string): Promise<NodeStats> {
    const stub = env.CACHE_NODE.getByName(ownName(purpose, node))
    return await stub.stats({ version: PROTOCOL_VERSION })
  }

  async function edgeGetsAt(purpose: string): Promise<number | undefined> {
    return (await heardBy(purpose)).groups.scores?.edge.gets
  }

  const calls: [name: string, call: (peer: Peer) => Promise<unknown>][] = [
    ['get', (peer) => peer.get('scores', 'Tom')],
    ['getMany', (peer) => peer.getMany('scores', ['Tom', 'Jack'], { maxBytes: 1_024 })],
    ['set', (peer) => peer.set('scores', 'Tom', text('1'))],
    ['purge', (peer) => peer.purge('scores', { all: true })],
    ['stats', (peer) => peer.stats()],
  ]

  test.each(calls)('goes with the first call to a node, once: with %s', async (name, call) => {
    const node = `first-${name}`
    const { group, peers } = isolateWith(node)
    group.stats.gets = 5

    await call(peers.pickPeer('Tom'))
    await call(peers.pickPeer('Tom'))

    const { groups, isolates } = await heardBy(node)
    expect(groups.scores?.edge.gets).toBe(5)
    expect(isolates).toMatchObject([{ isolate: `isolate before ${node}` }])
  })

  test('goes with a later call not before a second has passed, but for the counters', async () => {
    const { group, peers } = isolateWith('later')
    const peer = peers.pickPeer('Tom')
    await peer.get('scores', 'Tom')
    group.stats.gets = 5

    nowMs += 999
    for (const [name, call] of calls) if (name !== 'stats') await call(peer)
    expect(await edgeGetsAt('later')).toBe(0)
    nowMs += 1
    await peer.get('scores', 'Tom')
    expect(await edgeGetsAt('later')).toBe(5)
    group.stats.gets = 6
    const { groups } = await peer.stats()
    expect(groups.scores?.edge.gets).toBe(6)
  })

  test.each(calls)('is told again when the call has failed: %s', async (name, call) => {
    const node = `after-failed-${name}`
    const { group, peers, broken } = isolateWith(node)
    await group.get('Tom')
    group.stats.gets = 5

    await expect(call(broken.pickPeer('Tom'))).rejects.toThrow('could not serve')
    nowMs += 1_000
    await peers.pickPeer('Tom').purge('scores', { keys: ['Tom'] })

    const { groups } = await heardBy(node)
    expect(groups.scores?.edge.gets).toBe(5)
    expect(groups.scores?.hotKeys.map(({ key }) => key)).toEqual(['Tom'])
  })

  test('is counted once when a node has refused the call', async () => {
    const { group, peers } = isolateWith('refusing')
    group.stats.gets = 5

    await expect(peers.pickPeer('Tom').get('unknown', 'Tom')).rejects.toThrow('could not serve')
    expect(await edgeGetsAt('refusing')).toBe(0)
    await peers.pickPeer('Tom').stats()

    expect(await edgeGetsAt('refusing')).toBe(5)
  })

  test('is told to any node, but hot keys to their owners only', async () => {
    const { group, peers, topology } = isolateWith('owning', 3)
    const keys = Array.from({ length: 12 }, (_, i) => `key-${i}`)
    for (const key of keys) await group.get(key)

    await Promise.all(peers.allPeers().map((peer) => peer.stats()))

    const nodes = topology.nodesIn('')
    const reports = await Promise.all(nodes.map((node) => heardBy('owning', node)))
    expect(reports.map(({ groups }) => groups.scores?.edge.gets)).toEqual([12, 0, 0])
    for (const [i, { groups }] of reports.entries()) {
      const owned = keys.filter((key) => topology.ownerIn('', key) === nodes[i])
      expect(owned).not.toEqual([])
      expect(groups.scores?.hotKeys.map(({ key }) => key).toSorted()).toEqual(owned.toSorted())
    }
  })

  test('is not moved by asking for the counters: of calls only others are counted', async () => {
    const { nodes, peers } = isolateWith('counted', 2)

    for (const [, call] of calls) for (const peer of peers.allPeers()) await call(peer)

    expect(nodes.calls).toBe(2 * (calls.length - 1))
  })
})
