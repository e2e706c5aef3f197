/**
 * Owns which entry gives way under S3-FIFO: three queues, first in, first out (Yang, Zhang, Qiu, Yue, Rashmi:
 * "FIFO queues are all you need for cache eviction", SOSP 2023). Knows size and use, not time or meaning.
 *
 * Left out on purpose: sending entries straight to the main queue while the cache fills for the first time,
 * as libCacheSim has done since 2024. It helps loops that begin with an empty cache, and little else that was
 * measured: what happened to come first stays, and a node begins with an empty cache often.
 */

import { Ghosts } from './ghosts.ts'
import type { OnGrow, OnRemove, RemovalReason, Store } from './store.ts'

/** The small queue's part of the bytes. The main queue has the rest. */
const SMALL_PART = 0.1
/** As many ghosts per entry: what the main queue holds, were all entries alike. */
const GHOSTS_PER_ENTRY = 0.9
/** Uses after which an entry moves from the small queue to the main one. */
const PROVEN_USES = 2
/** More uses are not counted: so often at most does an entry go round the main queue unused. */
const MOST_USES = 3

/** A class, so that all have the same shape for the engine. */
class Link<V> {
  key = ''
  /** `undefined` only in the roots of queues. */
  value: V | undefined = undefined
  bytes = 0
  /** Of the key, for the ghosts. */
  hash = 0
  /** Since it came into its queue, up to `MOST_USES`, less the rounds in the main queue. */
  uses = 0
  isInMain = false
  /** Towards the later and the earlier in the queue; the two ends meet in the root. */
  newer: Link<V> = this
  older: Link<V> = this
}

/**
 * A map bounded by bytes, in which new entries have to prove themselves. They enter a small queue, and
 * leave it soon unless they are asked for again; those that are move to the main queue, which lets go what
 * was not asked for since it went round last. What left the small queue is remembered by a hash of its
 * key, and goes straight to the main queue when it comes back. A long row of keys that are asked for once
 * thus passes through a tenth of the memory, where an LRU would let everything go.
 *
 * As in the paper, but for what it leaves open: queues are measured in bytes; an entry larger than the small
 * queue is held too, as the first to go; a new value of a held key is not a use, as the look-up before it
 * was one; and an entry that had proven itself and was deleted, mostly since it had expired, is remembered
 * like one that left the small queue.
 *
 * There are never more ghosts than entries, so that the overhead that callers count for each entry
 * (`ENTRY_OVERHEAD_BYTES`) covers them.
 */
