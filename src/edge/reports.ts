/** Owns what an operator looks at: the ring, and the counters of all nodes. */

import type { RingReport, StatsReport } from '../core/api.ts'
import { PeerUnavailableError } from '../core/errors.ts'
import { unlessUnavailable } from '../core/fan-out.ts'
import { canonicalKey } from '../core/key.ts'
import { type NodeStats, sumOf } from '../core/node-stats.ts'
import type { Edge, EdgeGroup } from './edge.ts'

/** Throws `BadKeyError`. */
export function keyReport(edge: Edge, { config }: EdgeGroup, key: string): RingReport {
  const canonical = canonicalKey(config.source.keyForm, key)
  const owner = edge.peers.pickPeer(canonical).name
  const guests = edge.peers.pickPeers(canonical).slice(1)
  return { group: config.name, key: canonical, owner, guests: guests.map(({ name }) => name) }
}

export function ringReport(edge: Edge): RingReport {
  const shares = edge.peers.ring.shares()
  return { nodes: edge.config.nodes.map((name) => ({ name, share: shares.get(name) as number })) }
}

/** Asks every node: `NODES` calls. */
export async function statsReport(edge: Edge): Promise<StatsReport> {
  const failed: string[] = []
  const reports = await Promise.all(
    edge.peers.allPeers().map(async (peer) => {
      const stats = await peer.stats().catch(unlessUnavailable)
      if (!(stats instanceof PeerUnavailableError)) return stats
      failed.push(peer.name)
      return undefined
    }),
  )
  const nodes = reports.filter((stats): stats is NodeStats => stats !== undefined)
  return { nodes, sum: sumOf(nodes), failed }
}
