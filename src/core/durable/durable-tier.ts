/**
 * Owns when the entries that a place holds are written to a store that outlives its memory, and when they
 * are read back. What is stored of a key is what is held, or was held last; or it is older than what waits
 * to be written; or there is nothing. What a purge or a set has taken is gone from the store when that ends.
 *
 * Markers ("not found") are not stored: clients choose keys, and one who invents them must not push values
 * off the disk, nor cause writes, which are what a disk costs.
 */

import type { Clock } from '../clock.ts'
import type { CachedEntry } from '../entry/entry.ts'
import type { PurgeTarget } from '../entry/purge.ts'
import { PeerUnavailableError } from '../errors.ts'
import type { GroupStats } from '../stats/group-stats.ts'
import { type EntryStore, removableAtMs, type StoredEntry, storedBytes } from './entry-store.ts'

/** The least part of an entry's use on disk that is written down again. */
const TOUCH_EVERY_MS = 600_000
/** What may wait to be written, in bytes; a single larger entry waits all the same. */
const MOST_WAITING_BYTES = 1024 * 1024
/** Entries in a row that are spared, as memory has them too, before one gives way all the same. */
const MOST_SPARED = 16

export interface DurableParts {
  readonly store: EntryStore
  /** The bound on `store.bytes`. */
  readonly maxBytes: number
  /** Whether this place owns the key: other keys are neither read nor written. */
  readonly isOwned: (key: string) => boolean
  /** Runs what is given soon, but not at once: after the answers that are on their way. */
  readonly later: (run: () => void) => void
  /** Told after writing when the first of the entries stored will be gone. */
  readonly onWritten: (earliestRemovableMs: number) => void
}

/** What the tier needs to know of what is held in memory. */
export interface Memory {
  readonly isHeld: (key: string) => boolean
  /** Whether no purge has taken the copy; what a soft one has done is done to it then. */
  readonly isValid: (copy: CachedEntry) => boolean
}

interface Surroundings {
  readonly clock: Clock
  readonly stats: GroupStats
  readonly onError: (error: unknown) => void
}

export class DurableTier {
  private readonly parts: DurableParts & Surroundings
  private readonly memory: Memory
  private readonly waiting = new Map<string, CachedEntry>()
  private waitingBytes = 0
  private isScheduled = false
  /**
   * A row that does not count any more could not be deleted, or the store cannot say how large it is.
   * Nothing is read or written from then on, until memory is lost.
   */
  private isBroken = false

  constructor(parts: DurableParts & Surroundings, memory: Memory) {
    this.parts = parts
    this.memory = memory
  }

  get bytes(): number {
    return this.measure(({ bytes }) => bytes, 0)
  }

  get items(): number {
    return this.measure(({ items }) => items, 0)
  }

  /** Before this moment there is nothing to sweep. */
  get earliestRemovableMs(): number {
    return this.measure(({ earliestRemovableMs }) => earliestRemovableMs, Number.POSITIVE_INFINITY)
  }

  /**
   * A copy of what is stored of a key that memory has lost; it may be stale, or over.
   *
   * @param sequence The number of the latest purge: what is stored has outlived it.
   */
  find(key: string, nowMs: number, sequence: number): CachedEntry | undefined {
    const waiting = this.waiting.get(key)
    if (waiting !== undefined) return waiting
    if (!this.parts.isOwned(key)) return undefined
    const stored = this.read(key, nowMs)
    if (stored === undefined) return undefined
    const copy: CachedEntry = { ...copyOf(stored, sequence), readBack: 'just-now' }
    if (nowMs - stored.usedAtMs >= TOUCH_EVERY_MS) this.write(key, copy)
    return copy
  }

  /** As `find`, whoever owns the key, and without a trace. */
  peek(key: string, nowMs: number, sequence: number): CachedEntry | undefined {
    const waiting = this.waiting.get(key)
    if (waiting !== undefined) return waiting
    const stored = this.read(key, nowMs)
    return stored && copyOf(stored, sequence)
  }

  /** Stores what has been taken into memory, later. The store's older entry gives way with that, or before. */
  write(key: string, copy: CachedEntry): void {
    const { isOwned, later, maxBytes } = this.parts
    const { entry } = copy
    const bytes = entry.kind === 'value' ? storedBytes(key, entry) : Number.POSITIVE_INFINITY
    if (!isOwned(key) || bytes > maxBytes) {
      this.forget(key)
      return
    }
    this.stopWaiting(key)
    if (this.waitingBytes + bytes > MOST_WAITING_BYTES) this.flush()
    this.waiting.set(key, copy)
    this.waitingBytes += bytes
    if (this.isScheduled) return
    this.isScheduled = true
    later(() => {
      this.isScheduled = false
      this.flush()
    })
  }

  /** Writes what waits. */
  flush(): void {
    if (this.waiting.size === 0) return
    const batch = [...this.waiting]
    this.waiting.clear()
    this.waitingBytes = 0
    for (const [key, copy] of batch) this.writeNow(key, copy)
    const { earliestRemovableMs } = this
    if (earliestRemovableMs !== Number.POSITIVE_INFINITY) this.parts.onWritten(earliestRemovableMs)
  }

  /** Another answer has taken the place of what is stored of the key, and is not stored itself. */
  forget(key: string): void {
    this.stopWaiting(key)
    if (this.isBroken) return
    try {
      this.parts.store.delete({ key })
    } catch (error) {
      this.isBroken = true
      this.failed(error)
    }
  }

