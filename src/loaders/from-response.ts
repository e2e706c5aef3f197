/** Owns what an HTTP response says as a loader's answer. */

import { BINARY } from '../core/content-type.ts'
import type { ValueEntry } from '../core/entry.ts'
import { LoadError } from '../core/errors.ts'
import type { Loaded, LoadedValue, LoadMemory, TooLarge } from '../core/loader.ts'
import { readWhole } from './body.ts'

/** So that what describes a value never outweighs it, nor fills what a call between nodes can carry. */
const LONGEST_HEADER = 255

/** Content codings that the runtime has decoded by the time a body is read. */
const DECODED_CODINGS = new Set(['', 'identity', 'gzip', 'x-gzip', 'br'])

/**
 * 200 is a value, 404 and 410 are "not found", 304 renews what was being refreshed. Throws `LoadError`
 * for any other status.
 */
export async function answerFromResponse(
  response: Response,
  stale: ValueEntry | undefined,
  memory: LoadMemory,
): Promise<Loaded> {
  if (response.status === 200) return valueFromResponse(response, memory)
  discard(response)
  if (response.status === 404 || response.status === 410) return { kind: 'not-found' }
  if (response.status === 304 && stale !== undefined) return { kind: 'not-modified' }
  throw statusError(response.status)
}

/** A client's error lies with what was asked for, but for those that say "later" (RFC 6585, RFC 9110). */
export function statusError(status: number): LoadError {
  const liesWithKey = status < 500 && ![408, 425, 429].includes(status)
  return new LoadError(`The response's status is ${status}.`, { liesWithKey })
}

async function valueFromResponse(
  response: Response,
  memory: LoadMemory,
): Promise<LoadedValue | TooLarge> {
  requireDecoded(response)
  const value = await readWhole(response, memory)
  if (value === undefined) {
    discard(response)
    return { kind: 'too-large' }
  }
  const { headers } = response
  const contentLanguage = shortHeader(headers, 'content-language')
  const lastModified = shortHeader(headers, 'last-modified')
  const originEtag = shortHeader(headers, 'etag')
  return {
    kind: 'value',
    value,
    contentType: contentTypeOf(headers),
    ...(contentLanguage === undefined ? {} : { contentLanguage }),
    ...(lastModified === undefined ? {} : { lastModified }),
    ...(originEtag === undefined ? {} : { originEtag }),
  }
}

/** Throws `LoadError` for a body that nobody has decoded: it would be kept as if it were the value. */
export function requireDecoded(response: Response): void {
  const coding = response.headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  if (DECODED_CODINGS.has(coding)) return
  discard(response)
  throw new LoadError('The response has a content coding that the runtime does not decode.', {
    liesWithKey: true,
  })
}

export function contentTypeOf(headers: Headers): string {
  return shortHeader(headers, 'content-type') ?? BINARY
}

/** A header that is kept with the value, and sent again. One beyond reason is as good as none. */
function shortHeader(headers: Headers, name: string): string | undefined {
  const value = headers.get(name)
  return value !== null && value !== '' && value.length <= LONGEST_HEADER ? value : undefined
}

/** Ends the transfer of a body that nobody wants, if whoever has read of it has left any. */
export function discard(response: Response): void {
  response.body?.cancel().catch(() => {})
}
