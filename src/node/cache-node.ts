/** Owns a cache node as a Durable Object: the class that is bound, and the disk and alarms that come with it. */

import { DurableObject, env as workerEnv } from 'cloudflare:workers'
import { type GroupDefinitions, readConfig } from '../config/config.ts'
import { Groups } from '../core/group/groups.ts'
import type {
  GetManyMessage,
  GetMessage,
  Message,
  NodeCalls,
  PurgeMessage,
  RetireMessage,
  SetMessage,
} from '../core/peers/messages.ts'
import type { Reply, SetOutcome, StreamedReply } from '../core/peers/peers.ts'
import { Topology } from '../core/ring/topology.ts'
import type { NodeStats } from '../core/stats/node-report.ts'
import { StubPeers } from '../peers/stub-peers.ts'
import { withSparingLog } from '../platform/sparing-log.ts'
import { workersPlatform } from '../platform/workers.ts'
import { Departures } from './departures.ts'
import { rememberedName } from './disk.ts'
import { Node } from './node.ts'
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

  return class CacheNode extends DurableObject<Cloudflare.Env> implements NodeCalls {
    private readonly node: Node
    private readonly disk: NodeDisk
    private readonly departures: Departures

    constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
      super(ctx, env)
      const id = ctx.id.toString()
      const name = ctx.id.name ?? rememberedName(ctx.storage) ?? id
      const groups = new Groups()
      const platform = withSparingLog(workersPlatform)
      this.disk = new NodeDisk({
        ctx,
        nodeName: name,
        configs: config.groups.values(),
        groups,
        topology,
        platform,
      })
      const nodes = new StubPeers({ topology, namespace: env.CACHE_NODE, platform })
      this.departures = new Departures({
        sql: ctx.storage.sql,
        nodeName: name,
        topology,
        nodeNamed: (other) => nodes.named(other),
        onError: (error) => platform.logError('node unreachable', { node: name }, error),
      })
      ctx.waitUntil(this.departures.settle())
      this.node = new Node({ name, id, config, topology, env, platform, groups, disk: this.disk })
    }

    get(message: GetMessage): Reply | StreamedReply | Promise<Reply | StreamedReply> {
      return this.node.get(message)
    }

    peek(message: GetMessage): Reply | null {
      return this.node.peek(message)
    }

    ping(): void {}

    getMany(message: GetManyMessage): Promise<(Reply | null)[]> {
      return this.node.getMany(message)
    }

    set(message: SetMessage): Promise<SetOutcome> {
      return this.node.set(message)
    }

    purge(message: PurgeMessage): number {
      return this.node.purge(message)
    }

    retire(message: RetireMessage): void {
      this.node.retire(message)
    }

    async stats(message: Message): Promise<NodeStats> {
      // A report says that the deployment is complete: nodes that have left do not come back with old rows.
      await this.departures.settle()
      return this.node.stats(message)
    }

    override alarm(): Promise<void> {
      return this.disk.alarm()
    }
  }
}
