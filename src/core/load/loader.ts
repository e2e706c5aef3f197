/** Owns what a loader is and what it may answer, in the one form that a group works with. */

import type { Life, Policy, ValueEntry } from '../entry/entry.ts'
import type { LoadMemory } from '../memory/load-memory.ts'

/** What a loader is told beside the key. */
export interface LoadContext {
  /** Fires when the group's `timeout` has passed. */
  readonly signal: AbortSignal
  /** The group's name. */
  readonly group: string
  /** The entry that is being refreshed, if there is one. */
  readonly stale?: ValueEntry
  /** To be asked before bytes of a value are kept. What it has given is free again when the load has ended. */
  readonly memory: LoadMemory
}

/** A value, as a loader hands it over. What it does not say of its life, the group's options do. */
export interface LoadedValue extends Partial<Life> {
  readonly kind: 'value'
  readonly value: Uint8Array
  readonly contentType: string
  readonly contentLanguage?: string
  readonly lastModified?: string
  readonly originEtag?: string
  readonly policy?: Policy
  readonly tags?: readonly string[]
}

/**
 * The stale entry is current after all. What is not said of its life stays as it was; with a `policy`,
 * the group's options say it.
 */
export type NotModified = Partial<Omit<LoadedValue, 'kind' | 'value'>> & {
  readonly kind: 'not-modified'
}

export interface NotFound {
  readonly kind: 'not-found'
  /** How long that may be remembered; the group's `negativeTtl` when absent. */
  readonly ttlMs?: number
  readonly tags?: readonly string[]
}

/** There is a value, but larger than a call between nodes can carry. Whoever wants it has to stream it. */
export interface TooLarge {
  readonly kind: 'too-large'
  /** How long that may be remembered; the group's `ttl` when absent. */
  readonly ttlMs?: number
  readonly tags?: readonly string[]
}

/** The loader did not answer, or not in time. `detail` says what happened in words fit for a client. */
export interface LoadFailure {
  readonly kind: 'failed'
  readonly code: 'load-failed' | 'load-timeout' | 'overloaded'
  readonly detail: string
  /** Set when the origin has refused the key: no older value is answered instead, now or later. */
  readonly isRefusal?: true
}

export type Loaded = LoadedValue | NotModified | NotFound | TooLarge

/** Gets a value from where it truly lives. Throwing `NotFoundError` means "not found", anything else a failure. */
export type Loader = (key: string, context: LoadContext) => Promise<Loaded>

/** How a load ended. Data, not an exception: a failed load is an answer, and no reason to ask elsewhere. */
export type LoadResult = Loaded | LoadFailure
