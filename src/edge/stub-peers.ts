/** Owns how the edge reaches the nodes: a `PeerPicker` whose peers are Durable Object stubs. */

import { PeerUnavailableError } from '../core/errors.ts'
import { type Peer, type PeerPicker, PROTOCOL_VERSION, type Reply } from '../core/peers.ts'
import type { Ring } from '../core/ring.ts'
import type { CacheNode } from '../node/cache-node.ts'

type CacheNodeNamespace = DurableObjectNamespace<CacheNode>

/** An owner and at most two guests: a purge has to reach each node that may hold a copy. */
export const PEERS_PER_KEY = 3

export class StubPeers implements PeerPicker {
  private readonly ring: Ring
  private readonly peers: ReadonlyMap<string, Peer>

  constructor(ring: Ring, namespace: CacheNodeNamespace) {
    this.ring = ring
    this.peers = new Map(ring.nodes.map((name) => [name, new StubPeer(name, namespace)]))
  }

  pickPeer(key: string): Peer {
    return this.peerNamed(this.ring.pick(key))
  }

  pickPeers(key: string): Peer[] {
    return this.ring.pickMany(key, PEERS_PER_KEY).map((name) => this.peerNamed(name))
  }

  private peerNamed(name: string): Peer {
    return this.peers.get(name) as Peer
  }
}

class StubPeer implements Peer {
  readonly name: string
  private readonly namespace: CacheNodeNamespace

  constructor(name: string, namespace: CacheNodeNamespace) {
    this.name = name
    this.namespace = namespace
  }

  async get(group: string, key: string): Promise<Reply> {
    try {
      // A stub for each call: one whose node was reset stays broken, and one belongs to its request.
      const stub = this.namespace.getByName(this.name)
      return await stub.get({ version: PROTOCOL_VERSION, group, key })
    } catch (cause) {
      throw new PeerUnavailableError(`${this.name} could not serve.`, { cause })
    }
  }
}
