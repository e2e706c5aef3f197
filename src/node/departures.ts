/**
 * Tells nodes that have left the ring to drop their rows. Purges do not reach these nodes and nothing else
 * starts them, so that their rows would count again when they are back.
 *
 * One node, the keeper, remembers all nodes that there are. It is the same under all settings. With regions it
 * is not on the ring, and home's first node starts it when the settings have changed.
 */

import { forEachBounded } from '../core/peers/fan-out.ts'
import { leftBetween, type NodeCounts, nodeCountsOf } from '../core/ring/resize.ts'
import type { Topology } from '../core/ring/topology.ts'
import { hasTables, readMeta, writeMeta } from './schema.ts'

export const KEEPER = 'node-0'

/** Another node, as the keeper and home's first node call it. */
export interface Departed {
  /** Drops everything. Throws when the node could not, or runs under other settings. */
  retire(settings: string): Promise<void>
  stats(): Promise<unknown>
}

export interface DeparturesParts {
  readonly sql: SqlStorage
  readonly nodeName: string
  readonly topology: Topology
  readonly nodeNamed: (name: string) => Departed
  /** Called for each node that could not be told. The next start, or report, tries again. */
  readonly onError: (error: unknown) => void
}

export class Departures {
  private readonly parts: DeparturesParts
  private readonly settings: string
  private readonly untold: Set<string>
  private settling: Promise<void> | undefined

  /** On the tables of `openDisk`. A node without tables has nothing to remember. */
  constructor(parts: DeparturesParts) {
    const { nodeName, sql, topology } = parts
    this.parts = parts
    this.settings = JSON.stringify(topology.settings)
    const isFirstAtHome = nodeName === topology.nodesIn(topology.home)[0]
    if (!hasTables(sql)) this.untold = new Set()
    else if (nodeName === KEEPER) this.untold = this.noteLeft()
    else {
      const hasReported = readMeta(sql, 'reported') === this.settings
      this.untold = new Set(isFirstAtHome && !hasReported ? [KEEPER] : [])
    }
  }

  /** Resolves when each node that has to be told has been told, or could not be. */
  settle(): Promise<void> {
    if (this.untold.size === 0) return Promise.resolve()
    this.settling ??= this.tellAll().finally(() => {
      this.settling = undefined
    })
    return this.settling
  }

  private async tellAll(): Promise<void> {
    const { nodeName, onError, sql } = this.parts
    await forEachBounded([...this.untold], async (name) => {
      try {
        await this.tell(name)
        this.untold.delete(name)
      } catch (error) {
        onError(error)
      }
    })
    if (nodeName === KEEPER) writeMeta(sql, 'untold', JSON.stringify([...this.untold]))
    else if (this.untold.size === 0) writeMeta(sql, 'reported', this.settings)
  }

  private async tell(name: string): Promise<void> {
    const node = this.parts.nodeNamed(name)
    // The keeper reports once it has told those that have left.
    if (name === KEEPER) await node.stats()
    else await node.retire(this.settings)
  }

  /** Adds the nodes that have left since the keeper's last start to those that could not be told before. */
  private noteLeft(): Set<string> {
    const { sql, topology } = this.parts
    const before: NodeCounts = JSON.parse(readMeta(sql, 'nodes') ?? '{}')
    const now = nodeCountsOf(topology.settings)
    const untold = new Set<string>(JSON.parse(readMeta(sql, 'untold') ?? '[]'))
    const left = leftBetween(before, now).filter((name) => name !== KEEPER)
    for (const name of left) untold.add(name)
    // First: with a node that dies between the two, a name is told in vain, and none is forgotten.
    if (left.length > 0) writeMeta(sql, 'untold', JSON.stringify([...untold]))
    const nodes = JSON.stringify(now)
    if (readMeta(sql, 'nodes') !== nodes) writeMeta(sql, 'nodes', nodes)
    return untold
  }
}
