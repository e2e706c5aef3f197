/** Owns loading from an HTTP origin: one base URL, below which every key stays. */

import type { Life, ValueEntry } from '../core/entry.ts'
import { BadKeyError, OriginError } from '../core/errors.ts'
import type { LoadedValue, Loader } from '../core/loader.ts'
import { parseTagHeader } from '../core/tags.ts'
import { logWarning } from '../log.ts'
import { answerFromResponse, discard, retryAfterOf } from './from-response.ts'
import type { Open } from './open.ts'
import { NEVER_STORED, responseLife, shortest } from './response-life.ts'

export interface HttpOrigin {
  /** `http:` or `https:`, without query, fragment and credentials; a path always ends with `/`. */
  readonly baseUrl: URL
  /** Sent with every request. Nothing of a client's request is. */
  readonly headers: Readonly<Record<string, string>>
}

/** An origin whose answers are kept. */
export interface CachedOrigin extends HttpOrigin {
  /** How long the group's values live. */
  readonly life: Life
}

/** What is used of the platform. */
export interface HttpOriginParts {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly now: () => number
  readonly warn: (message: string) => void
}

/** RFC 9110, section 15.4 leaves the number to the client; a healthy origin needs one or two. */
const MOST_REDIRECTS = 5
const REDIRECTS = new Set([301, 302, 303, 307, 308])

const PLATFORM: HttpOriginParts = {
  fetch: globalThis.fetch,
  now: Date.now,
  warn: logWarning,
}

/** Keys are of the form `path`. What a response says of its life wins over the group's options. */
export function httpOriginLoader(origin: CachedOrigin, platform = PLATFORM): Loader {
  const parts = { ...platform, warn: onceAMinute(platform) }
  return async (key, { signal, stale, memory }) => {
    const conditions = conditionsOf(stale)
    const isConditional = Object.keys(conditions).length > 0
    let followed = await request(origin, key, signal, conditions, parts)
    let mayRenew = isConditional && confirms(followed, stale)
    if (isConditional && followed.response.status === 304 && !mayRenew) {
      // RFC 9111, section 4.3.4: it is about another response than the one held.
      discard(followed.response)
      followed = await request(origin, key, signal, {}, parts)
      mayRenew = false
    }
    const { response, redirects } = followed
    const life = lifeOf(followed, origin, parts.now())
    // Where a redirect has led to, the key may have chosen.
    const retryAfterMs = redirects.length === 0 ? retryAfterOf(response, parts.now()) : undefined
    const renewed = mayRenew ? stale : undefined
    const answer = await answerFromResponse(response, renewed, memory, retryAfterMs)
    if (answer.kind === 'not-found' || answer.kind === 'too-large') {
      return life.ttlMs === undefined ? answer : { ...answer, ttlMs: life.ttlMs }
    }
    const tags = parseTagHeader(response.headers.get('cache-tag') ?? '')
    if (tags === undefined) {
      // What cannot be purged by its tags must not be kept as if it could.
      parts.warn('A Cache-Tag header is not valid: the response is not stored.')
      return { ...answer, ...NEVER_STORED, tags: [] }
    }
    if (answer.kind === 'not-modified') {
      return { ...answer, ...life, ...(response.headers.has('cache-tag') ? { tags } : {}) }
    }
    const value = { ...answer, ...life, tags }
    return redirects.length === 0 ? value : withoutValidators(value)
  }
}

/** Clients choose keys, so one must not be able to fill the log. */
function onceAMinute({ now, warn }: HttpOriginParts): (message: string) => void {
  let warnedAtMs = Number.NEGATIVE_INFINITY
  return (message) => {
    const elapsedMs = now() - warnedAtMs
    // A clock that was set back must not silence the log.
    if (elapsedMs >= 0 && elapsedMs < 60_000) return
    warnedAtMs = now()
    warn(message)
  }
}

function lifeOf(
  { response, redirects }: Followed,
  { life }: CachedOrigin,
  nowMs: number,
): Partial<Life> {
  return shortest([
    responseLife(response.headers, nowMs),
    ...redirects.map((redirect) => redirectLife(redirect, life, nowMs)),
  ])
}

