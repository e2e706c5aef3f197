/** Owns what one edge isolate has: its settings, the ring of nodes, and the groups with their hot copies. */

import type { Config, GroupConfig } from '../config/config.ts'
import type { Clock } from '../core/clock.ts'
import { ConfigError } from '../core/errors.ts'
import { HOT_EVICTION } from '../core/eviction/policies.ts'
import type { Group, Placement } from '../core/group/group.ts'
import { EdgeLoadLimit } from '../core/load/edge-load-limit.ts'
import { NoSharing } from '../core/load/singleflight.ts'
import type { PeerPicker } from '../core/peers/peers.ts'
import { type Region, Topology } from '../core/ring/topology.ts'
import { EdgeReporter } from '../core/stats/edge-reporter.ts'
import { GroupStats } from '../core/stats/group-stats.ts'
import { createGroup, createOpen } from '../create-group.ts'
import type { Open } from '../loaders/open.ts'
import { StubPeers } from '../peers/stub-peers.ts'
import type { Platform } from '../platform/platform.ts'
import { withSparingLog } from '../platform/sparing-log.ts'
import { RequestBodies } from './http/request-body.ts'
import { nearestRegion, type Whereabouts } from './nearest-region.ts'
import { StatsReports } from './stats-reports.ts'

export interface EdgeGroup {
  readonly group: Group
  readonly config: GroupConfig
  /** The way to values that are too large to come through a node. */
  readonly open: Open
  /** How many of those are on their way at once. */
  readonly streams: EdgeLoadLimit
}

export interface Edge {
  readonly config: Config
  readonly groups: ReadonlyMap<string, EdgeGroup>
  readonly nodes: StubPeers
  /** The nodes as they are chosen from within a region. */
  readonly peersIn: (region: Region) => PeerPicker
  readonly statsReports: StatsReports
  readonly clock: Clock
  /** Reads what clients send. */
  readonly bodies: RequestBodies
  readonly logError: Platform['logError']
}

/** Loads at once of each group in an isolate, when no node can serve: the last resort, not a way to live. */
const EDGE_LOADS = 16

const EDGE: Placement = { cacheName: 'edge', fallbackRoleFor: () => 'no-node' }

/** The nodes as they are chosen from the region that is nearest to the client. */
export function peersNear({ nodes, peersIn }: Edge, request: Request): PeerPicker {
  const { home, regions } = nodes.topology
  // The runtime makes `cf` for whoever looks at it: not where there is nothing to choose.
  if (regions.length === 1) return peersIn(home)
  return peersIn(nearestRegion(regions, request.cf as Whereabouts | undefined))
}

/** Throws `ConfigError` when the nodes are not bound. */
export function createEdge(config: Config, env: Cloudflare.Env, runtime: Platform): Edge {
  const platform = withSparingLog(runtime)
  const { clock, logError } = platform
  if (typeof env.CACHE_NODE?.getByName !== 'function') {
    throw new ConfigError(
      'CACHE_NODE',
      env.CACHE_NODE,
      'a Durable Object binding of the node class',
    )
  }
  // Nothing waits for memory here: that, too, would be to wait for another request.
  const memory = { budget: platform.memory(config.maxIsolateBytes), canQueue: false }
  const groups = new Map<string, EdgeGroup>()
  for (const groupConfig of config.groups.values()) {
    const leaseMs = groupConfig.options.timeoutMs + 1_000
    const group = createGroup(groupConfig, env, {
      platform,
      placement: EDGE,
      spanOfGet: 'edge.get',
      maxBytes: groupConfig.maxHotBytes,
      flights: new NoSharing(),
      limit: new EdgeLoadLimit(EDGE_LOADS, leaseMs, clock),
      stats: new GroupStats(),
      eviction: HOT_EVICTION,
      // What is under way when its request has been answered would be cut off.
      keepAlive: platform.waitUntil,
      memory,
    })
    groups.set(groupConfig.name, {
      group,
      config: groupConfig,
      open: createOpen(groupConfig, env),
      streams: new EdgeLoadLimit(groupConfig.maxLoads, leaseMs, clock),
    })
  }
  const all = Array.from(groups.values(), ({ group }) => group)
  const reporter = new EdgeReporter(all, platform.uuid)
  const topology = new Topology(config)
  const nodes = new StubPeers({ topology, namespace: env.CACHE_NODE, platform, reporter })
  const byRegion = new Map(topology.regions.map((region) => [region, nodes.from(region)]))
  const peersIn = (region: Region) => byRegion.get(region) as PeerPicker
  for (const group of all) group.registerPeers(peersIn(topology.home))
  const statsReports = new StatsReports(nodes, all, clock)
  const bodies = new RequestBodies(memory.budget, clock)
  return { config, groups, nodes, peersIn, statsReports, clock, bodies, logError }
}
