/** Owns how the edge reaches the nodes: a `PeerPicker` whose peers are Durable Object stubs. */

import { PeerUnavailableError } from '../core/errors.ts'
import { PROTOCOL_VERSION } from '../core/messages.ts'
import type { NodeStats } from '../core/node-stats.ts'
import type { NewValue, Peer, PeerPicker, Purge, Reply, SetOutcome } from '../core/peers.ts'
import type { Ring } from '../core/ring.ts'
import type { CacheNode } from '../node/cache-node.ts'

type CacheNodeNamespace = DurableObjectNamespace<CacheNode>

/** A node's calls as they are seen from here. The runtime's own types lose the unions among the answers. */
type NodeCalls = {
  [Call in 'get' | 'getMany' | 'set' | 'purge' | 'stats']: (
    ...message: Parameters<CacheNode[Call]>
  ) => Promise<Awaited<ReturnType<CacheNode[Call]>>>
}

/** An owner and at most two guests: a purge has to reach each node that may hold a copy. */
const PEERS_PER_KEY = 3

export class StubPeers implements PeerPicker {
  readonly ring: Ring
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

  allPeers(): Peer[] {
    return [...this.peers.values()]
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

  get(group: string, key: string): Promise<Reply> {
    return this.call((node) => node.get({ version: PROTOCOL_VERSION, group, key }))
  }

  getMany(
    group: string,
    keys: readonly string[],
    maxBytes: number,
  ): Promise<readonly (Reply | null)[]> {
    return this.call((node) => node.getMany({ version: PROTOCOL_VERSION, group, keys, maxBytes }))
  }

  set(group: string, key: string, value: NewValue): Promise<SetOutcome> {
    return this.call((node) => node.set({ version: PROTOCOL_VERSION, group, key, value }))
  }

  purge(group: string, purge: Purge): Promise<number> {
    return this.call((node) => node.purge({ version: PROTOCOL_VERSION, group, purge }))
  }

  stats(): Promise<NodeStats> {
    return this.call((node) => node.stats())
  }

  private async call<T>(use: (node: NodeCalls) => Promise<T>): Promise<T> {
    try {
      // A stub for each call: one whose node was reset stays broken, and one belongs to its request.
      return await use(this.namespace.getByName(this.name) as unknown as NodeCalls)
    } catch (cause) {
      throw new PeerUnavailableError(`${this.name} could not serve.`, { cause })
    }
  }
}
