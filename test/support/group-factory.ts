/** Owns groups for tests: real ones, with time, chance and loader in the test's hands. */

import type { DurableParts } from '../../src/core/durable/durable-tier.ts'
import type { Eviction } from '../../src/core/eviction/policies.ts'
import type { FillResult } from '../../src/core/group/fill.ts'
import {
  Group,
  type GroupMemory,
  type GroupOptions,
  type GroupParts,
  type Placement,
} from '../../src/core/group/group.ts'
import { Circuit, LONGEST_PROBE_MS } from '../../src/core/load/circuit.ts'
import { LoadLimit } from '../../src/core/load/load-limit.ts'
import type { Loader } from '../../src/core/load/loader.ts'
import { type LoadSharing, NoSharing, Singleflight } from '../../src/core/load/singleflight.ts'
import { MemoryBudget } from '../../src/core/memory/memory-budget.ts'
import type { Reply } from '../../src/core/peers/peers.ts'
import type { Upstream } from '../../src/core/peers/upstream.ts'
import { GroupStats } from '../../src/core/stats/group-stats.ts'
import { HotKeys } from '../../src/core/stats/hot-keys.ts'
import { FakeClock } from './fake-clock.ts'

export const OWNER: Placement = { cacheName: 'node-0', fallbackRoleFor: () => undefined }
export const GUEST: Placement = { cacheName: 'node-1', fallbackRoleFor: () => 'guest' }
export const EDGE: Placement = { cacheName: 'edge', fallbackRoleFor: () => 'no-node' }

export interface TestGroupParts {
  readonly loader: Loader
  readonly options?: Partial<GroupOptions>
  readonly placement?: Placement
  readonly maxBytes?: number
  readonly maxLoads?: number
  /** By default the group has an isolate to itself. */
  readonly memory?: GroupMemory
  readonly name?: string
  readonly flights?: LoadSharing<FillResult>
  readonly clock?: FakeClock
  readonly random?: () => number
  readonly stats?: GroupStats
  readonly upstream?: Upstream
  readonly eviction?: Eviction
  readonly entityTag?: (value: Uint8Array) => string | Promise<string>
  readonly durable?: DurableParts
  readonly traced?: GroupParts['traced']
}

export interface TestGroup {
  readonly group: Group
  readonly clock: FakeClock
  /** What the group reported for the log. */
  readonly errors: unknown[]
}

/** A node's group by default: it owns every key, and no entry expires by chance. */
export function createTestGroup(parts: TestGroupParts): TestGroup {
  const { placement = OWNER, clock = new FakeClock(), random = () => 0.5 } = parts
  const errors: unknown[] = []
  const group = new Group({
    name: parts.name ?? 'scores',
    options: {
      ttlMs: 60_000,
      staleWhileRevalidateMs: 0,
      staleIfErrorMs: 0,
      negativeTtlMs: 0,
      timeoutMs: 10_000,
      softTimeoutMs: Number.POSITIVE_INFINITY,
      hotTtlMs: 1_000,
      expiryJitter: 0,
      maxValueBytes: 1024,
      ...parts.options,
    },
    placement,
    loader: parts.loader,
    maxBytes: parts.maxBytes ?? 1024 * 1024,
    memory: parts.memory ?? { budget: new MemoryBudget(64 * 1024 * 1024), canQueue: true },
    flights: parts.flights ?? (placement === EDGE ? new NoSharing() : new Singleflight()),
    clock,
    random,
    limit: new LoadLimit(parts.maxLoads ?? Number.POSITIVE_INFINITY),
    circuit: new Circuit({ longestProbeMs: LONGEST_PROBE_MS, random }),
    entityTag: parts.entityTag ?? ((value) => `"${value.byteLength} bytes"`),
    stats: parts.stats ?? new GroupStats(),
    upstream: parts.upstream,
    eviction: parts.eviction,
    hotKeys: new HotKeys(100),
    durable: parts.durable,
    traced: parts.traced,
    onError: (error) => errors.push(error),
  })
  return { group, clock, errors }
}

/** The value as text; throws where the reply has none. */
export function textOf(reply: Reply): string {
  if (reply.kind !== 'value') throw new Error(`The reply is ${reply.kind}, not a value.`)
  return new TextDecoder().decode(reply.entry.value)
}
