/** Owns a whole cache in one process for tests: an edge group, a real ring, and real groups as nodes. */

import { EdgeReports } from '../../src/core/edge-reports.ts'
import { PeerUnavailableError } from '../../src/core/errors.ts'
import type { Group, GroupOptions } from '../../src/core/group.ts'
import type { Loader } from '../../src/core/loader.ts'
import { type NodeStats, nodeStats } from '../../src/core/node-stats.ts'
import type { NewValue, Peer, PeerPicker, Purge, Reply, SetOutcome } from '../../src/core/peers.ts'
import { Ring } from '../../src/core/ring.ts'
import { FakeClock } from './fake-clock.ts'
import { createTestGroup, EDGE } from './group-factory.ts'

/** A peer in the same process. What it replies is cloned, as it is when it crosses a real call. */
export class FakePeer implements Peer {
  readonly name: string
  /** When set, the node cannot be reached. */
  broken = false
  private readonly groups: ReadonlyMap<string, Group>

  constructor(name: string, groups: ReadonlyMap<string, Group>) {
    this.name = name
    this.groups = groups
  }

  async get(group: string, key: string): Promise<Reply> {
    return structuredClone(await this.groupNamed(group).get(key))
  }

  async getMany(
    group: string,
    keys: readonly string[],
    maxBytes: number,
  ): Promise<(Reply | null)[]> {
    return structuredClone(await this.groupNamed(group).getMany(keys, maxBytes))
  }

  async set(group: string, key: string, value: NewValue): Promise<SetOutcome> {
    return this.groupNamed(group).setLocally(key, structuredClone(value))
  }

  async purge(group: string, purge: Purge): Promise<number> {
    return this.groupNamed(group).purgeLocally(purge)
  }

  async stats(): Promise<NodeStats> {
    if (this.broken) throw new PeerUnavailableError(`${this.name} is down.`)
    const groups = [...this.groups.values()]
    const node = { node: this.name, sinceMs: 0 }
    return structuredClone(nodeStats(node, groups, new EdgeReports(groups), 0))
  }

  private groupNamed(name: string): Group {
    const group = this.groups.get(name)
    if (this.broken || group === undefined) throw new PeerUnavailableError(`${this.name} is down.`)
    return group
  }
}

export class FakePeers implements PeerPicker {
  private readonly ring: Ring
  private readonly peers: ReadonlyMap<string, Peer>

  constructor(ring: Ring, peers: Iterable<Peer>) {
    this.ring = ring
    this.peers = new Map(Array.from(peers, (peer) => [peer.name, peer]))
  }

  pickPeer(key: string): Peer {
    return this.peers.get(this.ring.pick(key)) as Peer
  }

  pickPeers(key: string): Peer[] {
    return this.ring.pickMany(key, 3).map((name) => this.peers.get(name) as Peer)
  }

  allPeers(): Peer[] {
    return [...this.peers.values()]
  }
}

export interface Cluster {
  readonly edge: Group
  /** One more edge isolate. */
  addEdge(): Group
  readonly clock: FakeClock
  readonly ring: Ring
  node(name: string): { readonly group: Group; readonly peer: FakePeer }
}

export function createCluster(
  nodeNames: readonly string[],
  loader: Loader,
  options: Partial<GroupOptions> = {},
  { maxLoads = Number.POSITIVE_INFINITY }: { maxLoads?: number } = {},
): Cluster {
  const clock = new FakeClock()
  const ring = new Ring(nodeNames)
  const nodes = new Map(
    nodeNames.map((name) => {
      const { group } = createTestGroup({
        loader,
        options,
        clock,
        maxLoads,
        placement: {
          cacheName: name,
          standsInFor: (key) => (ring.pick(key) === name ? undefined : 'guest'),
        },
      })
      return [name, { group, peer: new FakePeer(name, new Map([[group.name, group]])) }]
    }),
  )
  const peers = new FakePeers(
    ring,
    Array.from(nodes.values(), ({ peer }) => peer),
  )
  const addEdge = () => {
    const { group } = createTestGroup({ loader, options, clock, placement: EDGE })
    group.registerPeers(peers)
    return group
  }
  return {
    edge: addEdge(),
    addEdge,
    clock,
    ring,
    node: (name) => nodes.get(name) as { group: Group; peer: FakePeer },
  }
}