  /** How many entries are here that memory has not. */
  countBeyond(which: PurgeTarget): number {
    const { isHeld, isValid: outlivesPurges } = this.memory
    const { store } = this.parts
    let entries = 0
    for (const [key, copy] of this.waiting) {
      if (isMeant(which, key, copy) && !isHeld(key) && outlivesPurges(copy)) entries++
    }
    const onDisk = this.attempt(() => {
      let count = 0
      for (const key of store.keysOf(which)) {
        if (!this.waiting.has(key) && !isHeld(key)) count++
      }
      return count
    })
    return entries + (onDisk ?? 0)
  }

  /**
   * Purges what is stored, before it returns. Throws `PeerUnavailableError` where the store cannot:
   * who has been told that something is purged must not meet it again once memory is lost.
   */
  purge(purged: readonly PurgeTarget[], soft: boolean, nowMs: number): void {
    const { store } = this.parts
    // Its rows have to be there to be made stale.
    if (soft) this.flush()
    let cause: unknown
    for (const which of purged) {
      // Of all, what waits is judged when its turn comes.
      if ('key' in which) this.stopWaiting(which.key)
      else if ('tag' in which && !soft) this.forgetWaiting(which)
      try {
        if (soft) store.makeStale(which, nowMs)
        else store.delete(which)
      } catch (error) {
        this.isBroken = true
        this.failed(error)
        cause = error
      }
    }
    if (cause !== undefined) {
      throw new PeerUnavailableError('Entries on disk could not be purged.', { cause })
    }
  }

  /** Deletes what is gone, at most so many. Returns whether there may be more of it. */
  sweep(nowMs: number, most: number): boolean {
    const { store } = this.parts
    if (this.isBroken) return false
    return this.attempt(() => store.deleteRemovable(nowMs, most)) === most
  }

  private read(key: string, nowMs: number): StoredEntry | undefined {
    if (this.isBroken) return undefined
    try {
      return this.parts.store.read(key, nowMs)
    } catch (error) {
      this.failed(error)
      this.forget(key)
      return undefined
    }
  }

  private writeNow(key: string, copy: CachedEntry): void {
    if (this.isBroken) return
    // A tag may have been purged meanwhile.
    const isWritten = this.memory.isValid(copy) && this.attempt(() => this.put(key, copy))
    // What is stored is older than what was not written.
    if (!isWritten) this.forget(key)
  }

  /** Returns false for what is not worth it. */
  private put(key: string, { entry, heldFromMs, ...held }: CachedEntry): boolean {
    const nowMs = this.parts.clock.now()
    if (entry.kind !== 'value' || removableAtMs(entry) <= nowMs) return false
    this.makeRoom(key, storedBytes(key, entry), nowMs)
    const isPurgedSoftly = held.isPurgedSoftly === true
    this.parts.store.write(key, { entry, heldFromMs, isPurgedSoftly, usedAtMs: nowMs })
    return true
  }

  /** Lets go what was used longest ago; what memory holds too is known to be in use, and spared for a while. */
  private makeRoom(key: string, bytes: number, nowMs: number): void {
    const { maxBytes, store } = this.parts
    let spared = 0
    while (store.bytes - (store.bytesOf(key) ?? 0) + bytes > maxBytes) {
      const other = store.leastRecentlyUsed(key)
      if (other === undefined) return
      if (spared < MOST_SPARED && this.memory.isHeld(other)) {
        spared++
        store.touch(other, nowMs)
      } else store.delete({ key: other })
    }
  }

  /**
   * A purge by tag is remembered for entries in memory alone, and what waits may have been evicted from
   * it. The row that it would have replaced goes with it: that may not carry the tag, but is older.
   */
  private forgetWaiting(which: PurgeTarget): void {
    for (const [key, copy] of this.waiting) if (isMeant(which, key, copy)) this.forget(key)
  }

  private stopWaiting(key: string): void {
    const copy = this.waiting.get(key)
    if (copy === undefined) return
    this.waiting.delete(key)
    // A copy's entry may have been replaced by a stale one, which weighs the same.
    if (copy.entry.kind === 'value') this.waitingBytes -= storedBytes(key, copy.entry)
  }

  private measure(measured: (store: EntryStore) => number, none: number): number {
    if (this.isBroken) return none
    try {
      return measured(this.parts.store)
    } catch (error) {
      // Without its size a store cannot be bounded.
      this.isBroken = true
      this.failed(error)
      return none
    }
  }

  private attempt<T>(work: () => T): T | undefined {
    try {
      return work()
    } catch (error) {
      this.failed(error)
      return undefined
    }
  }

  private failed(error: unknown): void {
    this.parts.stats.durableErrors++
    this.parts.onError(error)
  }
}

function copyOf(stored: StoredEntry, sequence: number): CachedEntry {
  const { entry, heldFromMs, isPurgedSoftly } = stored
  return {
    entry,
    sequence,
    heldFromMs,
    untilMs: Number.POSITIVE_INFINITY,
    ...(isPurgedSoftly ? { isPurgedSoftly } : {}),
  }
}

function isMeant(which: PurgeTarget, key: string, { entry }: CachedEntry): boolean {
  if ('key' in which) return which.key === key
  return 'all' in which || (entry.kind === 'value' && entry.tags.includes(which.tag))
}
