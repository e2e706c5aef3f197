/**
 * Owns what one place holds of a group: which copies are there, whether they still count, and whether
 * a load's answer may be stored. How answers come about is the group's business.
 */

import type { Clock } from '../clock.ts'
import type { DurableTier, Memory } from '../durable/durable-tier.ts'
import {
  type Copy,
  type Entry,
  freshnessAt,
  hasValidator,
  heldBytes,
  isKept,
  type Retry,
  type StandIn,
  tagsOf,
} from '../entry/entry.ts'
import type { Purge, Which } from '../entry/purge.ts'
import type { RemovalReason, Store } from '../eviction/bounded-map.ts'
import { createStore, type Eviction, overheadBytes } from '../eviction/policies.ts'
import type { Membership, MemoryBudget } from '../memory/memory-budget.ts'
import type { Sendable, Sending } from '../memory/send-reservations.ts'
import type { GroupStats } from '../stats/group-stats.ts'
import { HeldTags } from './held-tags.ts'
import { type Ticket, UnderWay } from './load-order.ts'
import { PurgeLog } from './purge-log.ts'

/** How a copy is to be held. */
export interface Holding {
  readonly nowMs: number
  readonly untilMs: number
  readonly keptUntilMs?: number | undefined
  readonly tookMs?: number | undefined
  readonly standIn?: StandIn | undefined
  /** The key's previous owner has handed over the entry: it is older than the answer of any load. */
  readonly isHandedOver?: boolean
}

/** The isolate's memory, as one group in one place shares in it. */
export interface SharedMemory {
  readonly budget: MemoryBudget
  /** See `JoinOptions`. */
  readonly name?: string | undefined
}

export interface CopiesParts {
  /** The bound on what is held, in bytes. */
  readonly maxBytes: number
  /** Larger values are not held. */
  readonly maxValueBytes: number
  /** How long a load may take to store what it brings, in milliseconds. */
  readonly maxLoadMs: number
  readonly stats: GroupStats
  /** Which copy gives way when `maxBytes` is met. Default: `lru`. */
  readonly eviction?: Eviction | undefined
  /** Makes what keeps the copies of a durable group beyond memory. */
  readonly createDurable?: ((memory: Memory) => DurableTier) | undefined
  readonly memory: SharedMemory
}

export class Copies {
  /** How this group shares the isolate's memory with all others. */
  readonly membership: Membership
  private readonly copies: Store<Copy>
  private readonly overheadBytes: number
  private readonly budget: MemoryBudget
  private readonly purges: PurgeLog
  private readonly tags: HeldTags
  private readonly underWay: UnderWay
  private readonly maxValueBytes: number
  private readonly stats: GroupStats
  /** Only in a node, and of a durable group. */
  readonly durable: DurableTier | undefined

  constructor(parts: CopiesParts) {
    const { createDurable, eviction = 'lru', maxBytes, memory } = parts
    this.maxValueBytes = parts.maxValueBytes
    this.stats = parts.stats
    this.budget = memory.budget
    this.overheadBytes = overheadBytes(eviction)
    this.copies = createStore(
      eviction,
      maxBytes,
      (reason, copy: Copy) => this.removed(reason, copy),
      (heldBytes, bytes) => this.membership.take(heldBytes, bytes),
    )
    this.membership = this.budget.join(this.copies, { shareBytes: maxBytes, name: memory.name })
    this.purges = new PurgeLog(this.membership)
    this.tags = new HeldTags(this.membership)
    this.underWay = new UnderWay(parts.maxLoadMs)
    this.durable = createDurable?.({
      isHeld: (key) => this.copies.peek(key) !== undefined,
      outlivesPurges: (copy) => this.outlivesPurges(copy),
    })
  }

  get bytes(): number {
    return this.copies.bytes
  }

  get items(): number {
    return this.copies.size
  }

