/** Range requests (RFC 9110, section 14), of one range of bytes. */

import { type ByteRange, type RangeRequest, resolveRange } from '../../core/entry/byte-range.ts'
import type { Validators } from './preconditions.ts'

const ONE_RANGE = /^bytes=\s*(?:(\d+)-(\d*)|-(\d+))\s*$/i

/**
 * The range asked for; `undefined` for the whole: no range, several, another unit, or a form that is
 * not valid (section 14.2 lets a server ignore those).
 */
export function parseRange(headers: Headers): RangeRequest | undefined {
  const match = ONE_RANGE.exec(headers.get('range') ?? '')
  if (match === null) return undefined
  const [, first, last, lastBytes] = match
  // A date is not a strong validator unless it is known to be older than what it stands for, which an
  // origin's is not: it never equals an entity tag (section 13.1.5).
  const ifRange = headers.get('if-range')?.trim()
  return {
    ...(lastBytes === undefined ? { first: Number(first) } : { lastBytes: Number(lastBytes) }),
    ...(last === undefined || last === '' ? {} : { last: Number(last) }),
    ...(ifRange === undefined ? {} : { ifEtag: ifRange }),
  }
}

/** The bytes of a value that a request asks for; `undefined` for all. */
export function requestedRange(
  headers: Headers,
  { etag }: Validators,
  length: number,
): ByteRange | 'unsatisfiable' | undefined {
  return resolveRange(parseRange(headers), etag, length)
}
