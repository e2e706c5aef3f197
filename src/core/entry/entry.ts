/** Owns what is kept of an answer: an entry, what it weighs, and its freshness at a moment. */

import { utf8Length } from '../bytes.ts'
import { isHttpDate } from '../http-date.ts'
import type { HeldTag } from './held-tag.ts'

/** How long an answer lives: fresh for `ttlMs`, then stale for as long as one of the two windows. */
export interface Life {
  /** Below zero for an answer that had been stale for so long when it came. */
  readonly ttlMs: number
  /** After `ttlMs`: answered at once, while one refresh runs behind. */
  readonly staleWhileRevalidateMs: number
  /** After `ttlMs`: answered when the refresh fails or takes too long. */
  readonly staleIfErrorMs: number
}

/**
 * What an HTTP response's `Cache-Control` and `Expires` say of its life. Kept because a 304 replaces only
 * the headers that it brings (RFC 9111, section 3.2).
 */
export interface Policy {
  /** What `s-maxage` or `max-age` says. */
  readonly lifetimeMs?: number
  /** By `Cache-Control`; 0 where it forbids to answer with what is stale. */
  readonly staleWhileRevalidateMs?: number
  /** As `staleWhileRevalidateMs`. */
  readonly staleIfErrorMs?: number
  /** By the origin's clock; 0 for an `Expires` that is not a date. */
  readonly expiresMs?: number
}

/** A value, with what an HTTP answer needs to describe it. Immutable plain data: it crosses RPC as it is. */
export interface ValueEntry extends Life {
  readonly kind: 'value'
  /** In a buffer of its own, see `ownBytes`. */
  readonly value: Uint8Array<ArrayBuffer>
  readonly contentType: string
  readonly contentLanguage?: string
  /** As the origin wrote it; also a validator (RFC 9110, section 8.8.2). */
  readonly lastModified?: string
  /** The origin's own entity tag, which a conditional request sends back to it (section 8.8.3). */
  readonly originEtag?: string
  /** Absent unless an HTTP origin can renew the value. */
  readonly policy?: Policy
  /** A strong entity tag with its quotes; depends on the bytes alone (section 8.8.3). */
  readonly etag: string
  readonly tags: readonly string[]
  readonly loadedAtMs: number
  /** From this moment on the entry is not fresh. Jitter may put it before `loadedAtMs + ttlMs`. */
  readonly expiresAtMs: number
}

/** What describes a value, without its bytes. */
export type ValueHead = Omit<ValueEntry, 'value'>

/**
 * That a key does not exist, or has a value too large to be held. Never stale: when it has expired, it
 * is gone.
 */
export interface Marker {
  readonly kind: 'not-found' | 'too-large'
  /** As those of a value. Default: none. */
  readonly tags?: readonly string[]
  readonly loadedAtMs: number
  readonly expiresAtMs: number
}

export type Entry = ValueEntry | Marker

/** Who loads a key instead of its owner: `guest`, another node; `no-node`, the edge, since no node could. */
export type FallbackRole = 'guest' | 'no-node'

/** An entry where it is held. Only `Copies` changes it. */
export interface CachedEntry {
  entry: Entry
  /** The number of the load that brought the entry. */
  readonly sequence: number
  /** By this place's own clock, unlike the entry's times. */
  readonly heldFromMs: number
  /** Hot copies and guests' copies end here at the latest. `Infinity` at the owner. */
  readonly untilMs: number
  /** Until then a hot copy is kept past its end, in case that no node can be reached. Default: `untilMs`. */
  readonly staleIfErrorUntilMs?: number
  /** How long it took to get the copy, in milliseconds; of hot copies. */
  readonly tookMs?: number
  /** Set while somebody gets the copy that will replace this one. */
  isBeingRenewed?: true
  /** Set when this place loaded the value without owning the key. */
  readonly fallbackRole?: FallbackRole
  /** Set while refreshes of the entry fail. */
  retry?: Retry
  /** Set when the origin has refused the key: it is answered by nobody who still has it in hand. */
  isRefused?: true
  /** Purges up to this number have had their effect on the entry. */
  validatedTo?: number
  /** The entry's tags since it was last held in memory; none if it has none. */
  tags?: readonly HeldTag[]
  /** Not fresh any more, whatever the clock does. */
  isPurgedSoftly?: true
  /**
   * Set when the entry was read back from disk, or handed over by the key's previous owner. It is older than
   * the answer of any load, so its number is only that of the last purge it has outlived. `just-now`: read
   * back, and not looked up since.
   */
  readBack?: 'just-now' | 'earlier'
}

export interface Retry {
  readonly failures: number
  readonly sinceMs: number
  /** No refresh is tried before this moment, unless the clock is set back behind `sinceMs`. */
  readonly notBeforeMs: number
}

export type Freshness = 'fresh' | 'stale' | 'expired'

/**
 * A copy at exactly its end is not fresh any more (RFC 9111, section 4.2: fresh while the lifetime
 * exceeds the age). A clock that was set back makes it expired: how old it is cannot be known then.
 */
