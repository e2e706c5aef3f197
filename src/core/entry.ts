/** Owns what is kept of an answer: an entry, what it weighs, and its freshness at a moment. */

import { utf8Length } from './bytes.ts'

/** A value, with what an HTTP answer needs to describe it. Immutable, and plain data: it crosses RPC as it is. */
export interface Entry {
  /** In a buffer of its own, see `ownBytes`. */
  readonly value: Uint8Array<ArrayBuffer>
  readonly contentType: string
  readonly contentLanguage?: string
  /** As the origin wrote it. */
  readonly lastModified?: string
  /** A strong entity tag with its quotes; depends on the bytes alone (RFC 9110, section 8.8.3). */
  readonly etag: string
  readonly loadedAtMs: number
  /** From this moment on the entry is not fresh. */
  readonly expiresAtMs: number
}

/** An entry in a cache that may not keep it for all its life: hot copies and guests' copies end earlier. */
export interface Copy {
  readonly entry: Entry
  /** `Infinity` at the owner, whose entry lives as long as the entry itself says. */
  readonly untilMs: number
  /** Set when this place loaded the value without owning the key. */
  readonly standIn?: StandIn
}

/** Who loads a key instead of its owner: `guest`, another node; `no-node`, the edge, since no node could. */
export type StandIn = 'guest' | 'no-node'

export type Freshness = 'fresh' | 'expired'

/** A copy at exactly its end is expired (RFC 9111, section 4.2: fresh while the lifetime exceeds the age). */
export function freshnessAt(copy: Copy, nowMs: number): Freshness {
  return nowMs < endOfFreshness(copy) ? 'fresh' : 'expired'
}

/** When a copy stops being fresh: never after its entry does. */
export function endOfFreshness(copy: Copy): number {
  return Math.min(copy.entry.expiresAtMs, copy.untilMs)
}

/**
 * What an entry takes beside its key and its value: the map's slot, the link, the entry and its short
 * strings, and the engine's objects for the buffer. Measured in test/core/entry-heap.test.ts: about 760
 * bytes on the heap, and the rest for what the allocator adds to a buffer.
 */
export const ENTRY_OVERHEAD_BYTES = 1024

/** What holding `entry` under `key` counts as, in bytes. */
export function heldBytes(key: string, entry: Entry): number {
  return utf8Length(key) + entry.value.buffer.byteLength + ENTRY_OVERHEAD_BYTES
}