export class S3Fifo<V> implements Store<V> {
  readonly maxBytes: number
  private readonly mostMainBytes: number
  private readonly onRemove: OnRemove<V>
  private readonly onGrow: OnGrow | undefined
  private readonly links = new Map<string, Link<V>>()
  private readonly small = new Queue<V>()
  private readonly main = new Queue<V>()
  private readonly ghosts = new Ghosts()

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
    return this.links.size
  }

  /** How many keys are remembered that are not held. */
  get ghostCount(): number {
    return this.ghosts.size
  }

  get(key: string): V | undefined {
    const link = this.links.get(key)
    if (link === undefined) return undefined
    if (link.uses < MOST_USES) link.uses++
    return link.value
  }

  peek(key: string): V | undefined {
    return this.links.get(key)?.value
  }

  set(key: string, value: V, bytes: number): boolean {
    if (bytes > this.maxBytes) return false
    const held = this.links.get(key)
    if (held === undefined) this.insert(key, value, bytes)
    else this.replace(held, value, bytes)
    return true
  }

  delete(key: string, reason: RemovalReason): boolean {
    const link = this.links.get(key)
    if (link === undefined) return false
    if (this.isProven(link)) this.remember(link)
    this.remove(link, reason)
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
    const removed = this.links.size
    this.ghosts.clear()
    for (const link of this.links.values()) this.remove(link, reason)
    return removed
  }

  hasRoom(bytes: number): boolean {
    return this.bytes + bytes <= this.maxBytes
  }

  get oldestKey(): string | undefined {
    return this.nextVictim()?.key
  }

  /** The main queue, then the small one, each from the newest to the oldest. */
  *entries(): IterableIterator<[key: string, value: V]> {
    yield* this.main.entries()
    yield* this.small.entries()
  }

  private insert(key: string, value: V, bytes: number): void {
    const hash = ghostHash(key)
    const isBack = this.ghosts.take(hash)
    // A full cache takes a link for each one it lets go: the same object serves, and spares the collector.
    const spare = this.makeRoom(bytes)
    this.onGrow?.(this.bytes, bytes)
    const link = spare ?? new Link<V>()
    link.key = key
    link.value = value
    link.bytes = bytes
    link.hash = hash
    link.uses = 0
    link.isInMain = isBack
    this.queueOf(link).push(link)
    this.links.set(key, link)
  }

  private replace(link: Link<V>, value: V, bytes: number): void {
    // In no queue while room is made, so that it cannot be what gives way.
    const queue = this.queueOf(link)
    queue.remove(link)
    this.makeRoom(bytes)
    this.onGrow?.(this.bytes, bytes)
    const replaced = link.value
    link.value = value
    link.bytes = bytes
    queue.push(link)
    this.onRemove('replaced', replaced as V)
  }

  /** Returns one of the links that had to go, if any. */
  private makeRoom(bytes: number): Link<V> | undefined {
    let evicted: Link<V> | undefined
    while (this.bytes + bytes > this.maxBytes) {
      // What is above the bound are entries, so there is one to go.
      evicted = this.nextVictim() as Link<V>
      this.evict(evicted)
    }
    return evicted
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
      link.isInMain = true
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

  private queueOf(link: Link<V>): Queue<V> {
    return link.isInMain ? this.main : this.small
  }

  private isProven(link: Link<V>): boolean {
    return link.isInMain || link.uses >= PROVEN_USES
  }

  private evict(link: Link<V>): void {
    if (!link.isInMain) this.remember(link)
    this.remove(link, 'capacity')
  }

  /** To be called while the entry is still held: it counts among those that ghosts are measured by. */
  private remember(link: Link<V>): void {
    this.ghosts.add(link.hash)
    this.ghosts.keep(Math.floor(this.links.size * GHOSTS_PER_ENTRY))
  }

  private remove(link: Link<V>, reason: RemovalReason): void {
    this.links.delete(link.key)
    this.queueOf(link).remove(link)
    this.ghosts.keep(this.links.size)
    this.onRemove(reason, link.value as V)
  }
}

/** Entries in the order in which they came, and the sum of their bytes. */
class Queue<V> {
  bytes = 0
  private readonly root = new Link<V>()

  get oldest(): Link<V> | undefined {
    const { newer } = this.root
    return newer === this.root ? undefined : newer
  }

  /** The newest stands right below the root, the oldest right above it. */
  push(link: Link<V>): void {
    const newest = this.root.older
    link.newer = this.root
    link.older = newest
    newest.newer = link
    this.root.older = link
    this.bytes += link.bytes
  }

  remove(link: Link<V>): void {
    link.newer.older = link.older
    link.older.newer = link.newer
    this.bytes -= link.bytes
  }

  *entries(): IterableIterator<[key: string, value: V]> {
    for (let link = this.root.older; link !== this.root; link = link.older) {
      yield [link.key, link.value as V]
    }
  }
}

/**
 * Mixes two characters at a time, as a multiplication takes longer than to read them. 30 bits, as more would
 * not fit the small integers of every engine.
 */
function ghostHash(key: string): number {
  let hash = key.length
  const last = key.length - 1
  for (let i = 0; i < last; i += 2) {
    hash = mix(hash, key.charCodeAt(i) | (key.charCodeAt(i + 1) << 16))
  }
  if ((key.length & 1) === 1) hash = mix(hash, key.charCodeAt(last))
  const mixed = Math.imul(hash, 0x85ebca6b)
  return (mixed ^ (mixed >>> 13)) >>> 2
}

function mix(hash: number, block: number): number {
  const mixed = Math.imul(hash ^ block, 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}
