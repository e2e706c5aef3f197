import { abortAllDurableObjects } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import type { PeerPicker } from '../../src/core/peers.ts'
import { Ring } from '../../src/core/ring.ts'
import { Topology } from '../../src/core/topology.ts'
import { StubPeers } from '../../src/peers/stub-peers.ts'
import { peerContract } from '../contract/peer.contract.ts'

const ring = new Ring(['node-0', 'node-1', 'node-2', 'node-3'])

function peersOf(count: number, nodes = env.CACHE_NODE): PeerPicker {
  const topology = new Topology({ nodes: count })
  return new StubPeers(topology, nodes as DurableObjectNamespace).from('')
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
    const [stale, hit] = await peer.getMany('scores', ['set', other], 1_024)
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
