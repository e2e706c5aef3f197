/**
 * Owns what one place holds of a group: which copies are there, whether they still count, and whether
 * a load's answer may be stored. How answers come about is the group's business.
 */

import {
  type Copy,
  type Entry,
  freshnessAt,
  hasValidator,
  heldBytes,
  type StandIn,
} from './entry.ts'
import { Lru, type RemovalReason } from './lru.ts'
import type { Purge } from './peers.ts'
import { PurgeLog } from './purge-log.ts'
import type { GroupStats } from './stats.ts'

/** A load or a question to a peer that may end in a copy. */
export interface Ticket {
  readonly key: string
  readonly sequence: number
  readonly startedAtMs: number
}

/** How a copy is to be held. */
export interface Holding {
  readonly nowMs: number
  readonly untilMs: number
  readonly standIn?: StandIn | undefined
}

/** The most keys whose late answers are waited for; an answer to a forgotten one is not stored. */
const MOST_LATE_KEYS = 1_000

export class Copies {
  private readonly copies: Lru<Copy>
  private readonly purges = new PurgeLog()
  /** By tag, the copies that carry it and are not purged by it. */
  private readonly tagged = new Map<string, number>()
  /** For keys with a load that ran out of time and goes on: the number of the newest copy since. */
  private readonly late = new Map<string, number>()
  private readonly maxValueBytes: number
  private readonly stats: GroupStats

  constructor(maxBytes: number, maxValueBytes: number, stats: GroupStats) {
    this.maxValueBytes = maxValueBytes
    this.stats = stats
    this.copies = new Lru(maxBytes, (reason, copy) => this.removed(reason, copy))
  }

  get bytes(): number {
    return this.copies.bytes
  }

  get items(): number {
    return this.copies.size
  }

  /**
   * The copy of `key`, fresh or stale; an expired one only if the origin can renew it. What does not
   * count any more is removed.
   */
  lookup(key: string, nowMs: number): Copy | undefined {
    const copy = this.copies.get(key)
    if (copy === undefined) return undefined
    if (!this.outlivesPurges(copy)) {
      this.copies.delete(key, 'purged')
      return undefined
    }
    const gone = nowMs >= copy.untilMs || nowMs < copy.heldFromMs
    if (gone || (freshnessAt(copy, nowMs) === 'expired' && !hasValidator(copy.entry))) {
      this.copies.delete(key, 'expired')
      return undefined
    }
    return copy
  }

  /** To be taken when a load begins: what is purged or set from then on wins over what it brings. */
  begin(key: string, nowMs: number): Ticket {
    return { key, sequence: this.purges.next(), startedAtMs: nowMs }
  }

  /** The load has run out of time, and may still answer. */
  expectLate({ key }: Ticket): void {
    this.late.set(key, 0)
    if (this.late.size > MOST_LATE_KEYS) {
      const [oldest] = this.late.keys() as unknown as [string]
      this.late.delete(oldest)
    }
  }

  /** Whether a late answer is still wanted: nothing newer has been stored, even if it is gone again. */
  wantsLate({ key, sequence }: Ticket): boolean {
    const newest = this.late.get(key)
    this.late.delete(key)
    return newest !== undefined && newest < sequence
  }

  /**
   * Holds an answer, and returns whether it was stored: not when it was purged or replaced while it
   * was loaded, when it is over already, or when it is too large.
   */
  populate({ key, sequence }: Ticket, entry: Entry, { nowMs, untilMs, standIn }: Holding): boolean {
    const tags = entry.kind === 'value' ? entry.tags : []
    if (!this.purges.mayStore(key, tags, sequence)) return false
    const held = this.copies.peek(key)
    if (held !== undefined && held.sequence > sequence) return false
    if (this.late.has(key)) this.late.set(key, sequence)

    const copy: Copy = {
      entry,
      sequence,
      heldFromMs: nowMs,
      untilMs,
      ...(standIn === undefined ? {} : { standIn }),
    }
    const stored = freshnessAt(copy, nowMs) !== 'expired' && this.store(key, copy)
    // What is held is older than the answer that could not be.
    if (!stored) this.copies.delete(key, 'replaced')
    return stored
  }

