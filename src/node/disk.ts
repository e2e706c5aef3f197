/**
 * Owns a node's disk as a whole: that its tables are there, and that what this node does not own any more,
 * or no durable group has, is deleted before the node serves.
 */

import type { EntryStore } from '../core/entry-store.ts'
import { FailedStore } from './failed-store.ts'
import { dropTables, hasTables, migrate, readMeta, writeMeta } from './schema.ts'
import { SqliteStore } from './sqlite-store.ts'

export interface DiskParts {
  readonly storage: DurableObjectStorage
  readonly nodeName: string
  /** The names of the groups that are durable. */
  readonly groups: readonly string[]
  /** Tells the ring from any other: which node owns a key depends on this alone. */
  readonly ring: string
  readonly isOwned: (key: string) => boolean
  /** While it changes, those who own a key now ask those who did before. */
  readonly isRingChanging: boolean
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
  if (groups.length === 0) {
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
  if (!parts.isRingChanging && readMeta(sql, 'ring') !== parts.ring) keepOwned(parts)
  return groups.map((group) => [group, new SqliteStore(storage, group)])
}

/**
 * Purges reach who owns a key, and not who did so once: what another ring has left here would come back
 * with that ring.
 */
function keepOwned({ storage, ring, isOwned }: DiskParts): void {
  storage.transactionSync(() => {
    for (const group of storedGroups(storage.sql)) {
      const store = new SqliteStore(storage, group)
      const others = [...store.keysOf({ all: true })].filter((key) => !isOwned(key))
      for (const key of others) store.delete({ key })
    }
    writeMeta(storage.sql, 'ring', ring)
  })
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