  /**
   * The copy of `key`, fresh or stale; an expired one only if the origin can renew it, or if it is kept for
   * the worst case. What does not count any more is removed.
   */
  lookup(key: string, nowMs: number): Copy | undefined {
    return this.judged(key, this.copies.get(key), nowMs)
  }

  /** As `lookup`, for a caller who has looked before: this is no further use of the key. */
  lookAgain(key: string, nowMs: number): Copy | undefined {
    return this.judged(key, this.copies.peek(key), nowMs)
  }

  /**
   * The copy of `key` in memory or on disk, fresh or stale. Leaves no trace: it renews and counts nothing.
   * None that is only good to be renewed.
   */
  peek(key: string, nowMs: number): Copy | undefined {
    const copy = this.copies.peek(key) ?? this.durable?.peek(key, nowMs, this.purges.latest)
    if (copy === undefined || !this.outlivesPurges(copy)) return undefined
    return freshnessAt(copy, nowMs) === 'expired' ? undefined : copy
  }

  /** The fresh copy of `key` in memory. Leaves no trace, as `peek`, and reads nothing from disk. */
  peekFresh(key: string, nowMs: number): Copy | undefined {
    const copy = this.copies.peek(key)
    if (copy === undefined || !this.outlivesPurges(copy)) return undefined
    return freshnessAt(copy, nowMs) === 'fresh' ? copy : undefined
  }

  /**
   * To be called when a load begins: what is purged or set from then on wins over what it brings. `end` is
   * to be called once it has ended, in time or not.
   */
  begin(key: string, nowMs: number): Ticket {
    return this.underWay.begin(key, this.purges.next(), nowMs)
  }

  /** Nothing more is stored under the ticket. */
  end(ticket: Ticket): void {
    this.underWay.end(ticket)
    if (this.purges.tagMarks > 0) this.purges.forgetBefore(this.underWay.oldest)
  }

  /** Whether nothing has been purged or set since that takes what has the key and these tags. */
  mayStore(ticket: Ticket, tags: readonly string[]): boolean {
    return this.underWay.isCurrent(ticket) && this.purges.mayStore(tags, ticket.sequence)
  }

  /**
   * Holds an answer, and returns whether it was stored: not when it was purged or replaced while it
   * was loaded, when it comes too late, when it is over already, or when it is too large.
   */
  populate(ticket: Ticket, entry: Entry, holding: Holding): boolean {
    const { key, sequence } = ticket
    const { nowMs, untilMs, keptUntilMs, tookMs, standIn, isHandedOver } = holding
    if (nowMs >= ticket.endsAtMs || !this.mayStore(ticket, tagsOf(entry))) return false
    // A load that began later has answered: were its answer not kept, this one must not be either.
    if (!isHandedOver && !this.underWay.answers(ticket)) return false
    if (isLoadedAfter(this.copies.peek(key), sequence)) return false

    const copy: Copy = {
      entry,
      sequence,
      heldFromMs: nowMs,
      untilMs,
      ...(keptUntilMs === undefined ? {} : { keptUntilMs }),
      ...(tookMs === undefined ? {} : { tookMs }),
      ...(standIn === undefined ? {} : { standIn }),
      ...(isHandedOver ? { readBack: 'earlier' as const } : {}),
    }
    // A hot copy that is over as it comes may still be good for when no node can be reached.
    const isOver = freshnessAt(copy, nowMs) === 'expired' && nowMs >= (keptUntilMs ?? nowMs)
    const stored = !isOver && this.store(key, copy)
    // What is held is older than the answer that could not be.
    if (!stored) this.forget(key)
    else if (standIn === undefined) this.durable?.write(key, copy)
    return stored
  }

