/** Owns how a value's type, life and tags are said in the headers of a `PUT`. */

import type { SetOptions } from '../core/group/api.ts'
import { GroupcacheError } from './groupcache-error.ts'

/** Printable ASCII without space and comma, so that a list of tags is read as it was meant. */
const TAG = /^[\x21-\x2b\x2d-\x7e]+$/

/** `ttlMs` is rounded up to whole seconds, the unit of `max-age` (RFC 9111, section 5.2.2.1). */
export function setHeaders(defaultType: string, options: SetOptions): Record<string, string> {
  const { contentType = defaultType, ttlMs, tags = [] } = options
  return {
    'Content-Type': contentType,
    ...(ttlMs === undefined ? {} : { 'Cache-Control': `max-age=${wholeSeconds(ttlMs)}` }),
    ...(tags.length === 0 ? {} : { 'Cache-Tag': tags.map(checked).join(',') }),
  }
}

function wholeSeconds(ttlMs: number): number {
  const seconds = Math.ceil(ttlMs / 1000)
  if (ttlMs >= 0 && Number.isSafeInteger(seconds)) return seconds
  throw badRequest('ttlMs must be a number of milliseconds, 0 or more.')
}

function checked(tag: string): string {
  if (TAG.test(tag)) return tag
  throw badRequest('A tag has printable ASCII characters, without spaces and commas.')
}

function badRequest(message: string): GroupcacheError {
  return new GroupcacheError(message, { code: 'bad-request' })
}
