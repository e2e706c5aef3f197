/**
 * Owns what a store of entries is that outlives memory: an interface, and what an entry counts as there.
 * Stores are written elsewhere; when to read and to write them is for `DurableTier`.
 */

import { utf8Length } from '../bytes.ts'
import { hasValidator, heldBytes, staleUntilMs, type ValueEntry } from '../entry/entry.ts'
import type { PurgeTarget } from '../entry/purge.ts'

/** An entry as it is stored: what a copy needs to be held again. */
export interface StoredEntry {
  readonly entry: ValueEntry
  /** When this node began to hold it, by its own clock. */
  readonly heldFromMs: number
  /** Not fresh any more, whatever the clock does. */
  readonly isPurgedSoftly: boolean
  /** When it was last known to be of use, in milliseconds since the epoch; coarse. */
  readonly usedAtMs: number
}

/**
 * The stored entries of one group, at most one per key. Every call is synchronous, and done or not done
 * as a whole. Every call may throw, as a disk may fail.
 */
export interface EntryStore {
  /** The sum of `storedBytes` of all that is stored. */
  readonly bytes: number
  readonly items: number
  /** Before this moment nothing is gone. It may be too early, never too late. `Infinity`: nothing is stored. */
  readonly earliestRemovableMs: number
  /** The entry of `key`, unless it is gone by then. Throws `DamagedEntryError` where it cannot be trusted. */
  read(key: string, nowMs: number): StoredEntry | undefined
  /** What the entry of `key` counts as, gone or not. `undefined`: there is none. */
  bytesOf(key: string): number | undefined
  /**
   * Stores an entry in place of that of its key. The same entity tag means the same bytes, which need not
   * be written again.
   */
  write(key: string, stored: StoredEntry): void
  /** Notes a use. */
  touch(key: string, usedAtMs: number): void
  /** The keys of these entries, gone or not. The store must not be changed before the last one is taken. */
  keysOf(which: PurgeTarget): Iterable<string>
  /** Returns how many there were. */
  delete(which: PurgeTarget): number
  /** Makes entries stale from a moment on, and deletes those that have no stale window. */
  makeStale(which: PurgeTarget, fromMs: number): void
  /** The key that was used longest ago, other than this one. */
  leastRecentlyUsed(exceptKey: string): string | undefined
  /** Deletes what is gone, at most so many. Returns how many there were. */
  deleteRemovable(nowMs: number, most: number): number
}

/** A stored entry is not what was written. */
export class DamagedEntryError extends Error {
  override readonly name = 'DamagedEntryError'
}

/**
 * How long an entry that its origin could renew is stored past its stale windows. Memory keeps such an
 * entry until others need the room; on disk the rest of its life costs money, and who has not asked for a
 * day is unlikely to come back.
 */
export const RENEWABLE_FOR_MS = 24 * 3_600_000

/** From when on an entry is of no use: it may not be answered, and its origin is not asked about it. */
export function removableAtMs(entry: ValueEntry): number {
  return staleUntilMs(entry) + (hasValidator(entry) ? RENEWABLE_FOR_MS : 0)
}

/** What storing `entry` under `key` counts as, in bytes: as in memory, but each tag takes the key along. */
export function storedBytes(key: string, entry: ValueEntry): number {
  return heldBytes(key, entry) + entry.tags.length * utf8Length(key)
}