export function freshnessAt(copy: CachedEntry, nowMs: number): Freshness {
  const { entry, heldFromMs, untilMs } = copy
  if (nowMs >= untilMs || nowMs < heldFromMs) return 'expired'
  if (nowMs < entry.expiresAtMs && !copy.isPurgedSoftly) return 'fresh'
  return entry.kind === 'value' && nowMs < staleUntilMs(entry) ? 'stale' : 'expired'
}

/** Whether a stale copy may be answered at once, with a refresh behind it (RFC 5861, section 3). */
export function mayServeWhileRevalidating({ entry }: CachedEntry, nowMs: number): boolean {
  return entry.kind === 'value' && nowMs < entry.expiresAtMs + entry.staleWhileRevalidateMs
}

/** Whether a stale copy may be answered instead of a failure (RFC 5861, section 4). */
export function mayServeOnError({ entry }: CachedEntry, nowMs: number): boolean {
  return entry.kind === 'value' && nowMs < entry.expiresAtMs + entry.staleIfErrorMs
}

/** Whether a copy past its end may still be answered, as no node can be reached. */
export function mayServeWithoutNode(
  { heldFromMs, staleIfErrorUntilMs, untilMs }: CachedEntry,
  nowMs: number,
): boolean {
  return nowMs >= heldFromMs && nowMs < (staleIfErrorUntilMs ?? untilMs)
}

/**
 * Whether to renew a copy now, before its end: at random, the likelier the nearer the end is and the longer
 * it takes, so that not all who ask come at once when it has ended (Vattani, Chierichetti, Lowenstein:
 * "Optimal Probabilistic Cache Stampede Prevention", 2015; its beta is 1).
 */
export function isToBeRenewed(
  { entry, isBeingRenewed, tookMs = 0, untilMs }: CachedEntry,
  nowMs: number,
  random: () => number,
): boolean {
  // Where the entry ends too, its owner has nothing newer yet.
  if (isBeingRenewed || tookMs === 0 || untilMs >= entry.expiresAtMs) return false
  // 1 - random() is never 0, whose logarithm is infinite.
  return nowMs - tookMs * Math.log(1 - random()) >= untilMs
}

/** Whether a failed refresh is too recent for another one. */
export function isBackingOff({ retry }: CachedEntry, nowMs: number): boolean {
  return retry !== undefined && nowMs >= retry.sinceMs && nowMs < retry.notBeforeMs
}

/** When a copy stops being fresh: never after its entry does. */
export function endOfFreshness({ entry, untilMs }: CachedEntry): number {
  return Math.min(entry.expiresAtMs, untilMs)
}

/** Whether the origin can say that the entry is still current without sending it again. */
export function hasValidator(entry: Entry): entry is ValueEntry {
  if (entry.kind !== 'value') return false
  return entry.originEtag !== undefined || isHttpDate(entry.lastModified ?? '')
}

/** Returns a whole life: what an answer does not say of its own, its group says. */
export function completeLife(own: Partial<Life>, group: Life): Life {
  const ttlMs = own.ttlMs ?? group.ttlMs
  // The group's windows are for values that were fresh once.
  const windows = ttlMs > 0 ? group : { staleWhileRevalidateMs: 0, staleIfErrorMs: 0 }
  return {
    ttlMs,
    staleWhileRevalidateMs: own.staleWhileRevalidateMs ?? windows.staleWhileRevalidateMs,
    staleIfErrorMs: own.staleIfErrorMs ?? windows.staleIfErrorMs,
  }
}

/** The end of both stale windows. */
export function staleUntilMs(entry: ValueEntry): number {
  return entry.expiresAtMs + Math.max(entry.staleWhileRevalidateMs, entry.staleIfErrorMs)
}

/**
 * What an entry takes beside its key, its value and its texts: the map's slot, the link, the copy, the
 * entry, and the engine's objects for the buffer. Measured in test/core/entry-heap.test.ts.
 */
export const ENTRY_OVERHEAD_BYTES = 1024

/** What a tag of an entry takes beside its text, purged or not. Measured in test/core/purge-heap.test.ts. */
const TAG_OVERHEAD_BYTES = 160

const NO_TAGS: readonly string[] = []

/** The names under which an entry can be purged together with others. */
export function tagsOf({ tags = NO_TAGS }: Entry): readonly string[] {
  return tags
}

/** What the policy of an entry takes. Measured in test/core/entry-heap.test.ts. */
const POLICY_BYTES = 128

/** What holding `entry` under `key` counts as, in bytes. */
export function heldBytes(key: string, entry: Entry): number {
  let bytes = utf8Length(key) + ENTRY_OVERHEAD_BYTES
  for (const tag of tagsOf(entry)) bytes += tag.length + TAG_OVERHEAD_BYTES
  if (entry.kind !== 'value') return bytes
  const { value, contentType, contentLanguage, lastModified, originEtag } = entry
  let texts = contentType.length
  for (const text of [contentLanguage, lastModified, originEtag]) texts += text?.length ?? 0
  const policyBytes = entry.policy === undefined ? 0 : POLICY_BYTES
  return bytes + value.buffer.byteLength + texts + policyBytes
}
