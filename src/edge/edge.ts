/** Owns what one edge isolate has: its settings, the ring of nodes, and the groups with their hot copies. */

import { createGroup, createOpen } from '../compose.ts'
import type { Config, GroupConfig } from '../config/config.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import { EdgeReporter } from '../core/edge-report.ts'
import { ConfigError } from '../core/errors.ts'
import type { Group, Placement } from '../core/group.ts'
import type { Reply } from '../core/peers.ts'
import { Ring } from '../core/ring.ts'
import { UnsharedFlights } from '../core/singleflight.ts'
import { isolateMemory } from '../isolate-memory.ts'
import type { Open } from '../loaders/open.ts'
import { getAttributes, outcomeOfReply, withSpan } from '../tracing.ts'
import { StatsReports } from './stats-reports.ts'
import { StubPeers } from './stub-peers.ts'

export interface EdgeGroup {
  readonly group: Group
  readonly config: GroupConfig
  /** The way to values that are too large to come through a node. */
  readonly open: Open
}

export interface Edge {
  readonly config: Config
  readonly groups: ReadonlyMap<string, EdgeGroup>
  readonly peers: StubPeers
  readonly statsReports: StatsReports
  readonly clock: Clock
}

const EDGE: Placement = { cacheName: 'edge', standsInFor: () => 'no-node' }

/** `Group.get` in a span of its own. */
export function getTraced({ group, config }: EdgeGroup, key: string): Reply | Promise<Reply> {
  const attributes = () => getAttributes(EDGE.cacheName, config, key)
  return withSpan('edge.get', attributes, () => group.get(key), outcomeOfReply)
}

/** Throws `ConfigError` when the nodes are not bound. */
export function createEdge(config: Config, env: Cloudflare.Env): Edge {
  if (typeof env.CACHE_NODE?.getByName !== 'function') {
    throw new ConfigError(
      'CACHE_NODE',
      env.CACHE_NODE,
      'a Durable Object binding of the node class',
    )
  }
  // Nothing waits for memory here: that, too, would be to wait for another request.
  const memory = { budget: isolateMemory(config.maxIsolateBytes), mayWait: false }
  const groups = new Map<string, EdgeGroup>()
  for (const groupConfig of config.groups.values()) {
    const group = createGroup(groupConfig, env, {
      placement: EDGE,
      maxBytes: groupConfig.maxHotBytes,
      flights: new UnsharedFlights(),
      // To wait for a place would be to wait for another request's promise, see UnsharedFlights.
      maxLoads: Number.POSITIVE_INFINITY,
      memory,
    })
    groups.set(groupConfig.name, { group, config: groupConfig, open: createOpen(groupConfig, env) })
  }
  const all = Array.from(groups.values(), ({ group }) => group)
  const reporter = new EdgeReporter(all, () => crypto.randomUUID())
  const peers = new StubPeers(new Ring(config.nodes), env.CACHE_NODE, reporter)
  for (const group of all) group.registerPeers(peers)
  const statsReports = new StatsReports(peers, all, systemClock)
  return { config, groups, peers, statsReports, clock: systemClock }
}