  /**
   * Ends the life of what is held, as the origin has refused the key. What has been loaded or set since the
   * refused load began stays.
   */
  refused(ticket: Ticket): void {
    const { key, sequence } = ticket
    const held = this.copies.peek(key)
    // What was held when the load began is older, whatever soft purge has come since.
    const isOlder = held !== undefined && held.sequence < sequence
    // What was read back since, or is on disk alone, may have been set meanwhile.
    const mayBeNewer = isLoadedAfter(held, sequence) || !this.mayStore(ticket, [])
    if ((!isOlder && mayBeNewer) || !this.underWay.answers(ticket)) return
    // A caller that waits for another refresh may have the copy in its hands.
    if (held !== undefined) held.isRefused = true
    this.forget(key)
  }

  /** Begins to send a value that was answered; `undefined` while there is no room. */
  beginSending(value: Sendable, key: string | undefined, clock: Clock): Sending | undefined {
    const held = key === undefined ? undefined : this.copies.peek(key)?.entry
    const isHeld = held?.kind === 'value' && held.value.buffer === value.value.buffer
    return this.membership.beginSending(value, isHeld, clock)
  }

  /** Whether an entry can be held at all, empty as this place may be. */
  hasRoomFor(key: string, entry: Entry): boolean {
    const isSmall = entry.kind !== 'value' || entry.value.byteLength <= this.maxValueBytes
    const mostBytes = Math.min(this.copies.maxBytes, this.budget.maxBytes)
    return isSmall && this.bytesOf(key, entry) <= mostBytes
  }

  /** Whether the isolate has room for it now: not while values that are being read take too much. */
  hasRoomNow(key: string, entry: Entry): boolean {
    return this.membership.canHold(this.bytesOf(key, entry))
  }

  /**
   * Notes that the refresh of a copy failed, unless another copy has taken its place, or a soft purge since
   * the refresh began asks for the next one at once.
   */
  postpone(ticket: Ticket, copy: Copy, retry: Retry): void {
    const isHeld = this.copies.peek(ticket.key) === copy
    if (isHeld && this.mayStore(ticket, tagsOf(copy.entry))) copy.retry = retry
  }

  /**
   * Makes loads under way for `key` come too late to be stored. Throws `PeerUnavailableError` when its
   * entry on disk could not be deleted.
   */
  outdate(key: string): void {
    this.underWay.purge(key)
    this.durable?.purge([{ key }], false, Number.POSITIVE_INFINITY)
  }

  /**
   * Takes effect on loads under way too. Returns how many entries were dropped or made stale; one that is
   * in memory and on disk counts once. Throws `PeerUnavailableError` when those on disk could not be.
   */
  purge(purge: Purge, nowMs: number): number {
    const { soft = false } = purge
    const purged = whichOf(purge)
    const onDiskOnly = sum(purged, (which) => this.durable?.countBeyond(which) ?? 0)
    const held = sum(purged, (which) => {
      if ('key' in which) return this.purgeKey(which.key, soft, nowMs)
      return 'tag' in which ? this.purgeTag(which.tag, soft, nowMs) : this.purgeAll(soft, nowMs)
    })
    // Last: memory is purged, whether the disk can be or not.
    this.durable?.purge(purged, soft, nowMs)
    return held + onDiskOnly
  }

  /** @param held What memory has. */
  private judged(key: string, held: Copy | undefined, nowMs: number): Copy | undefined {
    const copy = held ?? this.durable?.find(key, nowMs, this.purges.latest)
    if (copy === undefined) return undefined
    if (!this.outlivesPurges(copy)) {
      this.copies.delete(key, 'purged')
      return undefined
    }
    if (isKept(copy, nowMs) && nowMs >= copy.untilMs) return copy
    const gone = nowMs >= copy.untilMs || nowMs < copy.heldFromMs
    if (gone || (freshnessAt(copy, nowMs) === 'expired' && !hasValidator(copy.entry))) {
      this.copies.delete(key, 'expired')
      return undefined
    }
    if (held?.readBack === 'just-now') held.readBack = 'earlier'
    // One that has no room is answered all the same, and read back again.
    if (held === undefined) this.hold(key, copy)
    return copy
  }

