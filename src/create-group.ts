/** Owns how a group's settings become a working group, in either placement. */

import type { GroupConfig } from './config/config.ts'
import type { DurableParts } from './core/durable/durable-tier.ts'
import type { Eviction } from './core/eviction/policies.ts'
import type { FillResult } from './core/group/fill.ts'
import { Group, type GroupMemory, type Placement } from './core/group/group.ts'
import { Circuit, LONGEST_PROBE_MS } from './core/load/circuit.ts'
import type { Limit } from './core/load/load-limit.ts'
import type { Loader, LoadResult } from './core/load/loader.ts'
import type { LoadSharing } from './core/load/singleflight.ts'
import type { Upstream } from './core/peers/upstream.ts'
import type { GroupStats } from './core/stats/group-stats.ts'
import { HotKeys } from './core/stats/hot-keys.ts'
import { functionLoader, openFunction } from './loaders/function-loader.ts'
import { httpOriginLoader, openHttpOrigin } from './loaders/http-origin.ts'
import type { Open } from './loaders/open.ts'
import type { Platform } from './platform/platform.ts'
import { getAttributes, outcomeOfReply } from './platform/tracing.ts'

/** What differs between the edge and a node. */
export interface PlacementParts {
  readonly platform: Platform
  readonly placement: Placement
  /** The name of the spans of gets. */
  readonly spanOfGet: 'edge.get' | 'node.get'
  readonly maxBytes: number
  readonly flights: LoadSharing<FillResult>
  readonly memory: GroupMemory
  /** How many loads run at once. */
  readonly limit: Limit
  readonly stats: GroupStats
  /** What is asked before the loader. Default: nothing. */
  readonly upstream?: Upstream | undefined
  /** Which entry gives way when `maxBytes` is met. Default: `lru`. */
  readonly eviction?: Eviction
  /** Lets work go on that no caller waits for. */
  readonly keepAlive?: (work: Promise<unknown>) => void
  /** What keeps the group's entries beyond memory. */
  readonly durable?: DurableParts | undefined
}

/** Counters for hot keys, in each group and place. They hold the keys' text. */
const HOT_KEYS = 100

export function createGroup(
  config: GroupConfig,
  env: Cloudflare.Env,
  { platform, spanOfGet, ...parts }: PlacementParts,
): Group {
  const { cacheName } = parts.placement
  const { clock, entityTag, random } = platform
  return new Group({
    name: config.name,
    options: config.options,
    loader: tracedLoader(createLoader(config, env), config, cacheName, platform),
    ...parts,
    circuit: new Circuit({ longestProbeMs: LONGEST_PROBE_MS, random }),
    clock,
    random,
    entityTag,
    hotKeys: new HotKeys(HOT_KEYS),
    traced(key, run) {
      const attributes = () => getAttributes(cacheName, config, key)
      return platform.withSpan(spanOfGet, attributes, run, outcomeOfReply)
    },
    onError: (error) => {
      platform.logError('group failure', { group: config.name, node: cacheName }, error)
    },
  })
}

function tracedLoader(
  loader: Loader,
  config: GroupConfig,
  node: string,
  platform: Platform,
): Loader {
  return async (key, context) => {
    const attributes = () => getAttributes(node, config, key)
    return platform.withSpan('load', attributes, () => loader(key, context), outcomeOfLoad)
  }
}

function outcomeOfLoad(result: LoadResult): string {
  return result.kind === 'failed' ? result.code : result.kind
}

function createLoader({ options, source }: GroupConfig, env: Cloudflare.Env): Loader {
  if (source.kind === 'load') return functionLoader(source.load, env)
  return httpOriginLoader({ ...source, life: options, negativeTtlMs: options.negativeTtlMs })
}

/** The way to a group's values past its nodes: for those that are too large to come through one. */
export function createOpen({ source }: GroupConfig, env: Cloudflare.Env): Open {
  return source.kind === 'load' ? openFunction(source.load, env) : openHttpOrigin(source)
}
