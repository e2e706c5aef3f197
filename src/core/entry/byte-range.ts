/** Which bytes of a value are wanted (RFC 9110, section 14). The header's syntax is left to `edge/http`. */

/** The bytes from `first` up to and including `last`. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/** One range as it was asked for, before the length of the value is known. */
export interface RangeRequest {
  /** The position of the first byte; absent for a range that counts from the end. */
  readonly first?: number
  /** The position of the last byte; absent for all that follow. */
  readonly last?: number
  /** How many of the last bytes; only where `first` is absent. */
  readonly lastBytes?: number
  /** The entity tag of the only value of which a range is wanted (`If-Range`); of any other, all is. */
  readonly ifEtag?: string
}

/** A GET or HEAD as far as it decides in which form a node answers. */
export interface WantedPart {
  /** Larger values come as a stream, in bytes. */
  readonly aboveBytes: number
  /** Only what describes such a value. */
  readonly isHead?: boolean
  readonly range?: RangeRequest
}

/** `undefined`: all bytes. */
export function resolveRange(
  range: RangeRequest | undefined,
  etag: string,
  length: number,
): ByteRange | 'unsatisfiable' | undefined {
  if (range === undefined) return undefined
  const { first, last, lastBytes = 0, ifEtag } = range
  // Section 13.1.5: only if the client has a part of this very representation.
  if (ifEtag !== undefined && ifEtag !== etag) return undefined
  return first === undefined ? fromEnd(lastBytes, length) : fromTo(first, last, length)
}

/** Section 14.1.2. A last position before the first makes the form invalid. */
function fromTo(
  first: number,
  last = Number.POSITIVE_INFINITY,
  length = 0,
): ByteRange | 'unsatisfiable' | undefined {
  if (last < first) return undefined
  if (first >= length) return 'unsatisfiable'
  return { first, last: Math.min(last, length - 1) }
}

function fromEnd(count: number, length: number): ByteRange | 'unsatisfiable' | undefined {
  if (count === 0) return 'unsatisfiable'
  // Satisfiable, but nothing that Content-Range could say: the whole, which is empty too.
  if (length === 0) return undefined
  return { first: Math.max(0, length - count), last: length - 1 }
}
