/** Owns how the groups of a node come by its disk: their stores, and when those are written and swept. */

import type { GroupConfig } from '../config/config.ts'
import type { DurableParts } from '../core/durable/durable-tier.ts'
import type { EntryStore } from '../core/durable/entry-store.ts'
import type { Group } from '../core/group/group.ts'
import type { Topology } from '../core/ring/topology.ts'
import type { Platform } from '../platform/platform.ts'
import { openDisk } from './disk.ts'
import type { Disk } from './node.ts'
import { Sweeper } from './sweeper.ts'

/** How much more of a durable group a node has room for on disk than in memory. */
const TIMES_MEMORY = 8

export interface NodeDiskParts {
  readonly ctx: DurableObjectState
  readonly nodeName: string
  readonly configs: Iterable<GroupConfig>
  /** The node's groups; those that are added later are swept too. */
  readonly groups: Iterable<Group>
  readonly topology: Topology
  readonly platform: Platform
}

export class NodeDisk implements Disk {
  private readonly sweeper: Sweeper
  private readonly parts: NodeDiskParts
  private readonly isOwned: (key: string) => boolean
  private readonly stores: ReadonlyMap<string, EntryStore>

  constructor(parts: NodeDiskParts) {
    const { configs, ctx, nodeName, platform, topology } = parts
    const onError = (error: unknown) => platform.logError('disk failure', { node: nodeName }, error)
    this.parts = parts
    this.isOwned = topology.ownershipOf(nodeName)
    this.stores = openDisk({
      nodeName,
      storage: ctx.storage,
      topology,
      groups: Array.from(configs).flatMap(({ name, durable }) => (durable ? [name] : [])),
      onError,
    })
    this.sweeper = new Sweeper({
      groups: parts.groups,
      storage: ctx.storage,
      clock: platform.clock,
      waitUntil: (promise) => ctx.waitUntil(promise),
      onError,
    })
  }

  /** What keeps a group's entries on disk; `undefined` where it is not durable. */
  partsOf({ name, maxBytes }: GroupConfig): DurableParts | undefined {
    const { ctx } = this.parts
    const store = this.stores.get(name)
    return (
      store && {
        store,
        maxBytes: maxBytes * TIMES_MEMORY,
        isOwned: this.isOwned,
        // A timer, as the answer is on its way by then; kept alive, as nobody waits for it.
        later: (run) => ctx.waitUntil(scheduler.wait(0).then(run)),
        onWritten: (earliestRemovableMs) => this.sweeper.expect(earliestRemovableMs),
      }
    )
  }

  sweepSome(): void {
    this.sweeper.sweepSome()
  }

  alarm(): Promise<void> {
    return this.sweeper.alarm()
  }
}