  /** Notes that the refresh of a copy failed, unless another copy has taken its place. */
  postpone(key: string, copy: Copy, retry: NonNullable<Copy['retry']>): void {
    if (this.copies.peek(key) === copy) copy.retry = retry
  }

  /** Makes loads under way for `key` come too late to be stored. */
  outdate(key: string): void {
    this.purges.markKey(key)
  }

  /** Takes effect on loads under way too. Returns how many copies were dropped or made stale. */
  purge(purge: Purge, nowMs: number): number {
    const { soft = false } = purge
    if ('keys' in purge) return sum(purge.keys, (key) => this.purgeKey(key, soft, nowMs))
    if ('tags' in purge) return sum(purge.tags, (tag) => this.purgeTag(tag, soft, nowMs))
    return this.purgeAll(soft, nowMs)
  }

  private purgeKey(key: string, soft: boolean, nowMs: number): number {
    const sequence = this.purges.markKey(key)
    const copy = this.copies.peek(key)
    if (copy === undefined) return 0
    if (!soft || !this.makeStale(copy, nowMs, sequence)) this.copies.delete(key, 'purged')
    return 1
  }

  /** One mark, however many copies carry the tag: each is judged when it is looked up. */
  private purgeTag(tag: string, soft: boolean, nowMs: number): number {
    const entries = this.tagged.get(tag) ?? 0
    if (soft) this.purges.markTagStale(tag, nowMs)
    else {
      this.purges.markTag(tag)
      this.tagged.delete(tag)
    }
    return entries
  }

  private purgeAll(soft: boolean, nowMs: number): number {
    if (soft) {
      this.purges.markAllStale(nowMs)
      return this.copies.size
    }
    this.purges.markAll()
    this.tagged.clear()
    return this.copies.clear('purged')
  }

  private store(key: string, copy: Copy): boolean {
    const { entry } = copy
    const fits = entry.kind !== 'value' || entry.value.byteLength <= this.maxValueBytes
    const stored = fits && this.copies.set(key, copy, heldBytes(key, entry))
    // Copies on top of the owner's are a bonus: that they do not fit is no news.
    if (!stored && copy.untilMs === Number.POSITIVE_INFINITY) this.stats.rejected++
    if (stored && entry.kind === 'value') for (const tag of entry.tags) this.count(tag, 1)
    return stored
  }

  private outlivesPurges(copy: Copy): boolean {
    const tags = copy.entry.kind === 'value' ? copy.entry.tags : []
    const verdict = this.purges.judge(tags, copy.sequence)
    if (verdict.kind === 'stale') return this.makeStale(copy, verdict.fromMs, verdict.sequence)
    return verdict.kind === 'valid'
  }

  /** Returns whether the copy may live on as a stale one. */
  private makeStale(copy: Copy, fromMs: number, sequence: number): boolean {
    const { entry } = copy
    if (entry.kind !== 'value' || entry.staleWhileRevalidateMs + entry.staleIfErrorMs === 0) {
      return false
    }
    copy.entry = { ...entry, expiresAtMs: Math.min(entry.expiresAtMs, fromMs) }
    copy.sequence = sequence
    return true
  }

  private removed(reason: RemovalReason, { entry, sequence }: Copy): void {
    this.stats.evictions[reason]++
    if (entry.kind !== 'value') return
    for (const tag of entry.tags) {
      // A purge of the tag has set its count to zero already.
      if (!this.purges.hasHardMark([tag], sequence)) this.count(tag, -1)
    }
  }

  private count(tag: string, change: 1 | -1): void {
    const entries = (this.tagged.get(tag) ?? 0) + change
    if (entries > 0) this.tagged.set(tag, entries)
    else this.tagged.delete(tag)
  }
}

function sum<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((total, item) => total + count(item), 0)
}
