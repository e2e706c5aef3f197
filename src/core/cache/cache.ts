/**
 * Owns what one place holds of a group: which copies are there, whether they still count, and whether
 * a load's answer may be stored. How answers come about is the group's business.
 */

import type { Clock } from '../clock.ts'
import type { DurableTier, Memory } from '../durable/durable-tier.ts'
import {
  type CachedEntry,
  type Entry,
  type FallbackRole,
  freshnessAt,
  hasValidator,
  heldBytes,
  mayServeWithoutNode,
  type Retry,
  tagsOf,
} from '../entry/entry.ts'
import type { Purge, PurgeTarget } from '../entry/purge.ts'
import type { RemovalReason, Store } from '../eviction/bounded-map.ts'
import { createStore, type Eviction, overheadBytes } from '../eviction/policies.ts'
import type { Membership, MemoryBudget } from '../memory/memory-budget.ts'
import type { Sendable, SendReservation } from '../memory/send-reservations.ts'
import type { GroupStats } from '../stats/group-stats.ts'
import { HeldTags } from './held-tags.ts'
import { type LoadLease, LoadOrder } from './load-order.ts'
import { PurgeLog } from './purge-log.ts'

/** How a copy is to be held. */
export interface Holding {
  readonly nowMs: number
  readonly untilMs: number
  readonly staleIfErrorUntilMs?: number | undefined
  readonly tookMs?: number | undefined
  readonly fallbackRole?: FallbackRole | undefined
  /** The key's previous owner has handed over the entry: it is older than the answer of any load. */
  readonly isHandedOver?: boolean
  /** The origin has confirmed the entry. It is kept although it is stale on arrival, to be confirmed again. */
  readonly isConfirmed?: boolean
}

/** The isolate's memory, as one group in one place shares in it. */
export interface SharedMemory {
  readonly budget: MemoryBudget
  /** See `JoinOptions`. */
  readonly name?: string | undefined
}

export interface CacheParts {
  /** The bound on what is held, in bytes. */
  readonly maxBytes: number
  /** Larger values are not held. */
  readonly maxValueBytes: number
  /** How long a load may take to store what it brings, in milliseconds. */
  readonly maxLoadMs: number
  readonly stats: GroupStats
  /** Which entry is evicted when `maxBytes` is met. Default: `lru`. */
  readonly eviction?: Eviction | undefined
  /** Makes what keeps the copies of a durable group beyond memory. */
  readonly createDurable?: ((memory: Memory) => DurableTier) | undefined
  readonly memory: SharedMemory
}

export class Cache {
  /** How this group shares the isolate's memory with all others. */
  readonly membership: Membership
  private readonly entries: Store<CachedEntry>
  private readonly overheadBytes: number
  private readonly budget: MemoryBudget
  private readonly purges: PurgeLog
  private readonly tags: HeldTags
  private readonly loadOrder: LoadOrder
  private readonly maxValueBytes: number
  private readonly stats: GroupStats
  /** Only in a node, and of a durable group. */
  readonly durable: DurableTier | undefined

  constructor(parts: CacheParts) {
    const { createDurable, eviction = 'lru', maxBytes, memory } = parts
    this.maxValueBytes = parts.maxValueBytes
    this.stats = parts.stats
    this.budget = memory.budget
    this.overheadBytes = overheadBytes(eviction)
    this.entries = createStore(
      eviction,
      maxBytes,
      (reason, copy: CachedEntry) => this.removed(reason, copy),
      (heldBytes, bytes) => this.membership.take(heldBytes, bytes),
    )
    this.membership = this.budget.join(this.entries, { shareBytes: maxBytes, name: memory.name })
    this.purges = new PurgeLog(this.membership)
    this.tags = new HeldTags(this.membership)
    this.loadOrder = new LoadOrder(parts.maxLoadMs)
    this.durable = createDurable?.({
      isHeld: (key) => this.entries.peek(key) !== undefined,
      isValid: (copy) => this.isValid(copy),
    })
  }

  get bytes(): number {
    return this.entries.bytes
  }

  get items(): number {
    return this.entries.size
  }

  /**
   * The copy of `key`, fresh or stale; an expired one only if the origin can renew it, or if it is kept for
   * the worst case. What does not count any more is removed.
   */
  lookup(key: string, nowMs: number): CachedEntry | undefined {
    return this.validated(key, this.entries.get(key), nowMs)
  }

  /** As `lookup`, for a caller who has looked before: this is no further use of the key. */
  lookAgain(key: string, nowMs: number): CachedEntry | undefined {
    return this.validated(key, this.entries.peek(key), nowMs)
  }

  /**
   * The copy of `key` in memory or on disk, fresh or stale. Leaves no trace: it renews and counts nothing.
   * None that is only good to be renewed.
   */
  peek(key: string, nowMs: number): CachedEntry | undefined {
    const copy = this.entries.peek(key) ?? this.durable?.peek(key, nowMs, this.purges.latest)
    if (copy === undefined || !this.isValid(copy)) return undefined
    return freshnessAt(copy, nowMs) === 'expired' ? undefined : copy
  }

