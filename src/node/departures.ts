/**
 * Tells nodes that have left the ring to drop their rows. Purges do not reach these nodes and nothing else
 * starts them, so that their rows would count again when they are back.
 *
 * One node, the keeper, remembers all nodes that there are. It is the same under all settings. With regions it
 * is not on the ring, and home's first node starts it when the settings have changed.
 */

import { MOST_NODES } from '../config/config.ts'
import { forEachBounded } from '../core/peers/fan-out.ts'
import { leftBetween, type NodeCounts, nodeCountsOf } from '../core/ring/resize.ts'
import type { Topology } from '../core/ring/topology.ts'
import { hasTables, readMeta, writeMeta } from './schema.ts'

export const KEEPER = 'node-0'

/**
 * How long a node that answers pings may take to retire. Reports wait for it, and the edge itself waits 30
 * seconds for a report: with that limit here, the node that tells would seem to have failed too.
 */
const RETIRE_MS = 5_000

/** Another node, as the keeper and home's first node call it. */
export interface Departed {
  /** Drops everything. Throws when the node could not, or runs under other settings. */
  retire(settings: string, limitMs: number): Promise<void>
  stats(): Promise<unknown>
}

export interface DeparturesParts {
  readonly sql: SqlStorage
  readonly nodeName: string
  readonly topology: Topology
  readonly nodeNamed: (name: string) => Departed
  /** Called when the disk fails, and for each node that could not be told. The next start, or report, tries again. */
  readonly onError: (error: unknown) => void
}

export class Departures {
  private readonly parts: DeparturesParts
  private readonly settings: string
  private readonly untold: Set<string>
  private settling: Promise<void> | undefined

  /**
   * Reads the tables of `openDisk`. A node without tables has nothing to remember. Never throws: a node whose
   * disk fails tells no node in this life.
   */
  constructor(parts: DeparturesParts) {
    this.parts = parts
    this.settings = JSON.stringify(parts.topology.settings)
    this.untold = this.unlessDiskFails(() => this.findUntold()) ?? new Set()
  }

  /** Resolves when each node that has to be told has been told, or could not be. Never rejects. */
  settle(): Promise<void> {
    if (this.untold.size === 0) return Promise.resolve()
    this.settling ??= this.tellAll().finally(() => {
      this.settling = undefined
    })
    return this.settling
  }

  private async tellAll(): Promise<void> {
    const { onError } = this.parts
    await forEachBounded([...this.untold], async (name) => {
      try {
        await this.tell(name)
        this.untold.delete(name)
      } catch (error) {
        onError(error)
      }
    })
    this.unlessDiskFails(() => this.noteTold())
  }

  private async tell(name: string): Promise<void> {
    const node = this.parts.nodeNamed(name)
    // The keeper reports once it has told those that have left.
    if (name === KEEPER) await node.stats()
    else await node.retire(this.settings, RETIRE_MS)
  }

  private findUntold(): Set<string> {
    const { nodeName, sql, topology } = this.parts
    if (!hasTables(sql)) return new Set()
    if (nodeName === KEEPER) return this.noteLeft()
    const isFirstAtHome = nodeName === topology.nodesIn(topology.home)[0]
    const hasReported = readMeta(sql, 'reported') === this.settings
    return new Set(isFirstAtHome && !hasReported ? [KEEPER] : [])
  }

  private noteTold(): void {
    const { nodeName, sql } = this.parts
    if (nodeName === KEEPER) writeMeta(sql, 'untold', JSON.stringify([...this.untold]))
    else if (this.untold.size === 0) writeMeta(sql, 'reported', this.settings)
  }

  /** Adds the nodes that have left since the keeper's last start to those that could not be told before. */
  private noteLeft(): Set<string> {
    const { sql, topology } = this.parts
    const before = nodeCountsFrom(readMeta(sql, 'nodes'))
    const now = nodeCountsOf(topology.settings)
    const untold = new Set(namesFrom(readMeta(sql, 'untold')))
    const left = leftBetween(before, now).filter((name) => name !== KEEPER)
    for (const name of left) untold.add(name)
    // First: with a node that dies between the two, a name is told in vain, and none is forgotten.
    if (left.length > 0) writeMeta(sql, 'untold', JSON.stringify([...untold]))
    const nodes = JSON.stringify(now)
    if (readMeta(sql, 'nodes') !== nodes) writeMeta(sql, 'nodes', nodes)
    return untold
  }
  private unlessDiskFails<T>(use: () => T): T | undefined {
    try {
      return use()
    } catch (error) {
      this.parts.onError(error)
      return undefined
    }
  }
}

/** Returns the counts in a note of the keeper. A damaged note has none. */
function nodeCountsFrom(note: string | undefined): NodeCounts {
  const counts = parsed(note)
  if (typeof counts !== 'object' || counts === null || Array.isArray(counts)) return {}
  return Object.values(counts).every(isNodeCount) ? (counts as NodeCounts) : {}
}

/** Returns the names in a note of the keeper. A damaged note has none. */
function namesFrom(note: string | undefined): string[] {
  const names = parsed(note)
  const areNames = Array.isArray(names) && names.every((name) => typeof name === 'string')
  return areNames ? names : []
}

function isNodeCount(count: unknown): boolean {
  return Number.isInteger(count) && (count as number) > 0 && (count as number) <= MOST_NODES
}

function parsed(note = 'null'): unknown {
  try {
    return JSON.parse(note)
  } catch {
    return undefined
  }
}
