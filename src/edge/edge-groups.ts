/** Owns the groups of one edge isolate: hot copies, and the ring of nodes behind them. */

import { createGroup } from '../compose.ts'
import type { Config, GroupConfig } from '../config/config.ts'
import { ConfigError } from '../core/errors.ts'
import type { Group, Placement } from '../core/group.ts'
import { Ring } from '../core/ring.ts'
import { UnsharedFlights } from '../core/singleflight.ts'
import { StubPeers } from './stub-peers.ts'

export interface EdgeGroup {
  readonly group: Group
  readonly config: GroupConfig
}

const EDGE: Placement = { cacheName: 'edge', standsInFor: () => 'no-node' }

export function createEdgeGroups(config: Config, env: Cloudflare.Env): Map<string, EdgeGroup> {
  if (typeof env.CACHE_NODE?.getByName !== 'function') {
    throw new ConfigError(
      'CACHE_NODE',
      env.CACHE_NODE,
      'a Durable Object binding of the node class',
    )
  }
  const peers = new StubPeers(new Ring(config.nodes), env.CACHE_NODE)
  const groups = new Map<string, EdgeGroup>()
  for (const groupConfig of config.groups.values()) {
    const group = createGroup(groupConfig, env, {
      placement: EDGE,
      maxBytes: groupConfig.maxHotBytes,
      flights: new UnsharedFlights(),
      // To wait for a place would be to wait for another request's promise, see UnsharedFlights.
      maxLoads: Number.POSITIVE_INFINITY,
    })
    group.registerPeers(peers)
    groups.set(groupConfig.name, { group, config: groupConfig })
  }
  return groups
}