  /** Returns the copy of `key` in memory, fresh or stale. Leaves no trace, and reads nothing from disk. */
  peekInMemory(key: string, nowMs: number): CachedEntry | undefined {
    const copy = this.entries.peek(key)
    if (copy === undefined || !this.isValid(copy)) return undefined
    return freshnessAt(copy, nowMs) === 'expired' ? undefined : copy
  }

  /**
   * To be called when a load begins: what is purged or set from then on wins over what it brings. `end` is
   * to be called once it has ended, in time or not.
   */
  lease(key: string, nowMs: number): LoadLease {
    return this.loadOrder.begin(key, this.purges.next(), nowMs)
  }

  /** Nothing more is stored under the lease. */
  release(lease: LoadLease): void {
    this.loadOrder.end(lease)
    if (this.purges.tagMarks > 0) this.purges.forgetBefore(this.loadOrder.oldest)
  }

  /** Whether nothing has been purged or set since that takes what has the key and these tags. */
  mayStore(lease: LoadLease, tags: readonly string[]): boolean {
    return this.loadOrder.isCurrent(lease) && this.purges.mayStore(tags, lease.sequence)
  }

  /**
   * Holds an answer, and returns whether it was stored: not when it was purged or replaced while it
   * was loaded, when it comes too late, when it is over already, or when it is too large.
   */
  populate(lease: LoadLease, entry: Entry, holding: Holding): boolean {
    const { key, sequence } = lease
    const { nowMs, untilMs, staleIfErrorUntilMs, tookMs, fallbackRole, isHandedOver } = holding
    if (nowMs >= lease.endsAtMs || !this.mayStore(lease, tagsOf(entry))) return false
    // A load that began later has answered: were its answer not kept, this one must not be either.
    if (!isHandedOver && !this.loadOrder.answers(lease)) return false
    if (isLoadedAfter(this.entries.peek(key), sequence)) return false

    const copy: CachedEntry = {
      entry,
      sequence,
      heldFromMs: nowMs,
      untilMs,
      ...(staleIfErrorUntilMs === undefined ? {} : { staleIfErrorUntilMs: staleIfErrorUntilMs }),
      ...(tookMs === undefined ? {} : { tookMs }),
      ...(fallbackRole === undefined ? {} : { fallbackRole }),
      ...(isHandedOver ? { readBack: 'earlier' as const } : {}),
    }
    // A hot copy that is over as it comes may still be good for when no node can be reached.
    const isOver = freshnessAt(copy, nowMs) === 'expired' && nowMs >= (staleIfErrorUntilMs ?? nowMs)
    const mayBeRenewed = holding.isConfirmed && isStaleOnArrival(entry) && hasValidator(entry)
    const stored = (!isOver || mayBeRenewed === true) && this.store(key, copy)
    // What is held is older than the answer that could not be.
    if (!stored) this.forget(key)
    else if (fallbackRole === undefined) this.durable?.write(key, copy)
    return stored
  }

  /**
   * Ends the life of what is held, as the origin has refused the key. What has been loaded or set since the
   * refused load began stays.
   */
  refused(lease: LoadLease): void {
    const { key, sequence } = lease
    const held = this.entries.peek(key)
    // What was held when the load began is older, whatever soft purge has come since.
    const isOlder = held !== undefined && held.sequence < sequence
    // What was read back since, or is on disk alone, may have been set meanwhile.
    const mayBeNewer = isLoadedAfter(held, sequence) || !this.mayStore(lease, [])
    if ((!isOlder && mayBeNewer) || !this.loadOrder.answers(lease)) return
    // A caller that waits for another refresh may have the copy in its hands.
    if (held !== undefined) held.isRefused = true
    this.forget(key)
  }

  /** Begins to send a value that was answered; `undefined` while there is no room. */
  beginSending(
    value: Sendable,
    key: string | undefined,
    clock: Clock,
  ): SendReservation | undefined {
    const held = key === undefined ? undefined : this.entries.peek(key)?.entry
    const isHeld = held?.kind === 'value' && held.value.buffer === value.value.buffer
    return this.membership.beginSending(value, isHeld, clock)
  }

