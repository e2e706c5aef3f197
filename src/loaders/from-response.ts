/** Owns what an HTTP response says as a loader's answer. */

import { BINARY } from '../core/entry/content-type.ts'
import type { ValueEntry } from '../core/entry/entry.ts'
import { LoadError, OriginError } from '../core/errors.ts'
import { parseHttpDate } from '../core/http-date.ts'
import type { Loaded, LoadedValue, TooLarge } from '../core/load/loader.ts'
import type { LoadMemory } from '../core/memory/load-memory.ts'
import { readWhole } from './body.ts'

/** So that what describes a value never outweighs it, nor fills what a call between nodes can carry. */
const LONGEST_HEADER = 255

/**
 * The codings that the runtime decodes, in this spelling alone: it hands over a body in `GZip`, `x-gzip` or
 * `gzip, gzip` as it came.
 */
const DECODED_CODINGS = new Set(['', 'gzip', 'br'])

/** All but the tab, which field values may have (RFC 9110, section 5.5). */
const CONTROL_CHARACTER = /[^\P{Cc}\t]/u

/**
 * 200 is a value, 404 and 410 are "not found", 304 renews what was being refreshed. Throws `OriginError`
 * for any other status.
 *
 * @param retryAfterMs What `retryAfterOf` says of the response, if the key has not chosen whom it is from.
 */
export async function answerFromResponse(
  response: Response,
  stale: ValueEntry | undefined,
  memory: LoadMemory,
  retryAfterMs?: number,
): Promise<Loaded> {
  if (response.status === 200) return valueFromResponse(response, memory)
  discard(response)
  if (response.status === 404 || response.status === 410) return { kind: 'not-found' }
  if (response.status === 304 && stale !== undefined) {
    return { kind: 'not-modified', ...descriptionFrom(response.headers) }
  }
  throw statusError(response.status, retryAfterMs)
}

/** Statuses that say "not now" rather than "no": a stale value may stand in for them (RFC 5861, section 4). */
const STOOD_IN_FOR = new Set([429, 500, 502, 503, 504])

/**
 * Whether the platform says so in the place of an origin that it has not reached, or that has not answered
 * (https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/).
 */
function isNoAnswer(status: number): boolean {
  return (status >= 520 && status <= 527) || status === 530
}

export function statusError(status: number, retryAfterMs?: number): OriginError {
  const isRefusal = !STOOD_IN_FOR.has(status) && !isNoAnswer(status)
  return new OriginError(`The response's status is ${status}.`, { isRefusal, retryAfterMs })
}

/** How long the origin wants to be left alone (RFC 9110, section 10.2.3). `undefined`: it does not say so. */
export function retryAfterOf({ headers, status }: Response, nowMs: number): number | undefined {
  const retryAfter = headers.get('retry-after')
  if (retryAfter === null || (status !== 429 && status !== 503)) return undefined
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter) * 1_000
  const untilMs = parseHttpDate(retryAfter, nowMs)
  return Number.isNaN(untilMs) ? undefined : Math.max(0, untilMs - nowMs)
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
  return { kind: 'value', value, contentType: BINARY, ...descriptionFrom(response.headers) }
}

/** What describes a value, and is kept with it. */
function descriptionFrom(headers: Headers) {
  const contentType = keptHeader(headers, 'content-type')
  const contentLanguage = keptHeader(headers, 'content-language')
  const lastModified = keptHeader(headers, 'last-modified')
  const originEtag = keptHeader(headers, 'etag')
  return {
    ...(contentType === undefined ? {} : { contentType }),
    ...(contentLanguage === undefined ? {} : { contentLanguage }),
    ...(lastModified === undefined ? {} : { lastModified }),
    ...(originEtag === undefined ? {} : { originEtag }),
  }
}

/** Throws `LoadError` for a body that is still encoded: it would be kept as if it were the value. */
export function requireDecoded(response: Response): void {
  const coding = response.headers.get('content-encoding') ?? ''
  if (DECODED_CODINGS.has(coding) || coding.toLowerCase() === 'identity') return
  discard(response)
  throw new LoadError('The response has a content coding that the runtime does not decode.')
}

export function contentTypeOf(headers: Headers): string {
  return keptHeader(headers, 'content-type') ?? BINARY
}

/** A header that is kept with the value, and sent again: `undefined` unless `isSendable`. */
function keptHeader(headers: Headers, name: string): string | undefined {
  const value = headers.get(name)
  return value !== null && isSendable(value) ? value : undefined
}

/**
 * Returns whether a header value is short, and without control characters: the runtime takes and sends
 * those, but strict clients refuse the whole answer.
 */
export function isSendable(value: string): boolean {
  return value !== '' && value.length <= LONGEST_HEADER && !CONTROL_CHARACTER.test(value)
}

/** Ends the transfer of a body that nobody wants, if whoever has read of it has left any. */
export function discard(response: Response): void {
  response.body?.cancel().catch(() => {})
}
