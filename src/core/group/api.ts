/** Owns the form in which programs use the cache: over a service binding, and over HTTP alike. */

import type { Purge, PurgeReport } from '../entry/purge.ts'
import type { ErrorCode } from '../errors.ts'
import type { EdgeSum, NodeStats } from '../stats/node-report.ts'

/** A value, as a program gets it. */
export interface CachedValue {
  readonly value: Uint8Array
  readonly contentType: string
  /** Strong, with its quotes; depends on the bytes alone. */
  readonly etag: string
  /** How long ago the value was loaded, in milliseconds. */
  readonly ageMs: number
  /** When it stops being fresh, in milliseconds since the epoch; in the past for a stale value. */
  readonly expiresAtMs: number
  /** The path that the value took, as `Cache-Status` (RFC 9211) has it. */
  readonly status: string
}

/** What became of one key of many. */
export type ManyResult = { readonly key: string } & (
  | ({ readonly kind: 'value' } & CachedValue)
  | { readonly kind: 'not-found' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string }
)

/** Where a call is to be answered. What is set or purged is so in every region. */
export interface CallOptions {
  /** One of `REGIONS`; default: the first, which is home. */
  readonly region?: string
}

/** How a value is to be set. */
export interface SetOptions {
  /** Default: `text/plain; charset=utf-8` for text, else `application/octet-stream`. */
  readonly contentType?: string
  /** How long it is fresh, in milliseconds; default: the group's `ttl`. */
  readonly ttlMs?: number
  /** Names under which it can be purged together with others. */
  readonly tags?: readonly string[]
}

/** Which node owns a key, or all nodes with the part of the keys, 0 to 1, that each owns. */
export type RingReport =
  | {
      readonly group: string
      readonly key: string
      readonly owner: string
      /** The nodes that stand in for the owner, in the order in which they are asked. */
      readonly guests: readonly string[]
    }
  | { readonly nodes: readonly { readonly name: string; readonly share: number }[] }

/** The counters of all nodes that could be reached, and their sum. */
export interface StatsReport {
  /** When it was gathered, in milliseconds since the epoch. */
  readonly atMs: number
  readonly nodes: readonly NodeStats[]
  /** All nodes' counters added up, by group. */
  readonly sum: NodeStats['groups']
  readonly edge: EdgeSum
  /** The nodes that could not be reached. */
  readonly failed: readonly string[]
}

/**
 * What every way in offers. A failure is thrown as an error with a stable `code`; "not found" is `null`.
 */
export interface Groupcache {
  get(group: string, key: string, options?: CallOptions): Promise<CachedValue | null>
  /**
   * Asks each owner once, whatever the number of keys. In the order asked; a key that fails fails alone.
   * Values have room for 16 MiB in all. Those that did not fit fail with `no-room`; request them again. The
   * first key never does: a value that no batch has room for fails with `value-too-large`.
   */
  getMany(group: string, keys: readonly string[], options?: CallOptions): Promise<ManyResult[]>
  set(group: string, key: string, value: string | Uint8Array, options?: SetOptions): Promise<void>
  purge(group: string, purge: Purge): Promise<PurgeReport>
  ring(group?: string, key?: string, options?: CallOptions): Promise<RingReport>
  stats(): Promise<StatsReport>
}
