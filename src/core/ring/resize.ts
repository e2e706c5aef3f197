/**
 * What a change of the ring's settings means for the rows on a node's disk: which of them have heard of every
 * purge, and which nodes have left.
 *
 * A purge reaches a key's owner, and its previous owner while the ring changes, in each region. So a row counts
 * as long as its node has been one of these in every deployment since. Each node compares the settings with
 * those of its last start; `GET /admin/stats` after each deployment starts every node of the ring. A node that
 * is not on the ring is started by nothing, so it is told (`src/node/departures.ts`).
 */

import { nodeNames, type Region, type RingSettings, type Topology } from './topology.ts'

/**
 * Returns whether a row of a key may stay on a node's disk.
 *
 * @param last The settings of the node's last start. `undefined`: they are not known.
 */
export function survivorsOf(
  last: RingSettings | undefined,
  topology: Topology,
  node: string,
): (key: string) => boolean {
  const region = topology.regionOf(node)
  // A node that was not on the ring, or was about to leave it, may have missed purges since.
  const wasOnRing = last !== undefined && isOnRing(node, last.nodes, last.regions)
  const { nodes, nodesBefore = nodes, regions } = topology.settings
  if (region === undefined || !wasOnRing || !isOnRing(node, nodesBefore, regions)) {
    return () => false
  }
  return (key) =>
    topology.ownerIn(region, key) === node || topology.previousOwnerIn(region, key) === node
}

/** How many nodes each region has, those included that are about to leave. */
export type NodeCounts = Readonly<Record<Region, number>>

export function nodeCountsOf({ nodes, nodesBefore = 0, regions }: RingSettings): NodeCounts {
  return Object.fromEntries(regions.map((region) => [region, Math.max(nodes, nodesBefore)]))
}

/** The names of the nodes that there were, and are not any more. */
export function leftBetween(before: NodeCounts, now: NodeCounts): string[] {
  return Object.entries(before).flatMap(([region, count]) =>
    nodeNames(count, region).slice(now[region] ?? 0),
  )
}

function isOnRing(node: string, nodes: number, regions: readonly Region[]): boolean {
  return regions.some((region) => nodeNames(nodes, region).includes(node))
}
