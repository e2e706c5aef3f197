/**
 * Owns which entry gives way under S3-FIFO: three queues, first in, first out (Yang, Zhang, Qiu, Yue, Rashmi:
 * "FIFO queues are all you need for cache eviction", SOSP 2023). Knows size and use, not time or meaning.
 *
 * Left out on purpose: sending entries straight to the main queue while the cache fills for the first time,
 * as libCacheSim has done since 2024. It helps loops that begin with an empty cache, and little else that was
 * measured: what happened to come first stays, and a node begins with an empty cache often.
 */

import type { OnGrow, OnRemove, RemovalReason, Store } from './bounded-map.ts'

/** The small queue's part of the bytes. The main queue has the rest. */
const SMALL_PART = 0.1
/** As many ghosts per entry: what the main queue holds, were all entries alike. */
const GHOSTS_PER_ENTRY = 0.9
/** The keys of ghosts may be so long on average. With longer ones there are fewer ghosts. */
const GHOST_KEY_LENGTH = 48
/**
 * What the ghosts, and the larger map that finds them, take for each entry: callers have to count it beside
 * what an entry takes itself. Measured in Node; see test/core/entry-heap.test.ts.
 */
export const GHOST_OVERHEAD_BYTES = 128
/** Uses after which an entry moves from the small queue to the main one. */
const PROVEN_USES = 2
/** More uses are not counted: so often at most does an entry go round the main queue unused. */
const MOST_USES = 3

/** An entry, or a ghost: a key that has left. A class, so that all have the same shape for the engine. */
class Link<V> {
  key = ''
  /** `undefined` in ghosts and in the roots of queues. */
  value: V | undefined = undefined
  /** What an entry counts as; of a ghost, the length of its key. */
  bytes = 0
  /** Since it came into its queue, up to `MOST_USES`, less the rounds in the main queue. */
  uses = 0
  queue: Queue<V>
  /** Towards the later and the earlier in the queue; the two ends meet in the root. */
  newer: Link<V> = this
  older: Link<V> = this

  constructor(queue: Queue<V>) {
    this.queue = queue
  }
}

/**
 * A map bounded by bytes, in which new entries have to prove themselves. They enter a small queue, and
 * leave it soon unless they are asked for again; those that are move to the main queue, which lets go what
 * was not asked for since it went round last. The key of what left the small queue is remembered, as a ghost,
 * and goes straight to the main queue when it comes back. A long row of keys that are asked for once
 * thus passes through a tenth of the memory, where an LRU would let everything go.
 *
 * As in the paper, but for what it leaves open: queues are measured in bytes; an entry larger than the small
 * queue is held too, as the first to go; a new value of a held key is not a use, as the look-up before it
 * was one; and an entry that had proven itself and was deleted, mostly since it had expired, is remembered
 * like one that left the small queue.
 *
 * One `Map` finds entries and ghosts: a key that is missing takes one look, and one that becomes a ghost stays
 * where it is. Ghosts are not in `bytes`. There are never more of them than entries, and their keys together
 * are no longer than `GHOST_KEY_LENGTH` for each, so that `GHOST_OVERHEAD_BYTES` for each entry cover them.
 */
export class S3Fifo<V> implements Store<V> {
  readonly maxBytes: number
  private readonly mostMainBytes: number
  private readonly onRemove: OnRemove<V>
  private readonly onGrow: OnGrow | undefined
  private readonly links = new Map<string, Link<V>>()
  private readonly small = new Queue<V>()
  private readonly main = new Queue<V>()
  private readonly ghosts = new Queue<V>()
  /** Was let go, and serves again: that spares the collector. */
  private spare: Link<V> | undefined

  constructor(maxBytes: number, onRemove: OnRemove<V> = () => {}, onGrow?: OnGrow) {
    this.maxBytes = maxBytes
    this.mostMainBytes = maxBytes - Math.floor(maxBytes * SMALL_PART)
    this.onRemove = onRemove
    this.onGrow = onGrow
  }

  get bytes(): number {
    return this.small.bytes + this.main.bytes
  }

  get size(): number {
    return this.small.size + this.main.size
  }

  /** How many keys are remembered that are not held. */
  get ghostCount(): number {
    return this.ghosts.size
  }

  get(key: string): V | undefined {
    const link = this.links.get(key)
    // Of a ghost it does not matter: its uses are counted anew when it comes back.
    if (link !== undefined && link.uses < MOST_USES) link.uses++
    return link?.value
  }

  peek(key: string): V | undefined {
    return this.links.get(key)?.value
  }

  set(key: string, value: V, bytes: number): boolean {
    if (bytes > this.maxBytes) return false
    const known = this.links.get(key)
    if (known === undefined) this.insert(key, value, bytes)
    else if (known.queue === this.ghosts) this.comeBack(known, value, bytes)
    else this.replace(known, value, bytes)
    return true
  }

  delete(key: string, reason: RemovalReason): boolean {
    const link = this.links.get(key)
    if (link === undefined || link.queue === this.ghosts) return false
    this.remove(link, reason, this.isProven(link))
    return true
  }

