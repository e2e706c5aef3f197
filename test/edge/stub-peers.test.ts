import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { Ring } from '../../src/core/ring.ts'
import { StubPeers } from '../../src/edge/stub-peers.ts'
import { peerContract } from '../contract/peer.contract.ts'

const ring = new Ring(['node-0', 'node-1', 'node-2', 'node-3'])

describe('the peer behind a Durable Object stub', () => {
  peerContract(() => ({
    peer: new StubPeers(ring, env.CACHE_NODE).pickPeer('Tom'),
    breakDown: () => new StubPeers(ring, env.BROKEN_NODE).pickPeer('Tom'),
  }))
})

describe('StubPeers', () => {
  test('picks the owner that the ring names, and two guests after it', () => {
    const peers = new StubPeers(ring, env.CACHE_NODE)

    expect(peers.pickPeer('Tom').name).toBe(ring.pick('Tom'))
    expect(peers.pickPeers('Tom').map(({ name }) => name)).toEqual(ring.pickMany('Tom', 3))
  })

  test('picks no node twice where there are fewer than three', () => {
    const peers = new StubPeers(new Ring(['node-0']), env.CACHE_NODE)

    expect(peers.pickPeers('Tom').map(({ name }) => name)).toEqual(['node-0'])
  })
})