  /** Whether an entry can be held at all, empty as this place may be. */
  hasRoomFor(key: string, entry: Entry): boolean {
    const isSmall = entry.kind !== 'value' || entry.value.byteLength <= this.maxValueBytes
    const mostBytes = Math.min(this.entries.maxBytes, this.budget.maxBytes)
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
  postpone(lease: LoadLease, copy: CachedEntry, retry: Retry): void {
    const isHeld = this.entries.peek(lease.key) === copy
    if (isHeld && this.mayStore(lease, tagsOf(copy.entry))) copy.retry = retry
  }

  /**
   * Makes loads under way for `key` come too late to be stored. Throws `PeerUnavailableError` when its
   * entry on disk could not be deleted.
   */
  invalidate(key: string): void {
    this.loadOrder.purge(key)
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
  private validated(
    key: string,
    held: CachedEntry | undefined,
    nowMs: number,
  ): CachedEntry | undefined {
    const copy = held ?? this.durable?.find(key, nowMs, this.purges.latest)
    if (copy === undefined) return undefined
    if (!this.isValid(copy)) {
      this.entries.delete(key, 'purged')
      return undefined
    }
    if (mayServeWithoutNode(copy, nowMs) && nowMs >= copy.untilMs) return copy
    const gone = nowMs >= copy.untilMs || nowMs < copy.heldFromMs
    if (gone || (freshnessAt(copy, nowMs) === 'expired' && !hasValidator(copy.entry))) {
      this.entries.delete(key, 'expired')
      return undefined
    }
    if (held?.readBack === 'just-now') held.readBack = 'earlier'
    // One that has no room is answered all the same, and read back again.
    if (held === undefined) this.hold(key, copy)
    return copy
  }

  private purgeKey(key: string, soft: boolean, nowMs: number): number {
    this.loadOrder.purge(key)
    const copy = this.entries.peek(key)
    if (copy === undefined) return 0
    const wasPurged = !this.isValid(copy)
    const livesOn = !wasPurged && soft && this.makeStale(copy, nowMs)
    if (!livesOn) this.entries.delete(key, 'purged')
    return wasPurged ? 0 : 1
  }

  /** One mark, however many copies carry the tag: each is judged when it is looked up. */
  private purgeTag(tag: string, soft: boolean, nowMs: number): number {
    const number = this.purges.markTag(tag, this.loadOrder.oldest)
    return soft ? this.tags.purgeSoftly(tag, number, nowMs) : this.tags.purge(tag, number)
  }

  private purgeAll(soft: boolean, nowMs: number): number {
    let entries = 0
    for (const [, copy] of this.entries.entries()) if (this.isValid(copy)) entries++
    if (soft) {
      this.purges.markAllStale(nowMs)
      return entries
    }
    this.purges.markAll()
    this.entries.clear('purged')
    return entries
  }

  /** An answer has come that is not kept: what is held is older. */
  private forget(key: string): void {
    this.entries.delete(key, 'replaced')
    this.durable?.forget(key)
  }

  private store(key: string, copy: CachedEntry): boolean {
    const stored = this.hold(key, copy)
    // Copies on top of the owner's are a bonus: that they do not fit is no news.
    if (!stored && copy.untilMs === Number.POSITIVE_INFINITY) this.stats.rejected++
    return stored
  }

  private hold(key: string, copy: CachedEntry): boolean {
    const { entry, sequence } = copy
    const bytes = this.bytesOf(key, entry)
    const held =
      this.hasRoomFor(key, entry) &&
      this.membership.canHold(bytes) &&
      this.entries.set(key, copy, bytes)
    if (!held) return false
    const tags = tagsOf(entry)
    if (tags.length > 0) copy.tags = this.tags.add(tags, sequence)
    if (entry.kind === 'value') this.membership.holdsSent(entry)
    return true
  }

  private bytesOf(key: string, entry: Entry): number {
    return heldBytes(key, entry) + this.overheadBytes
  }

  private isValid(copy: CachedEntry): boolean {
    const verdict = this.purges.validate(copy.sequence, copy.tags, copy.validatedTo)
    const outlives =
      verdict.kind === 'stale' ? this.makeStale(copy, verdict.fromMs) : verdict.kind === 'valid'
    // Advance the mark only for valid entries, so the next lookup still sees that this one was purged.
    if (outlives) copy.validatedTo = this.purges.latest
    return outlives
  }

  /** Returns whether the copy may live on as a stale one. */
  private makeStale(copy: CachedEntry, fromMs: number): boolean {
    const { entry } = copy
    if (entry.kind !== 'value' || entry.staleWhileRevalidateMs + entry.staleIfErrorMs === 0) {
      return false
    }
    copy.isPurgedSoftly = true
    delete copy.retry
    if (fromMs < entry.expiresAtMs) copy.entry = { ...entry, expiresAtMs: fromMs }
    return true
  }

  private removed(reason: RemovalReason, copy: CachedEntry): void {
    this.stats.evictions[reason]++
    this.membership.holds(this.entries.bytes)
    if (copy.entry.kind === 'value') this.membership.dropsSent(copy.entry)
    if (copy.tags !== undefined) this.tags.remove(copy.tags, copy.sequence)
  }
}

/** What may not be kept at all has a TTL of 0. */
function isStaleOnArrival(entry: Entry): boolean {
  return entry.kind === 'value' && entry.ttlMs < 0
}

/** What was read back is older than any load that may still answer: its number is not that of a load. */
function isLoadedAfter(held: CachedEntry | undefined, sequence: number): boolean {
  return held !== undefined && held.readBack === undefined && held.sequence > sequence
}

/** Each key and each tag once. */
function whichOf(purge: Purge): PurgeTarget[] {
  if ('keys' in purge) return Array.from(new Set(purge.keys), (key) => ({ key }))
  if ('tags' in purge) return Array.from(new Set(purge.tags), (tag) => ({ tag }))
  return [{ all: true }]
}

function sum<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((total, item) => total + count(item), 0)
}
