/** Owns the error classes and their codes. Which HTTP status a code has is the edge's business. */

import { describe } from './describe.ts'

/** The stable names by which a caller tells failures apart. They are part of the public interface. */
export type ErrorCode =
  | 'admin-disabled'
  | 'bad-key'
  | 'bad-request'
  | 'config'
  | 'load-failed'
  | 'load-timeout'
  | 'no-room'
  | 'no-such-group'
  | 'not-found'
  | 'overloaded'
  | 'peer-unavailable'
  | 'unauthorized'
  | 'value-too-large'

/**
 * Every failure that the cache itself reports. Branch on `code`, not on the class: a class does not
 * survive a call from one Worker to another, its own fields do.
 */
export abstract class CacheError extends Error {
  abstract readonly code: ErrorCode
}

/** The key is empty, too long, badly escaped, or would lead out of its origin. */
export class BadKeyError extends CacheError {
  override readonly name = 'BadKeyError'
  readonly code = 'bad-key'
}

/** An argument is not of the form that it has to be. */
export class BadRequestError extends CacheError {
  override readonly name = 'BadRequestError'
  readonly code = 'bad-request'
}

/** A setting is wrong. Says which, what it was and what it may be. */
export class ConfigError extends CacheError {
  override readonly name = 'ConfigError'
  readonly code = 'config'
  readonly field: string
  readonly allowed: string

  /** @param shown What the message says of the value. Default: the value itself, if it can be no secret. */
  constructor(field: string, value: unknown, allowed: string, shown = describe(value)) {
    super(`${field} is ${shown}; allowed: ${allowed}`)
    this.field = field
    this.allowed = allowed
  }
}

/** The loader or the origin failed. Its own error is the `cause`, and stays on this side of the wire. */
export class LoadError extends CacheError {
  override readonly name = 'LoadError'
  readonly code = 'load-failed'
  /** See `LoadErrorOptions`. An own field: it survives a call from one Worker to another. */
  readonly retryAfterMs: number | undefined

  constructor(message: string, { retryAfterMs, ...options }: LoadErrorOptions = {}) {
    super(message, options)
    this.retryAfterMs = retryAfterMs
  }
}

export interface LoadErrorOptions extends ErrorOptions {
  /**
   * For how long the loader wants to be left alone, in milliseconds. After 20 such failures in a row a node
   * runs no load of the group for that long, one day at most. 0, a negative number and `NaN` ask for no
   * pause. Default: none. Set it only where no choice of keys can cause the failure.
   */
  readonly retryAfterMs?: number | undefined
}

/**
 * A failure of an HTTP origin. What is not said of it is false: a failure of a new kind is harmless to
 * other keys, and a stale value may stand in for it.
 */
export class OriginError extends LoadError {
  readonly isUnreachable: boolean
  readonly isRefusal: boolean

  constructor(message: string, options: OriginErrorOptions = {}) {
    const { isRefusal = false, isUnreachable = false, ...rest } = options
    super(message, rest)
    this.isUnreachable = isUnreachable
    this.isRefusal = isRefusal
  }
}

export interface OriginErrorOptions extends LoadErrorOptions {
  /** Whether no connection to the origin came about, whatever the key. Counts for the circuit. */
  readonly isUnreachable?: boolean
  /** Whether the origin has refused the key, which ends the life of a stale value. */
  readonly isRefusal?: boolean
}

/** The loader did not answer within the group's `timeout`. */
export class LoadTimeoutError extends CacheError {
  override readonly name = 'LoadTimeoutError'
  readonly code = 'load-timeout'
}

/**
 * A loader throws this to say what returning `null` says: the key does not exist. With `tags`, that is
 * purged by them for as long as it is remembered; tags that are not valid make it a failed load.
 */
export class NotFoundError extends CacheError {
  override readonly name = 'NotFoundError'
  readonly code = 'not-found'
  readonly tags: readonly string[] | undefined

  constructor(message?: string, { tags, ...options }: ErrorOptions & Tags = {}) {
    super(message, options)
    this.tags = tags
  }
}

interface Tags {
  /** Default: none. */
  readonly tags?: readonly string[]
}

/** There is no group of that name. */
export class NoSuchGroupError extends CacheError {
  override readonly name = 'NoSuchGroupError'
  readonly code = 'no-such-group'
}

/** As many loads as allowed are under way, and as many as allowed wait. Final: no other node is asked. */
export class OverloadedError extends CacheError {
  override readonly name = 'OverloadedError'
  readonly code = 'overloaded'
}

/** The value is larger than its group holds, or than a call can carry. */
export class ValueTooLargeError extends CacheError {
  override readonly name = 'ValueTooLargeError'
  readonly code = 'value-too-large'
}

/** A node could not serve: not reached, reset, or of another version. The only failure that permits a fallback. */
export class PeerUnavailableError extends CacheError {
  override readonly name = 'PeerUnavailableError'
  readonly code = 'peer-unavailable'
}

/** A node that has failed a moment ago is not asked yet: no call was made, and so none has failed. */
export class PeerBackingOffError extends PeerUnavailableError {}