  evictOldest(): boolean {
    const link = this.nextVictim()
    if (link === undefined) return false
    this.evict(link)
    return true
  }

  /** Forgets the ghosts too. */
  clear(reason: RemovalReason): number {
    const removed = this.size
    this.keepGhosts(0)
    for (let link = this.anyHeld(); link !== undefined; link = this.anyHeld()) {
      this.remove(link, reason, false)
    }
    return removed
  }

  /** The main queue, then the small one, each from the newest to the oldest. */
  *entries(): IterableIterator<[key: string, value: V]> {
    yield* this.main.entries()
    yield* this.small.entries()
  }

  private insert(key: string, value: V, bytes: number): void {
    this.makeRoom(bytes)
    const link = this.spare ?? new Link<V>(this.small)
    this.spare = undefined
    link.key = key
    link.uses = 0
    this.hold(link, this.small, value, bytes)
    this.links.set(key, link)
  }

  private comeBack(ghost: Link<V>, value: V, bytes: number): void {
    // In no queue while room is made, so that it cannot be forgotten.
    this.ghosts.remove(ghost)
    this.makeRoom(bytes)
    ghost.uses = 0
    this.hold(ghost, this.main, value, bytes)
  }

  private replace(link: Link<V>, value: V, bytes: number): void {
    // In no queue while room is made, so that it cannot be what gives way.
    const { queue, value: replaced } = link
    queue.remove(link)
    this.makeRoom(bytes)
    this.hold(link, queue, value, bytes)
    this.onRemove('replaced', replaced as V)
  }

  private hold(link: Link<V>, queue: Queue<V>, value: V, bytes: number): void {
    link.value = value
    link.bytes = bytes
    queue.push(link)
  }

  private makeRoom(bytes: number): void {
    // What is above the bound are entries, so there is one to go.
    while (this.bytes + bytes > this.maxBytes) this.evict(this.nextVictim() as Link<V>)
    this.onGrow?.(this.bytes, bytes)
  }

  /**
   * What goes next. On the way to it, entries that were used since move to where they get another round,
   * as they would when it goes; until something else is used or set, the answer stays the same.
   */
  private nextVictim(): Link<V> | undefined {
    while (this.main.bytes <= this.mostMainBytes) {
      const link = this.small.oldest
      if (link === undefined) break
      if (!this.isProven(link)) return link
      this.small.remove(link)
      link.uses = 0
      this.main.push(link)
    }
    return this.leastOfMain()
  }

  private leastOfMain(): Link<V> | undefined {
    let link = this.main.oldest
    while (link !== undefined && link.uses > 0) {
      link.uses--
      this.main.remove(link)
      this.main.push(link)
      link = this.main.oldest
    }
    return link
  }

  private isProven(link: Link<V>): boolean {
    return link.queue === this.main || link.uses >= PROVEN_USES
  }

  private anyHeld(): Link<V> | undefined {
    return this.small.oldest ?? this.main.oldest
  }

  private evict(link: Link<V>): void {
    this.remove(link, 'capacity', link.queue === this.small)
  }

  private remove(link: Link<V>, reason: RemovalReason, isRemembered: boolean): void {
    const { queue, value } = link
    queue.remove(link)
    link.value = undefined
    if (isRemembered) {
      link.bytes = link.key.length
      this.ghosts.push(link)
    } else this.forget(link)
    this.keepGhosts(Math.ceil(this.size * GHOSTS_PER_ENTRY))
    this.onRemove(reason, value as V)
  }

  /** Forgets the oldest ghosts until there are no more than `most`, with keys not too long for so many. */
  private keepGhosts(most: number): void {
    const { ghosts } = this
    while (ghosts.size > most || ghosts.bytes > most * GHOST_KEY_LENGTH) {
      const ghost = ghosts.oldest as Link<V>
      ghosts.remove(ghost)
      this.forget(ghost)
    }
  }

  /** @param link In no queue. */
  private forget(link: Link<V>): void {
    this.links.delete(link.key)
    this.spare = link
  }
}

/** Entries or ghosts in the order in which they came, and the sum of their bytes. */
class Queue<V> {
  bytes = 0
  size = 0
  private readonly root = new Link<V>(this)

  get oldest(): Link<V> | undefined {
    const { newer } = this.root
    return newer === this.root ? undefined : newer
  }

  /** The newest stands right below the root, the oldest right above it. */
  push(link: Link<V>): void {
    const newest = this.root.older
    link.queue = this
    link.newer = this.root
    link.older = newest
    newest.newer = link
    this.root.older = link
    this.bytes += link.bytes
    this.size++
  }

  remove(link: Link<V>): void {
    link.newer.older = link.older
    link.older.newer = link.newer
    this.bytes -= link.bytes
    this.size--
  }

  *entries(): IterableIterator<[key: string, value: V]> {
    for (let link = this.root.older; link !== this.root; link = link.older) {
      yield [link.key, link.value as V]
    }
  }
}
