/**
 * A node's disk as a whole. Makes sure that its tables are there, and deletes what no durable group has and what
 * may have missed purges, before the node serves.
 */

import type { EntryStore } from '../core/durable/entry-store.ts'
import { survivorsOf } from '../core/ring/resize.ts'
import type { RingSettings, Topology } from '../core/ring/topology.ts'
import { KEEPER } from './departures.ts'
import { FailedStore } from './failed-store.ts'
import { dropTables, hasTables, migrate, readMeta, writeMeta } from './schema.ts'
import { SqliteStore } from './sqlite-store.ts'

export interface DiskParts {
  readonly storage: DurableObjectStorage
  readonly nodeName: string
  /** The names of the groups that are durable. */
  readonly groups: readonly string[]
  readonly topology: Topology
  /** Told why the disk, or what was on it, cannot be used. */
  readonly onError: (error: unknown) => void
}

/** The stores of the durable groups by name. Never throws: where the disk fails, each call of a store does. */
export function openDisk(parts: DiskParts): ReadonlyMap<string, EntryStore> {
  try {
    return new Map(prepared(parts))
  } catch (error) {
    parts.onError(error)
    return new Map(parts.groups.map((group) => [group, new FailedStore(error)]))
  }
}

/** A node's own name, where the runtime does not tell: it may not when an alarm wakes the node. */
export function rememberedName({ sql }: DurableObjectStorage): string | undefined {
  return hasTables(sql) ? readMeta(sql, 'node') : undefined
}

function prepared(parts: DiskParts): [string, SqliteStore][] {
  const { groups, nodeName, storage, onError } = parts
  const { sql } = storage
  // The keeper remembers which nodes there were.
  const isOfUse = groups.length > 0 || (nodeName === KEEPER && hasTables(sql))
  if (!isOfUse) {
    // Tables cost nothing where there are none, and there are none where no group was ever durable.
    if (hasTables(sql)) storage.transactionSync(() => dropTables(sql))
    return []
  }
  const givenUp = migrate(storage)
  if (givenUp !== undefined) {
    onError(new Error(`The disk had entries of version ${givenUp}, which is not known here.`))
  }
  if (readMeta(sql, 'node') !== nodeName) writeMeta(sql, 'node', nodeName)
  for (const group of storedGroups(sql)) {
    if (!groups.includes(group)) new SqliteStore(storage, group).delete({ all: true })
  }
  if (readMeta(sql, 'settings') !== JSON.stringify(parts.topology.settings)) keepSurvivors(parts)
  return groups.map((group) => [group, new SqliteStore(storage, group)])
}

/** Deletes the rows that may have missed purges, and notes the settings under which the others are kept. */
function keepSurvivors({ nodeName, storage, topology }: DiskParts): void {
  const { sql } = storage
  const survives = survivorsOf(lastSettings(sql, topology), topology, nodeName)
  storage.transactionSync(() => {
    for (const group of storedGroups(sql)) {
      const store = new SqliteStore(storage, group)
      const others = [...store.keysOf({ all: true })].filter((key) => !survives(key))
      for (const key of others) store.delete({ key })
    }
    writeMeta(sql, 'settings', JSON.stringify(topology.settings))
  })
}

function lastSettings(sql: SqlStorage, { regions }: Topology): RingSettings | undefined {
  const settings = readMeta(sql, 'settings')
  if (settings !== undefined) return JSON.parse(settings)
  // Earlier versions noted the count of nodes, and after it a hash.
  const nodes = Number.parseInt(readMeta(sql, 'ring') ?? '', 10)
  return Number.isNaN(nodes) ? undefined : { nodes, regions }
}

/** From name to name: a question per group, not a look at every row. */
function storedGroups(sql: SqlStorage): string[] {
  const groups: string[] = []
  for (let last = ''; ; ) {
    const { next } = sql
      .exec<{ next: string | null }>(
        'SELECT min(group_name) AS next FROM entries WHERE group_name > ?',
        last,
      )
      .one()
    if (next === null) return groups
    groups.push(next)
    last = next
  }
}
