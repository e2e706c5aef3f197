/** Owns how the edge reaches the nodes: a `PeerPicker` whose peers are Durable Object stubs. */

import { systemClock } from '../core/clock.ts'
import type { EdgeReport, EdgeReporter } from '../core/edge-report.ts'
import { PeerUnavailableError } from '../core/errors.ts'
import { type Message, PROTOCOL_VERSION } from '../core/messages.ts'
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
  private readonly peers: ReadonlyMap<string, StubPeer>

  /** @param reporter Whose reports go along with the calls. */
  constructor(ring: Ring, namespace: CacheNodeNamespace, reporter: EdgeReporter) {
    this.ring = ring
    const createPeer = (name: string) => {
      const isOwner = (key: string) => ring.pick(key) === name
      return new StubPeer(name, namespace, reporter, isOwner)
    }
    this.peers = new Map(ring.nodes.map((name) => [name, createPeer(name)]))
  }

  /** How many calls have gone to nodes, other than for their counters. */
  get calls(): number {
    return [...this.peers.values()].reduce((sum, peer) => sum + peer.calls, 0)
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
  /** Calls other than `stats`. */
  calls = 0
  private readonly namespace: CacheNodeNamespace
  private readonly reporter: EdgeReporter
  private readonly isOwner: (key: string) => boolean

  constructor(
    name: string,
    namespace: CacheNodeNamespace,
    reporter: EdgeReporter,
    isOwner: (key: string) => boolean,
  ) {
    this.name = name
    this.namespace = namespace
    this.reporter = reporter
    this.isOwner = isOwner
  }

  get(group: string, key: string): Promise<Reply> {
    return this.call((node, header) => node.get({ ...header, group, key }))
  }

  getMany(
    group: string,
    keys: readonly string[],
    maxBytes: number,
  ): Promise<readonly (Reply | null)[]> {
    return this.call((node, header) => node.getMany({ ...header, group, keys, maxBytes }))
  }

  set(group: string, key: string, value: NewValue): Promise<SetOutcome> {
    return this.call((node, header) => node.set({ ...header, group, key, value }))
  }

  purge(group: string, purge: Purge): Promise<number> {
    return this.call((node, header) => node.purge({ ...header, group, purge }))
  }

  stats(): Promise<NodeStats> {
    const report = this.reporter.take(systemClock.now(), this.isOwner)
    return this.callWith(report, (node, header) => node.stats(header))
  }

  private call<T>(use: (node: NodeCalls, header: Message) => Promise<T>): Promise<T> {
    this.calls++
    return this.callWith(this.reporter.takeIfDue(systemClock.now(), this.isOwner), use)
  }

  private async callWith<T>(
    report: EdgeReport | undefined,
    use: (node: NodeCalls, header: Message) => Promise<T>,
  ): Promise<T> {
    const header = { version: PROTOCOL_VERSION, ...(report === undefined ? {} : { report }) }
    try {
      // A stub for each call: one whose node was reset stays broken, and one belongs to its request.
      return await use(this.namespace.getByName(this.name) as unknown as NodeCalls, header)
    } catch (cause) {
      if (report !== undefined) this.reporter.giveBack(report)
      throw new PeerUnavailableError(`${this.name} could not serve.`, { cause })
    }
  }
}
