/** Owns conditional requests (RFC 9110, section 13). */

import { parseHttpDate } from '../../core/http-date.ts'

/** What the selected representation is compared by. */
export interface Validators {
  /** Strong, with its quotes. */
  readonly etag: string
  /** An HTTP date, or what an origin took for one. */
  readonly lastModified?: string
}

/** `not-modified`: the client has it already. `failed`: the client wants to act on something else only. */
export type Verdict = 'proceed' | 'not-modified' | 'failed'

const ENTITY_TAG = /(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g

/**
 * Evaluates in the order of section 13.2.2, for GET and HEAD.
 *
 * @param nowMs Decides the century of dates whose year has two digits.
 */
export function evaluatePreconditions(
  headers: Headers,
  validators: Validators,
  nowMs: number,
): Verdict {
  const ifMatch = headers.get('if-match')
  if (ifMatch !== null) {
    // Strong comparison (section 13.1.1).
    if (!matches(ifMatch, validators.etag, false)) return 'failed'
  } else {
    const ifUnmodifiedSince = headers.get('if-unmodified-since')
    const isModified =
      ifUnmodifiedSince !== null && isModifiedSince(ifUnmodifiedSince, validators, nowMs) === true
    if (isModified) return 'failed'
  }

  const ifNoneMatch = headers.get('if-none-match')
  if (ifNoneMatch !== null) {
    // Weak comparison (section 13.1.2): what compressed the body on the way may have weakened the tag.
    return matches(ifNoneMatch, validators.etag, true) ? 'not-modified' : 'proceed'
  }
  const ifModifiedSince = headers.get('if-modified-since')
  const isUnmodified =
    ifModifiedSince !== null && isModifiedSince(ifModifiedSince, validators, nowMs) === false
  return isUnmodified ? 'not-modified' : 'proceed'
}

function matches(list: string, etag: string, ignoreWeakness: boolean): boolean {
  if (list.trim() === '*') return true
  for (const [, weak, opaque] of list.matchAll(ENTITY_TAG)) {
    if (opaque === etag && (ignoreWeakness || weak === undefined)) return true
  }
  return false
}

/** `undefined` where it cannot be told: no date here, or none there (sections 13.1.3 and 13.1.4). */
function isModifiedSince(
  date: string,
  { lastModified }: Validators,
  nowMs: number,
): boolean | undefined {
  const sinceMs = parseHttpDate(date, nowMs)
  const modifiedMs = parseHttpDate(lastModified ?? '', nowMs)
  if (Number.isNaN(sinceMs) || Number.isNaN(modifiedMs)) return undefined
  return modifiedMs > sinceMs
}