/** Opens the value without reading it: for values that are too large to be answered whole. */
export function openHttpOrigin(origin: HttpOrigin, parts = PLATFORM): Open {
  return async (key, { signal }) => (await request(origin, key, signal, {}, parts)).response
}

/** A redirect that is not for good holds as long as it says, or as the group's values do. */
function redirectLife({ headers, status }: Response, life: Life, nowMs: number): Partial<Life> {
  const isPermanent = status === 301 || status === 308
  return { ...(isPermanent ? {} : life), ...responseLife(headers, nowMs) }
}

/** They are another URL's, which the key may not lead to the next time. */
function withoutValidators({
  originEtag: _,
  lastModified: __,
  ...value
}: LoadedValue): LoadedValue {
  return value
}

/** Whether a 304 is about the entry that is held (RFC 9111, section 4.3.4). */
function confirms({ response, redirects }: Followed, stale: ValueEntry | undefined): boolean {
  const etag = response.headers.get('etag')
  const held = stale?.originEtag
  const isSame = etag === null || held === undefined || opaqueTag(etag) === opaqueTag(held)
  return redirects.length === 0 && isSame
}

function opaqueTag(etag: string): string {
  return etag.replace(/^W\//, '')
}

/** Asks whether what is held is still current (RFC 9110, section 13.1; both, as 13.2.2 lets servers choose). */
function conditionsOf(stale: ValueEntry | undefined): Record<string, string> {
  return {
    ...(stale?.originEtag === undefined ? {} : { 'If-None-Match': stale.originEtag }),
    ...(stale?.lastModified === undefined ? {} : { 'If-Modified-Since': stale.lastModified }),
  }
}

interface Followed {
  readonly response: Response
  /** The responses that led there. */
  readonly redirects: readonly Response[]
}

/** @param conditions For the first request: another URL's validators say nothing of the next. */
function request(
  { baseUrl, headers }: HttpOrigin,
  key: string,
  signal: AbortSignal,
  conditions: Readonly<Record<string, string>>,
  { fetch }: HttpOriginParts,
): Promise<Followed> {
  const start = urlOf(baseUrl, key)
  return follow(start, (url) => {
    const response = fetch(url.href, {
      headers: url === start ? { ...headers, ...conditions } : headers,
      signal,
      redirect: 'manual',
      // The platform's own cache knows nothing of our purges.
      cache: 'no-store',
    })
    // Where a redirect leads to, the key may have chosen.
    return url === start ? reaching(response, signal) : response
  })
}

/** The origin's answer. Throws `OriginError` where there is none, unless it was not awaited any longer. */
function reaching(response: Promise<Response>, signal: AbortSignal): Promise<Response> {
  return response.catch((cause: unknown) => {
    if (signal.aborted) throw cause
    throw new OriginError('The origin could not be reached.', { cause, isUnreachable: true })
  })
}

/** Throws `BadKeyError` when the key would lead out of `baseUrl`, whatever made it valid before. */
export function urlOf(baseUrl: URL, key: string): URL {
  // Joined as text: resolving a key as a reference would let "//host" or "http:" choose the host.
  const text = `${baseUrl.href}${key}`
  const url = URL.parse(text)
  // Below the base, and spelt as it was: then the parser has resolved nothing away.
  if (url === null || url.href !== text) {
    throw new BadKeyError('The key is not the canonical path of anything below its origin.')
  }
  return url
}

async function follow(start: URL, request: (url: URL) => Promise<Response>): Promise<Followed> {
  const redirects: Response[] = []
  for (let url = start; redirects.length <= MOST_REDIRECTS; ) {
    const response = await request(url)
    const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null
    if (location === null) return { response, redirects }
    discard(response)
    redirects.push(response)
    const next = URL.parse(location, url.href)
    // The origin may be tricked into redirecting, to another service's metadata address for one.
    const isAllowed =
      next !== null && next.origin === start.origin && next.username === '' && next.password === ''
    if (!isAllowed)
      throw new OriginError('The origin redirected to elsewhere.', { isRefusal: true })
    url = next
  }
  throw new OriginError(`The origin redirected more than ${MOST_REDIRECTS} times.`, {
    isRefusal: true,
  })
}