  private purgeKey(key: string, soft: boolean, nowMs: number): number {
    this.underWay.purge(key)
    const copy = this.copies.peek(key)
    if (copy === undefined) return 0
    const wasPurged = !this.outlivesPurges(copy)
    const livesOn = !wasPurged && soft && this.makeStale(copy, nowMs)
    if (!livesOn) this.copies.delete(key, 'purged')
    return wasPurged ? 0 : 1
  }

  /** One mark, however many copies carry the tag: each is judged when it is looked up. */
  private purgeTag(tag: string, soft: boolean, nowMs: number): number {
    const number = this.purges.markTag(tag, this.underWay.oldest)
    return soft ? this.tags.purgeSoftly(tag, number, nowMs) : this.tags.purge(tag, number)
  }

  private purgeAll(soft: boolean, nowMs: number): number {
    let entries = 0
    for (const [, copy] of this.copies.entries()) if (this.outlivesPurges(copy)) entries++
    if (soft) {
      this.purges.markAllStale(nowMs)
      return entries
    }
    this.purges.markAll()
    this.copies.clear('purged')
    return entries
  }

  /** An answer has come that is not kept: what is held is older. */
  private forget(key: string): void {
    this.copies.delete(key, 'replaced')
    this.durable?.forget(key)
  }

  private store(key: string, copy: Copy): boolean {
    const stored = this.hold(key, copy)
    // Copies on top of the owner's are a bonus: that they do not fit is no news.
    if (!stored && copy.untilMs === Number.POSITIVE_INFINITY) this.stats.rejected++
    return stored
  }

  private hold(key: string, copy: Copy): boolean {
    const { entry, sequence } = copy
    const bytes = this.bytesOf(key, entry)
    const held =
      this.hasRoomFor(key, entry) &&
      this.membership.canHold(bytes) &&
      this.copies.set(key, copy, bytes)
    if (!held) return false
    const tags = tagsOf(entry)
    if (tags.length > 0) copy.tags = this.tags.add(tags, sequence)
    if (entry.kind === 'value') this.membership.holdsSent(entry)
    return true
  }

  private bytesOf(key: string, entry: Entry): number {
    return heldBytes(key, entry) + this.overheadBytes
  }

  private outlivesPurges(copy: Copy): boolean {
    const verdict = this.purges.judge(copy.sequence, copy.tags, copy.judgedTo)
    const outlives =
      verdict.kind === 'stale' ? this.makeStale(copy, verdict.fromMs) : verdict.kind === 'valid'
    // Only then: what is purged, and still held, has to be found so by whoever comes next.
    if (outlives) copy.judgedTo = this.purges.latest
    return outlives
  }

  /** Returns whether the copy may live on as a stale one. */
  private makeStale(copy: Copy, fromMs: number): boolean {
    const { entry } = copy
    if (entry.kind !== 'value' || entry.staleWhileRevalidateMs + entry.staleIfErrorMs === 0) {
      return false
    }
    copy.isPurgedSoftly = true
    delete copy.retry
    if (fromMs < entry.expiresAtMs) copy.entry = { ...entry, expiresAtMs: fromMs }
    return true
  }

  private removed(reason: RemovalReason, copy: Copy): void {
    this.stats.evictions[reason]++
    this.membership.holds(this.copies.bytes)
    if (copy.entry.kind === 'value') this.membership.dropsSent(copy.entry)
    if (copy.tags !== undefined) this.tags.remove(copy.tags, copy.sequence)
  }
}

/** What was read back is older than any load that may still answer: its number is not that of a load. */
function isLoadedAfter(held: Copy | undefined, sequence: number): boolean {
  return held !== undefined && held.readBack === undefined && held.sequence > sequence
}

/** Each key and each tag once. */
function whichOf(purge: Purge): Which[] {
  if ('keys' in purge) return Array.from(new Set(purge.keys), (key) => ({ key }))
  if ('tags' in purge) return Array.from(new Set(purge.tags), (tag) => ({ tag }))
  return [{ all: true }]
}

function sum<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((total, item) => total + count(item), 0)
}
