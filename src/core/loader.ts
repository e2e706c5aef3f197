/** Owns what a loader is and what it may answer, in the one form that a group works with. */

/** What a loader is told beside the key. */
export interface LoadContext {
  /** Fires when the group's `timeout` has passed. */
  readonly signal: AbortSignal
  /** The group's name. */
  readonly group: string
}

/** A value, as a loader hands it over. */
export interface LoadedValue {
  readonly kind: 'value'
  readonly value: Uint8Array
  readonly contentType: string
  readonly contentLanguage?: string
  readonly lastModified?: string
  /** How long this value is fresh; the group's own `ttl` when absent. 0: never stored. */
  readonly ttlMs?: number
}

export interface NotFound {
  readonly kind: 'not-found'
}

/** The loader did not answer, or not in time. `detail` says what happened in words fit for a client. */
export interface LoadFailure {
  readonly kind: 'failed'
  readonly code: 'load-failed' | 'load-timeout'
  readonly detail: string
}

/** Gets a value from where it truly lives. Throwing `NotFoundError` means "not found", anything else a failure. */
export type Loader = (key: string, context: LoadContext) => Promise<LoadedValue | NotFound>

/** How a load ended. Data, not an exception: a failed load is an answer, and no reason to ask elsewhere. */
export type LoadResult = LoadedValue | NotFound | LoadFailure
