/** Owns which entry gives way when a bound in bytes is met. Knows size and recency, not time or meaning. */

import type { OnGrow, OnRemove, RemovalReason, Store } from './bounded-map.ts'

/** A class, for the engine to keep all fields in the object itself: of an empty `{}` it keeps only four there. */
class Link<V> {
  key = ''
  /** `undefined` only in the root. */
  value: V | undefined = undefined
  bytes = 0
  /** Towards the more and the less recently used; the two ends meet in the root. */
  newer: Link<V> = this
  older: Link<V> = this
}

/**
 * A least-recently-used map, bounded by bytes. Each entry counts as the bytes that its caller names;
 * the sum never exceeds `maxBytes`, not even for a moment.
 *
 * Entries are linked, and a `Map` only finds them: a `Map` that also kept the order, by deleting and
 * re-inserting, walks past all its deleted slots at each eviction. Source: groupcache's lru.go, which
 * counts entries instead of bytes.
 */
export class Lru<V> implements Store<V> {
  readonly maxBytes: number
  private readonly onRemove: OnRemove<V>
  private readonly onGrow: OnGrow | undefined
  private readonly links = new Map<string, Link<V>>()
  private readonly root = new Link<V>()
  private heldBytes = 0

  constructor(maxBytes: number, onRemove: OnRemove<V> = () => {}, onGrow?: OnGrow) {
    this.maxBytes = maxBytes
    this.onRemove = onRemove
    this.onGrow = onGrow
  }

  /** The sum of the bytes of all that is held. */
  get bytes(): number {
    return this.heldBytes
  }

  get size(): number {
    return this.links.size
  }

  /** The value under `key`, which becomes the most recently used. */
  get(key: string): V | undefined {
    const link = this.links.get(key)
    if (link === undefined) return undefined
    this.renew(link)
    return link.value
  }

  /** The value under `key`, without renewing it. */
  peek(key: string): V | undefined {
    return this.links.get(key)?.value
  }

  /**
   * Holds `value` under `key` as the most recently used, and lets the least recently used go until
   * all fits. Returns false, and changes nothing, when `bytes` alone are above the bound.
   */
  set(key: string, value: V, bytes: number): boolean {
    if (bytes > this.maxBytes) return false
    const held = this.links.get(key)
    if (held === undefined) this.insert(key, value, bytes)
    else this.replace(held, value, bytes)
    return true
  }

  /** Returns whether there was something to remove. */
  delete(key: string, reason: RemovalReason): boolean {
    const link = this.links.get(key)
    if (link === undefined) return false
    this.remove(link, reason)
    return true
  }

  /** Lets the least recently used entry go, for want of room elsewhere. Returns false when there is none. */
  evictOldest(): boolean {
    if (this.links.size === 0) return false
    this.remove(this.root.newer, 'capacity')
    return true
  }

  /** Returns how many entries there were. */
  clear(reason: RemovalReason): number {
    const removed = this.links.size
    while (this.links.size > 0) this.remove(this.root.newer, reason)
    return removed
  }

  /** From the most to the least recently used, without renewing any. */
  *entries(): IterableIterator<[key: string, value: V]> {
    for (let link = this.root.older; link !== this.root; link = link.older) {
      yield [link.key, link.value as V]
    }
  }

  private insert(key: string, value: V, bytes: number): void {
    // A full cache takes a link for each one it lets go: the same object serves, and spares the collector.
    const spare = this.makeRoom(bytes)
    this.onGrow?.(this.heldBytes, bytes)
    const link = spare ?? new Link<V>()
    link.key = key
    link.value = value
    link.bytes = bytes
    this.linkAsNewest(link)
    this.links.set(key, link)
    this.heldBytes += bytes
  }

  private replace(link: Link<V>, value: V, bytes: number): void {
    this.renew(link)
    this.heldBytes -= link.bytes
    // Empty while room is made: the link is the newest, and fits, so the loop cannot reach it.
    link.bytes = 0
    this.makeRoom(bytes)
    this.onGrow?.(this.heldBytes, bytes)
    const replaced = link.value
    link.value = value
    link.bytes = bytes
    this.heldBytes += bytes
    this.onRemove('replaced', replaced as V)
  }

  /** Returns one of the links that had to go, if any. */
  private makeRoom(bytes: number): Link<V> | undefined {
    let removed: Link<V> | undefined
    while (this.heldBytes + bytes > this.maxBytes) {
      removed = this.root.newer
      this.remove(removed, 'capacity')
    }
    return removed
  }

  private remove(link: Link<V>, reason: RemovalReason): void {
    this.links.delete(link.key)
    unlink(link)
    this.heldBytes -= link.bytes
    this.onRemove(reason, link.value as V)
  }

  private renew(link: Link<V>): void {
    if (this.root.older === link) return
    unlink(link)
    this.linkAsNewest(link)
  }

  /** The newest stands right below the root, the oldest right above it. */
  private linkAsNewest(link: Link<V>): void {
    const newest = this.root.older
    link.newer = this.root
    link.older = newest
    newest.newer = link
    this.root.older = link
  }
}

function unlink<V>(link: Link<V>): void {
  link.newer.older = link.older
  link.older.newer = link.newer
}
