/** Owns what an operator is told of the ring. */

import type { RingReport } from '../core/api.ts'
import { canonicalKey } from '../core/key.ts'
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
