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
import type { Membership, MemoryBudget } from './memory-budget.ts'
import type { Purge } from './peers.ts'
import { PurgeLog } from './purge-log.ts'
import type { GroupStats } from './stats.ts'
import { TagCounts } from './tag-counts.ts'
import { UnderWay, type Watch } from './under-way.ts'

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

/** The isolate's memory, as one group in one place shares in it. */
export interface SharedMemory {
  readonly budget: MemoryBudget
  /** See `JoinOptions`. */
  readonly name?: string | undefined
}

export class Copies {
  /** How this group shares the isolate's memory with all others. */
  readonly membership: Membership
  private readonly copies: Lru<Copy>
  private readonly budget: MemoryBudget
  private readonly purges = new PurgeLog()
  private readonly tagged = new TagCounts()
  private readonly underWay = new UnderWay()
  private readonly maxValueBytes: number
  private readonly stats: GroupStats

  constructor(maxBytes: number, maxValueBytes: number, stats: GroupStats, memory: SharedMemory) {
    this.maxValueBytes = maxValueBytes
    this.stats = stats
    this.budget = memory.budget
    this.copies = new Lru(
      maxBytes,
      (reason, copy) => this.removed(reason, copy),
      (heldBytes, bytes) => this.membership.take(heldBytes, bytes),
    )
    this.membership = this.budget.join(this.copies, { shareBytes: maxBytes, name: memory.name })
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

  /** A load begins to run; `ended` is to be called once it has ended, in time or not. */
  watch({ key }: Ticket): Watch {
    return this.underWay.began(key)
  }

  ended({ key }: Ticket, watch: Watch): void {
    this.underWay.ended(key, watch)
  }

  /** Whether it is still known if an answer that comes late would undo a newer one. */
  isWatched({ key }: Ticket, watch: Watch): boolean {
    return this.underWay.isKnown(key, watch)
  }

  /**
   * Holds an answer, and returns whether it was stored: not when it was purged or replaced while it
   * was loaded, when it is over already, or when it is too large.
   */
  populate({ key, sequence }: Ticket, entry: Entry, { nowMs, untilMs, standIn }: Holding): boolean {
    if (!this.purges.mayStore(key, tagsOf(entry), sequence)) return false
    // A load that began later has answered: were its answer not kept, this one must not be either.
    if (!this.underWay.answers(key, sequence)) return false
    const held = this.copies.peek(key)
    if (held !== undefined && held.sequence > sequence) return false

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

  /** Whether an entry can be held at all, empty as this place may be. */
  hasRoomFor(key: string, entry: Entry): boolean {
    const isSmall = entry.kind !== 'value' || entry.value.byteLength <= this.maxValueBytes
    const mostBytes = Math.min(this.copies.maxBytes, this.budget.maxBytes)
    return isSmall && heldBytes(key, entry) <= mostBytes
  }

  /** Whether the isolate has room for it now: not while values that are being read take too much. */
  hasRoomNow(key: string, entry: Entry): boolean {
    return this.membership.canHold(heldBytes(key, entry))
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
    if ('tags' in purge)
      return sum([...new Set(purge.tags)], (tag) => this.purgeTag(tag, soft, nowMs))
    return this.purgeAll(soft, nowMs)
  }

  private purgeKey(key: string, soft: boolean, nowMs: number): number {
    this.purges.markKey(key)
    const copy = this.copies.peek(key)
    if (copy === undefined) return 0
    const wasPurged = !this.outlivesPurges(copy)
    const livesOn = !wasPurged && soft && this.makeStale(copy, nowMs)
    if (!livesOn) this.copies.delete(key, 'purged')
    return wasPurged ? 0 : 1
  }

  /** One mark, however many copies carry the tag: each is judged when it is looked up. */
  private purgeTag(tag: string, soft: boolean, nowMs: number): number {
    const entries = this.tagged.of(tag)
    if (soft) this.purges.markTagStale(tag, nowMs)
    else {
      this.purges.markTag(tag)
      this.tagged.clear(tag)
    }
    return entries
  }

  private purgeAll(soft: boolean, nowMs: number): number {
    let entries = 0
    for (const [, copy] of this.copies.entries()) if (this.outlivesPurges(copy)) entries++
    if (soft) {
      this.purges.markAllStale(nowMs)
      return entries
    }
    this.purges.markAll()
    this.tagged.clearAll()
    this.copies.clear('purged')
    return entries
  }

  private store(key: string, copy: Copy): boolean {
    const { entry, sequence } = copy
    const stored =
      this.hasRoomFor(key, entry) &&
      this.hasRoomNow(key, entry) &&
      this.copies.set(key, copy, heldBytes(key, entry))
    // Copies on top of the owner's are a bonus: that they do not fit is no news.
    if (!stored && copy.untilMs === Number.POSITIVE_INFINITY) this.stats.rejected++
    if (stored) for (const tag of tagsOf(entry)) this.tagged.add(tag, sequence)
    return stored
  }

  private outlivesPurges(copy: Copy): boolean {
    const verdict = this.purges.judge(tagsOf(copy.entry), copy.sequence, copy.judgedTo)
    copy.judgedTo = this.purges.latest
    return verdict.kind === 'stale'
      ? this.makeStale(copy, verdict.fromMs)
      : verdict.kind === 'valid'
  }

  /** Returns whether the copy may live on as a stale one. */
  private makeStale(copy: Copy, fromMs: number): boolean {
    const { entry } = copy
    if (entry.kind !== 'value' || entry.staleWhileRevalidateMs + entry.staleIfErrorMs === 0) {
      return false
    }
    copy.isPurgedSoftly = true
    if (fromMs < entry.expiresAtMs) copy.entry = { ...entry, expiresAtMs: fromMs }
    return true
  }

  private removed(reason: RemovalReason, { entry, sequence }: Copy): void {
    this.stats.evictions[reason]++
    this.membership.holds(this.copies.bytes)
    for (const tag of tagsOf(entry)) this.tagged.remove(tag, sequence)
  }
}

function tagsOf(entry: Entry): readonly string[] {
  return entry.kind === 'value' ? entry.tags : []
}

function sum<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((total, item) => total + count(item), 0)
}
