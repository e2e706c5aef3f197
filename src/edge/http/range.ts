/** Owns range requests (RFC 9110, section 14), of one range of bytes. */

import type { Validators } from './preconditions.ts'

/** The bytes from `first` up to and including `last`. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

const ONE_RANGE = /^bytes=\s*(?:(\d+)-(\d*)|-(\d+))\s*$/i

/**
 * The range asked for; `undefined` for the whole: no range, several, another unit, or a form that is
 * none (section 14.2 lets a server ignore those).
 */
export function requestedRange(
  headers: Headers,
  validators: Validators,
  length: number,
): ByteRange | 'unsatisfiable' | undefined {
  const match = ONE_RANGE.exec(headers.get('range') ?? '')
  if (match === null || !mayUseRange(headers.get('if-range'), validators)) return undefined
  const [, first, last, suffix] = match
  return suffix === undefined
    ? fromTo(Number(first), last === '' ? Number.POSITIVE_INFINITY : Number(last), length)
    : lastBytes(Number(suffix), length)
}

/** Section 14.1.2. A last position before the first makes the form invalid. */
function fromTo(
  first: number,
  last: number,
  length: number,
): ByteRange | 'unsatisfiable' | undefined {
  if (last < first) return undefined
  if (first >= length) return 'unsatisfiable'
  return { first, last: Math.min(last, length - 1) }
}

function lastBytes(count: number, length: number): ByteRange | 'unsatisfiable' | undefined {
  if (count === 0) return 'unsatisfiable'
  // Satisfiable, but nothing that Content-Range could say: the whole, which is empty too.
  if (length === 0) return undefined
  return { first: Math.max(0, length - count), last: length - 1 }
}

/**
 * Section 13.1.5: only if the client has a part of this very representation. A date is no strong
 * validator unless it is known to be older than what it stands for, which an origin's is not.
 */
function mayUseRange(ifRange: string | null, { etag }: Validators): boolean {
  return ifRange === null || ifRange.trim() === etag
}
