/** Owns what a cache node does, whatever runtime it does it in: the groups' main entries, and its peers' calls. */

import type { Config, GroupConfig } from '../config/config.ts'
import type { DurableParts } from '../core/durable/durable-tier.ts'
import { NoSuchGroupError, PeerUnavailableError } from '../core/errors.ts'
import type { FillResult } from '../core/group/fill.ts'
import type { Group } from '../core/group/group.ts'
import type { Groups } from '../core/group/groups.ts'
import { LoadLimit } from '../core/load/load-limit.ts'
import { Singleflight } from '../core/load/singleflight.ts'
import {
  type GetManyMessage,
  type GetMessage,
  type GroupMessage,
  isGetManyMessage,
  isGetMessage,
  isPurgeMessage,
  isSetMessage,
  type Message,
  type NodeCalls,
  PROTOCOL_VERSION,
  type PurgeMessage,
  type RetireMessage,
  type SetMessage,
} from '../core/peers/messages.ts'
import { NodeUpstream } from '../core/peers/node-upstream.ts'
import type { Reply, SetOutcome, StreamedReply } from '../core/peers/peers.ts'
import type { Upstream } from '../core/peers/upstream.ts'
import type { Topology } from '../core/ring/topology.ts'
import { EdgeReportLog } from '../core/stats/edge-report-log.ts'
import { GroupStats } from '../core/stats/group-stats.ts'
import { type NodeStats, nodeStats } from '../core/stats/node-report.ts'
import { createGroup } from '../create-group.ts'
import { partOf } from '../peers/part.ts'
import { StubPeers } from '../peers/stub-peers.ts'
import type { Platform } from '../platform/platform.ts'

/** A node's disk, as far as the node has to do with it. */
export interface Disk {
  /** What keeps a group's entries on disk; `undefined` where it is not durable. */
  partsOf(config: GroupConfig): DurableParts | undefined
  /** Deletes some of what is of no use any more. */
  sweepSome(): void
}

export interface NodeParts {
  readonly name: string
  /** Tells the node from all others of the isolate, and is the same again when it has lost its memory. */
  readonly id: string
  readonly config: Config
  readonly topology: Topology
  readonly env: Cloudflare.Env
  readonly platform: Platform
  /** Where the node adds its groups. */
  readonly groups: Groups
  readonly disk: Disk
}

export class Node implements NodeCalls {
  private readonly parts: NodeParts
  private readonly sinceMs: number
  private readonly edges: EdgeReportLog

  constructor(parts: NodeParts) {
    const { config, disk, env, groups, id, name, platform, topology } = parts
    this.parts = parts
    this.sinceMs = platform.clock.now()
    const isOwned = topology.ownershipOf(name)
    const budget = platform.memory(config.maxIsolateBytes)
    const nodes = new StubPeers({ topology, namespace: env.CACHE_NODE, platform })
    for (const groupConfig of config.groups.values()) {
      const stats = new GroupStats()
      const group = createGroup(groupConfig, env, {
        platform,
        placement: {
          cacheName: name,
          fallbackRoleFor: (key) => (isOwned(key) ? undefined : 'guest'),
        },
        maxBytes: groupConfig.maxBytes,
        eviction: groupConfig.eviction,
        spanOfGet: 'node.get',
        // A node that has lost its memory, and is created again, takes its own place in the budget.
        memory: { budget, name: `${id} ${groupConfig.name}`, canQueue: true },
        limit: new LoadLimit(groupConfig.maxLoads),
        flights: new Singleflight<FillResult>(),
        stats,
        durable: disk.partsOf(groupConfig),
        upstream: upstreamOf(groupConfig, parts, nodes, stats),
      })
      groups.add(group)
    }
    this.edges = new EdgeReportLog(groups)
  }

  get(message: GetMessage): Reply | StreamedReply | Promise<Reply | StreamedReply> {
    const group = this.groupOf(message, isGetMessage)
    const { key, part } = message
    const reply = group.get(key)
    if (part === undefined) return reply
    const { clock } = this.parts.platform
    const answer = (whole: Reply) =>
      partOf(whole, part, (entry) => group.beginSending(entry, key), clock)
    return reply instanceof Promise ? reply.then(answer) : answer(reply)
  }

  peek(message: GetMessage): Reply | null {
    return this.groupOf(message, isGetMessage).peek(message.key) ?? null
  }

  ping(): void {}

  getMany(message: GetManyMessage): Promise<(Reply | null)[]> {
    const group = this.groupOf(message, isGetManyMessage)
    const { keys, maxBytes, firstBytes, heldOnly } = message
    return group.getMany(keys, { maxBytes, firstBytes, heldOnly })
  }

  set(message: SetMessage): Promise<SetOutcome> {
    return this.groupOf(message, isSetMessage).setLocally(message.key, message.value)
  }

  purge(message: PurgeMessage): number {
    return this.groupOf(message, isPurgeMessage).purgeLocally(message.purge)
  }

  retire(message: RetireMessage): void {
    this.requireVersion(message)
    const { groups, name, topology } = this.parts
    // This node is going to be started again, and would fill its disk until then.
    if (message.settings !== JSON.stringify(topology.settings)) {
      throw new PeerUnavailableError(`${name} runs under other settings.`)
    }
    for (const group of groups) group.purgeLocally({ all: true })
  }

  stats(message: Message): NodeStats {
    this.requireVersion(message)
    this.hear(message)
    this.parts.disk.sweepSome()
    const node = { node: this.parts.name, sinceMs: this.sinceMs }
    return nodeStats(node, this.parts.groups, this.edges, this.parts.platform.clock.now())
  }

  private groupOf<Form extends GroupMessage>(
    message: Form,
    isUnderstood: (message: Form) => boolean,
  ): Group {
    this.requireVersion(message)
    const { group: name } = message
    if (typeof name !== 'string' || !isUnderstood(message)) {
      throw new PeerUnavailableError(`${this.parts.name} does not understand the message.`)
    }
    const group = this.parts.groups.get(name)
    // While a deployment spreads, a Worker may know a group that this node does not know yet.
    if (group === undefined) {
      throw new NoSuchGroupError(`${this.parts.name} has no group ${name}.`)
    }
    // Last: the edge takes back the report of a call that fails.
    this.hear(message)
    return group
  }

  private requireVersion(message: Message | null | undefined): void {
    if (message?.version === PROTOCOL_VERSION) return
    throw new PeerUnavailableError(`${this.parts.name} speaks version ${PROTOCOL_VERSION}.`)
  }

  private hear({ report }: Message): void {
    if (report !== undefined) this.edges.receive(report, this.parts.platform.clock.now())
  }
}

/** What a node asks before it loads; `undefined` where no other node can know better. */
function upstreamOf(
  { name: group, options: { timeoutMs } }: GroupConfig,
  { name: nodeName, platform, topology }: NodeParts,
  nodes: StubPeers,
  stats: GroupStats,
): Upstream | undefined {
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
    clock: platform.clock,
    onError: (error) => platform.logError('node unreachable', { group, node: nodeName }, error),
  })
}
