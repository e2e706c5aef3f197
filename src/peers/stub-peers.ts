/** Owns how nodes are reached: a `PeerPicker` for each region, whose peers are Durable Object stubs. */

import { Circuit } from '../core/load/circuit.ts'
import type { PeerPicker } from '../core/peers/peers.ts'
import { RegionPeers } from '../core/peers/region-peers.ts'
import type { Region, Topology } from '../core/ring/topology.ts'
import type { EdgeReporter } from '../core/stats/edge-reporter.ts'
import type { Platform } from '../platform/platform.ts'
import { StubPeer } from './stub-peer.ts'

/** What is used of the binding. What a stub answers is typed in `StubPeer`. */
export interface NodeNamespace {
  getByName(name: string, options?: DurableObjectNamespaceGetDurableObjectOptions): unknown
}

export interface StubPeersParts {
  readonly topology: Topology
  readonly namespace: NodeNamespace
  readonly platform: Pick<Platform, 'clock' | 'random'>
  /** Whose reports go along with the calls. Default: nobody's. */
  readonly reporter?: EdgeReporter
}

/** The nodes by name, as far as they have been asked for; what is known of their health is kept with them. */
export class StubPeers {
  readonly topology: Topology
  private readonly parts: StubPeersParts
  private readonly peers = new Map<string, StubPeer>()

  constructor(parts: StubPeersParts) {
    this.topology = parts.topology
    this.parts = parts
  }

  /** How many calls have gone to nodes, other than for their counters. */
  get calls(): number {
    return [...this.peers.values()].reduce((sum, peer) => sum + peer.calls, 0)
  }

  named(name: string): StubPeer {
    const known = this.peers.get(name)
    if (known !== undefined) return known
    const peer = this.createPeer(name)
    this.peers.set(name, peer)
    return peer
  }

  /** The nodes as they are chosen from within a region. */
  from(region: Region): PeerPicker {
    return new RegionPeers(this.topology, region, (name) => this.named(name))
  }

  private createPeer(name: string): StubPeer {
    const { namespace, platform, reporter, topology } = this.parts
    const { clock, random } = platform
    const region = topology.regionOf(name) ?? topology.home
    const options = region === '' ? {} : { locationHint: region as DurableObjectLocationHint }
    return new StubPeer({
      name,
      stub: () => namespace.getByName(name, options),
      health: new Circuit({ ...HEALTH, random }),
      clock,
      isOwner: topology.ownershipOf(name),
      ...(reporter === undefined ? {} : { reporter }),
    })
  }
}

/** One failure is enough, as others can answer; so that it is soon used again, the pauses are short. */
const HEALTH = { failuresToOpen: 1, longestPauseMs: 5_000, longestProbeMs: 5_000 }
