/** Owns the error that a client throws. */

import type { ErrorCode } from '../core/errors.ts'

/** The codes that are known today; a newer server may send others. */
export type GroupcacheErrorCode =
  | ErrorCode
  | 'body-too-large'
  | 'internal'
  | 'method-not-allowed'
  | 'no-such-route'
  | 'request-timeout'
  /** No answer came, or it broke off: see `cause`. Browsers say no more, for reasons of security. */
  | 'network'
  /** What answered does not speak this protocol: a proxy in between, another server, another version. */
  | 'unexpected-answer'
  | (string & Record<never, never>)

/** Every failure of a call. Branch on `code`; the message is for people. */
export class GroupcacheError extends Error {
  override readonly name = 'GroupcacheError'
  readonly code: GroupcacheErrorCode
  /** The HTTP status of the answer, or of this key's part in it; `undefined` when none came or nothing was asked. */
  readonly status: number | undefined

  constructor(
    message: string,
    about: {
      readonly code: GroupcacheErrorCode
      readonly status?: number
      readonly cause?: unknown
    },
  ) {
    super(message, about.cause === undefined ? undefined : { cause: about.cause })
    this.code = about.code
    this.status = about.status
  }
}
