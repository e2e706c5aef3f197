/** Owns a cache node: the Durable Object that holds the groups' main entries and answers its peers. */

import { DurableObject, env as workerEnv } from 'cloudflare:workers'
import { createGroup } from '../compose.ts'
import { type GroupConfig, type GroupDefinitions, readConfig } from '../config/config.ts'
import { systemClock } from '../core/clock.ts'
import { EdgeReports } from '../core/edge-reports.ts'
import { NoSuchGroupError, PeerUnavailableError } from '../core/errors.ts'
import type { Fill } from '../core/filler.ts'
import type { Group, Placement } from '../core/group.ts'
import { Groups } from '../core/groups.ts'
import { LoadLimit } from '../core/load-limit.ts'
import {
  type GetManyMessage,
  type GetMessage,
  type GroupMessage,
  type Message,
  type NodeCalls,
  PROTOCOL_VERSION,
  type PurgeMessage,
  type SetMessage,
} from '../core/messages.ts'
import { type NodeStats, nodeStats } from '../core/node-stats.ts'
import { NodeUpstream } from '../core/node-upstream.ts'
import type { Reply, SetOutcome } from '../core/peers.ts'
import { Singleflight } from '../core/singleflight.ts'
import { GroupStats } from '../core/stats.ts'
import { Topology } from '../core/topology.ts'
import type { Upstream } from '../core/upstream.ts'
import { isolateMemory } from '../isolate-memory.ts'
import { logError } from '../log.ts'
import { StubPeers } from '../peers/stub-peers.ts'
import { getAttributes, outcomeOfReply, withSpan } from '../tracing.ts'
import { rememberedName } from './disk.ts'
import { NodeDisk } from './node-disk.ts'

/** A cache node, as its peers call it. */
export interface CacheNode extends DurableObject<Cloudflare.Env>, NodeCalls {
  /** Sweeps the disk. */
  alarm(): Promise<void>
}

type CacheNodeClass = new (ctx: DurableObjectState, env: Cloudflare.Env) => CacheNode

/** The class to bind as `CACHE_NODE`. Throws `ConfigError`, when the isolate starts. */
export function createCacheNode(definitions: GroupDefinitions): CacheNodeClass {
  const config = readConfig({ ...workerEnv }, definitions)
  const topology = new Topology(config)
  const groupConfigs = [...config.groups.values()]
  const budget = isolateMemory(config.maxIsolateBytes)

  return class CacheNode extends DurableObject<Cloudflare.Env> implements NodeCalls {
    private readonly nodeName: string
    private readonly sinceMs = systemClock.now()
    private readonly groups = new Groups()
    private readonly edges: EdgeReports
    private readonly disk: NodeDisk

    constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
      super(ctx, env)
      const nodeName = ctx.id.name ?? rememberedName(ctx.storage) ?? ctx.id.toString()
      this.nodeName = nodeName
      // A name of an older setting is no owner's.
      const region = topology.regionOf(nodeName) ?? topology.home
      const placement: Placement = {
        cacheName: nodeName,
        standsInFor: (key) => (topology.ownerIn(region, key) === nodeName ? undefined : 'guest'),
      }
      this.disk = new NodeDisk({
        ctx,
        nodeName,
        configs: groupConfigs,
        groups: this.groups,
        ring: topology.ring,
        isOwned: (key) => placement.standsInFor(key) === undefined,
        isRingChanging: topology.isChanging,
      })
      const nodes = new StubPeers(topology, env.CACHE_NODE)
      for (const groupConfig of groupConfigs) {
        const stats = new GroupStats()
        const group = createGroup(groupConfig, env, {
          placement,
          maxBytes: groupConfig.maxBytes,
          // A node that has lost its memory, and is created again, takes its own place in the budget.
          memory: { budget, name: `${ctx.id} ${groupConfig.name}`, mayWait: true },
          limit: new LoadLimit(groupConfig.maxLoads),
          flights: new Singleflight<Fill>(),
          stats,
          durable: this.disk.partsOf(groupConfig),
          upstream: upstreamOf(groupConfig, nodeName, nodes, stats),
        })
        this.groups.add(group)
      }
      this.edges = new EdgeReports(this.groups)
    }

    get(message: GetMessage): Reply | Promise<Reply> {
      const { key } = message
      const group = this.groupOf(message)
      const attributes = () => {
        return getAttributes(this.nodeName, config.groups.get(group.name) as GroupConfig, key)
      }
      return withSpan('node.get', attributes, () => group.get(key), outcomeOfReply)
    }

    peek(message: GetMessage): Reply | null {
      return this.groupOf(message).peek(message.key) ?? null
    }

    ping(): void {}

    getMany(message: GetManyMessage): Promise<(Reply | null)[]> {
      return this.groupOf(message).getMany(message.keys, message.maxBytes)
    }

    set(message: SetMessage): Promise<SetOutcome> {
      return this.groupOf(message).setLocally(message.key, message.value)
    }

    purge(message: PurgeMessage): number {
      return this.groupOf(message).purgeLocally(message.purge)
    }

    stats(message: Message): NodeStats {
      this.requireVersion(message)
      this.hear(message)
      this.disk.sweeper.sweepSome()
      const node = { node: this.nodeName, sinceMs: this.sinceMs }
      return nodeStats(node, this.groups, this.edges, systemClock.now())
    }

    override alarm(): Promise<void> {
      return this.disk.sweeper.alarm()
    }

    private groupOf(message: GroupMessage): Group {
      this.requireVersion(message)
      const { group: name } = message
      const group = this.groups.get(name)
      // While a deployment spreads, a Worker may know a group that this node does not know yet.
      if (group === undefined) throw new NoSuchGroupError(`${this.nodeName} has no group ${name}.`)
      // Last: the edge takes back the report of a call that fails.
      this.hear(message)
      return group
    }

    private requireVersion({ version }: Message): void {
      if (version === PROTOCOL_VERSION) return
      throw new PeerUnavailableError(`${this.nodeName} speaks version ${PROTOCOL_VERSION}.`)
    }

    private hear({ report }: Message): void {
      if (report !== undefined) this.edges.receive(report, systemClock.now())
    }
  }
}

/** What a node asks before it loads; `undefined` where no other node can know better. */
function upstreamOf(
  { name: group, options: { timeoutMs } }: GroupConfig,
  nodeName: string,
  nodes: StubPeers,
  stats: GroupStats,
): Upstream | undefined {
  const { topology } = nodes
  const region = topology.regionOf(nodeName) ?? topology.home
  if (!topology.isChanging && region === topology.home) return undefined
  return new NodeUpstream({
    group,
    nodeName,
    region,
    topology,
    peerNamed: (name) => nodes.named(name),
    timeoutMs,
    stats,
    clock: systemClock,
    onError: (error) => logError('node unreachable', { group, node: nodeName }, error),
  })
}
