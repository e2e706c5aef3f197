/** Owns which peers are asked from within a region: where the topology puts a key, as peers. */

import type { Region, Topology } from '../ring/topology.ts'
import type { Peer, PeerHolder, PeerPicker } from './peers.ts'

export class RegionPeers implements PeerPicker {
  private readonly topology: Topology
  private readonly region: Region
  private readonly named: (name: string) => Peer

  constructor(topology: Topology, region: Region, named: (name: string) => Peer) {
    this.topology = topology
    this.region = region
    this.named = named
  }

  pickPeer(key: string): Peer {
    return this.named(this.topology.ownerIn(this.region, key))
  }

  pickPeers(key: string): Peer[] {
    return this.topology.ownersIn(this.region, key).map(this.named)
  }

  pickHome(key: string): Peer {
    return this.named(this.topology.ownerIn(this.topology.home, key))
  }

  allPeers(): Peer[] {
    return this.topology.allNodes().map(this.named)
  }

  stagesOf(key: string): PeerHolder[][] {
    return this.topology
      .stagesOf(key)
      .map((stage) => stage.map(({ node, isGuest }) => ({ peer: this.named(node), isGuest })))
  }

  allStages(): Peer[][] {
    return this.topology.allStages().map((stage) => stage.map(this.named))
  }
}
