/** Owns what an operator is told of the ring. */

import { canonicalKey } from '../core/entry/key.ts'
import type { RingReport } from '../core/group/api.ts'
import type { Edge, EdgeGroup } from './edge.ts'

/** Throws `BadKeyError`. */
export function keyReport(
  { nodes: { topology } }: Edge,
  { config }: EdgeGroup,
  key: string,
  region = topology.home,
): RingReport {
  const canonical = canonicalKey(config.source.keyForm, key)
  const [owner, ...guests] = topology.ownersIn(region, canonical) as [string, ...string[]]
  return { group: config.name, key: canonical, owner, guests }
}

export function ringReport(edge: Edge): RingReport {
  const shares = edge.nodes.topology.shares()
  return { nodes: Array.from(shares, ([name, share]) => ({ name, share })) }
}
