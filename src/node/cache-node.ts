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
import {
  type GetManyMessage,
  type GetMessage,
  type GroupMessage,
  type Message,
  PROTOCOL_VERSION,
  type PurgeMessage,
  type SetMessage,
} from '../core/messages.ts'
import { type NodeStats, nodeStats } from '../core/node-stats.ts'
import type { Reply, SetOutcome } from '../core/peers.ts'
import { Ring } from '../core/ring.ts'
import { Singleflight } from '../core/singleflight.ts'
import { isolateMemory } from '../isolate-memory.ts'
import { getAttributes, outcomeOfReply, withSpan } from '../tracing.ts'

/** A cache node, as its peers call it. Whatever a call throws means that the node could not serve. */
export interface CacheNode extends DurableObject<Cloudflare.Env> {
  /** The answer to a key; a loader's failure is one of the answers. */
  get(message: GetMessage): Reply | Promise<Reply>
  /** The answers to several keys, in their order. */
  getMany(message: GetManyMessage): Promise<(Reply | null)[]>
  /** Sets a value. */
  set(message: SetMessage): Promise<SetOutcome>
  /** Forgets. Returns how many entries were dropped or made stale. */
  purge(message: PurgeMessage): number
  /** The counters of all groups, and what they hold. */
  stats(message: Message): NodeStats
}

type CacheNodeClass = new (ctx: DurableObjectState, env: Cloudflare.Env) => CacheNode

/** The class to bind as `CACHE_NODE`. Throws `ConfigError`, when the isolate starts. */
export function createCacheNode(definitions: GroupDefinitions): CacheNodeClass {
  const config = readConfig({ ...workerEnv }, definitions)
  const ring = new Ring(config.nodes)
  const budget = isolateMemory(config.maxIsolateBytes)

  return class CacheNode extends DurableObject<Cloudflare.Env> {
    private readonly nodeName: string
    private readonly sinceMs = systemClock.now()
    private readonly groups = new Groups()
    private readonly edges: EdgeReports

    constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
      super(ctx, env)
      const nodeName = ctx.id.name ?? ctx.id.toString()
      this.nodeName = nodeName
      const placement: Placement = {
        cacheName: nodeName,
        standsInFor: (key) => (ring.pick(key) === nodeName ? undefined : 'guest'),
      }
      for (const group of config.groups.values()) {
        const { maxBytes, maxLoads } = group
        const flights = new Singleflight<Fill>()
        // A node that has lost its memory, and is created again, takes its own place in the budget.
        const memory = { budget, name: `${ctx.id} ${group.name}`, mayWait: true }
        const parts = { placement, maxBytes, maxLoads, flights, memory }
        this.groups.add(createGroup(group, env, parts))
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
      const node = { node: this.nodeName, sinceMs: this.sinceMs }
      return nodeStats(node, this.groups, this.edges, systemClock.now())
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
