/** Owns a whole cache in one process for tests: an edge group, a real ring, and real groups as nodes. */

import type { Purge } from '../../src/core/entry/purge.ts'
import { PeerUnavailableError } from '../../src/core/errors.ts'
import type { Group, GroupOptions } from '../../src/core/group/group.ts'
import type { Loader } from '../../src/core/load/loader.ts'
import type { AnswerRoom } from '../../src/core/peers/byte-room.ts'
import { NodeUpstream } from '../../src/core/peers/node-upstream.ts'
import type { NewValue, Peer, Reply, SetOutcome } from '../../src/core/peers/peers.ts'
import { RegionPeers } from '../../src/core/peers/region-peers.ts'
import type { Ring } from '../../src/core/ring/ring.ts'
import { Topology, type TopologyOptions } from '../../src/core/ring/topology.ts'
import { EdgeReportLog } from '../../src/core/stats/edge-report-log.ts'
import { GroupStats } from '../../src/core/stats/group-stats.ts'
import { type NodeStats, nodeStats } from '../../src/core/stats/node-report.ts'
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

  read(group: string, key: string): Promise<Reply> {
    return this.get(group, key)
  }

  async peek(group: string, key: string): Promise<Reply | undefined> {
    return structuredClone(this.groupNamed(group).peek(key))
  }

  async getMany(
    group: string,
    keys: readonly string[],
    room: AnswerRoom,
  ): Promise<(Reply | null)[]> {
    return structuredClone(await this.groupNamed(group).getMany(keys, room))
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
    return structuredClone(nodeStats(node, groups, new EdgeReportLog(groups), 0))
  }

  private groupNamed(name: string): Group {
    const group = this.groups.get(name)
    if (this.broken || group === undefined) throw new PeerUnavailableError(`${this.name} is down.`)
    return group
  }
}

/** The peers of a topology, by name, as they are asked from within a region. */
export function pickerOf(peers: Iterable<Peer>, topology?: Topology, region = ''): RegionPeers {
  const byName = new Map(Array.from(peers, (peer) => [peer.name, peer]))
  return new RegionPeers(
    topology ?? new Topology({ nodes: byName.size }),
    region,
    (name) => byName.get(name) as Peer,
  )
}

export interface ClusterOptions extends Partial<TopologyOptions> {
  readonly maxLoads?: number
  /** Whether `resize` may be called: nodes then look from the start whether anybody is to be asked. */
  readonly isResizable?: boolean
}

interface ClusterNode {
  readonly group: Group
  readonly peer: FakePeer
}

export interface Cluster {
  readonly edge: Group
  /** One more edge isolate, in a region: by default at home. It keeps to the ring as it is now. */
  addEdge(region?: string): Group
  /** Deploys another topology, to nodes that keep their memory. */
  resize(options: TopologyOptions): void
  readonly clock: FakeClock
  readonly topology: Topology
  /** As it is now, of names without region. */
  readonly ring: Ring
  node(name: string): ClusterNode
  peersIn(region: string): RegionPeers
}

/** @param nodeNames `node-0` and so on. */
export function createCluster(
  nodeNames: readonly string[],
  loader: Loader,
  options: Partial<GroupOptions> = {},
  { maxLoads = Number.POSITIVE_INFINITY, isResizable = false, ...rest }: ClusterOptions = {},
): Cluster {
  const clock = new FakeClock()
  let topology = new Topology({ nodes: nodeNames.length, ...rest })
  const nodes = new Map<string, ClusterNode>()
  const named = (name: string) => nodes.get(name)?.peer as FakePeer

  const createNode = (name: string): ClusterNode => {
    const region = topology.regionOf(name) ?? topology.home
    const stats = new GroupStats()
    const upstream = new NodeUpstream({
      group: 'scores',
      nodeName: name,
      region,
      get topology() {
        return topology
      },
      peerNamed: named,
      timeoutMs: options.timeoutMs ?? 10_000,
      stats,
      clock,
      onError: () => {},
    })
    const asksOthers = isResizable || topology.isChanging || region !== topology.home
    const { group } = createTestGroup({
      loader,
      options,
      clock,
      maxLoads,
      stats,
      placement: {
        cacheName: name,
        fallbackRoleFor: (key) => (topology.ownerIn(region, key) === name ? undefined : 'guest'),
      },
      ...(asksOthers ? { upstream } : {}),
    })
    return { group, peer: new FakePeer(name, new Map([[group.name, group]])) }
  }
  const createNodes = () => {
    for (const name of topology.allNodes()) {
      if (!nodes.has(name)) nodes.set(name, createNode(name))
    }
  }
  const peersIn = (region: string) => new RegionPeers(topology, region, named)
  const addEdge = (region = topology.home) => {
    const { group } = createTestGroup({ loader, options, clock, placement: EDGE })
    group.registerPeers(peersIn(region))
    return group
  }

  createNodes()
  return {
    edge: addEdge(),
    addEdge,
    resize: (changed) => {
      topology = new Topology(changed)
      createNodes()
    },
    clock,
    get topology() {
      return topology
    },
    get ring() {
      return topology.ring
    },
    node: (name) => nodes.get(name) as ClusterNode,
    peersIn,
  }
}
