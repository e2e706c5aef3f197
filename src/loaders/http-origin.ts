/** Owns loading from an HTTP origin: one base URL, below which every key stays. */

import { completeLife, type Life, type ValueEntry } from '../core/entry/entry.ts'
import { refuseDotSegments } from '../core/entry/key.ts'
import { parseTagHeader } from '../core/entry/tags.ts'
import { BadKeyError, OriginError, OverloadedError } from '../core/errors.ts'
import { isHttpDate } from '../core/http-date.ts'
import type { LoadContext, Loaded, LoadedValue, Loader } from '../core/load/loader.ts'
import { logWarning } from '../platform/log.ts'
import { ReusedMemory } from './body.ts'
import { answerFromResponse, discard, isSendable, retryAfterOf } from './from-response.ts'
import type { Open } from './open.ts'
import type { HttpOrigin, HttpOriginParts } from './origin.ts'
import { OriginProbe } from './origin-probe.ts'
import { NEVER_STORED, responseLife, shortest, statedLife } from './response-life.ts'

/** An origin whose answers are kept. */
export interface CachedOrigin extends HttpOrigin {
  /** How long the group's values live. */
  readonly life: Life
  /** How long the group remembers "not found". */
  readonly negativeTtlMs: number
}

/** What a loader uses beside the platform. Without a probe, no failure counts against the origin. */
interface LoaderParts extends HttpOriginParts {
  readonly probe?: OriginProbe
}

/** RFC 9110, section 15.4 leaves the number to the client; a healthy origin needs one or two. */
const MOST_REDIRECTS = 5
const REDIRECTS = new Set([301, 302, 303, 307, 308])

const PLATFORM: HttpOriginParts = {
  fetch: globalThis.fetch,
  now: Date.now,
  warn: logWarning,
}

/**
 * What an origin answers whatever the condition is: to ask again without it would be of no use. Beside
 * these, only 304, a value and "not found" show that the origin copes with conditional requests.
 */
const FINAL_FAILURES = new Set([408, 425, 429, 502, 503, 504])

/** Keys are of the form `path`. What a response says of its life wins over the group's options. */
export function httpOriginLoader(origin: CachedOrigin, platform = PLATFORM): Loader {
  const probe = new OriginProbe(origin, platform)
  const parts: LoaderParts = { ...platform, warn: onceAMinute(platform), probe }
  return async (key, context) => {
    const memory = new ReusedMemory(context.memory)
    const load = { origin, key, parts, ...context, memory }
    const conditions = context.stale && conditionsOf(context.stale)
    if (conditions !== undefined) {
      const answer = await loadConditionally(load, conditions)
      if (answer !== undefined) return answer
      memory.reuse()
    }
    return answerFrom(load, await request(origin, key, context.signal, {}, parts))
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

interface OneLoad extends LoadContext {
  readonly origin: CachedOrigin
  readonly key: string
  readonly parts: LoaderParts
}

/** Returns `undefined` where the value is to be asked for once more, without the conditions. */
async function loadConditionally(
  load: OneLoad,
  conditions: Conditions,
): Promise<Loaded | undefined> {
  const { origin, key, parts, signal, stale } = load
  let status: number | undefined
  try {
    const followed = await request(origin, key, signal, conditions, parts)
    const { response } = followed
    status = response.status
    if (status !== 304) return await answerFrom(load, followed)
    if (confirms(followed, stale)) return await answerFrom(load, followed, stale)
    discard(response)
    return undefined
  } catch (error) {
    const isFinal = status !== undefined && FINAL_FAILURES.has(status)
    // Neither a load that is out of time, nor one without memory, nor a key that is none is the origin's.
    const isOurs = error instanceof OverloadedError || error instanceof BadKeyError
    if (isFinal || isOurs || signal.aborted) throw error
    return undefined
  }
}

/** @param stale What a 304 renews. */
async function answerFrom(load: OneLoad, followed: Followed, stale?: ValueEntry): Promise<Loaded> {
  const { origin, parts, memory } = load
  const { redirects, response } = followed
  const nowMs = parts.now()
  const stated = statedLife(response.headers, nowMs, stale?.policy)
  // Where a redirect has led to, the key may have chosen.
  const retryAfterMs = redirects.length === 0 ? retryAfterOf(response, nowMs) : undefined
  const answer = await answerFromResponse(response, stale, memory, retryAfterMs)
  const isMarker = answer.kind === 'not-found' || answer.kind === 'too-large'
  const life = lifeAlong(redirects, stated.life, groupLife(answer, origin), nowMs)
  const tags = tagsAlong([...redirects, response])
  if (tags === undefined) {
    // What cannot be purged by its tags must not be kept as if it could.
    parts.warn('A Cache-Tag header is not valid: the response is not stored.')
    return isMarker ? { ...answer, ttlMs: 0 } : { ...answer, ...NEVER_STORED, tags: [] }
  }
  if (isMarker) {
    return {
      ...answer,
      ...(life.ttlMs === undefined ? {} : { ttlMs: Math.max(0, life.ttlMs) }),
      ...(tags.length === 0 ? {} : { tags }),
    }
  }
  if (answer.kind === 'not-modified') {
    const isKnown = stale?.policy !== undefined || Object.keys(stated.policy).length > 0
    return {
      ...answer,
      ...life,
      ...(isKnown ? { policy: stated.policy } : {}),
      ...(response.headers.has('cache-tag') ? { tags } : {}),
    }
  }
  if (redirects.length > 0) return { ...withoutValidators(answer), ...life, tags }
  const isRenewable = conditionsOf(answer) !== undefined
  return { ...answer, ...life, ...(isRenewable ? { policy: stated.policy } : {}), tags }
}

/** What the group's options say of an answer whose response says nothing. */
function groupLife({ kind }: Loaded, { life, negativeTtlMs }: CachedOrigin): Life {
  return kind === 'not-found' ? { ...NEVER_STORED, ttlMs: negativeTtlMs } : life
}

/** The life of an answer, no longer than that of any response that led to it. */
function lifeAlong(
  redirects: readonly Response[],
  stated: Partial<Life>,
  group: Life,
  nowMs: number,
): Partial<Life> {
  if (redirects.length === 0) return stated
  const lives = redirects.map(({ headers, status }) => {
    const life = responseLife(headers, nowMs)
    // A redirect that is not for good holds as long as it says, or as the group's values do.
    const isPermanent = status === 301 || status === 308
    return isPermanent && life.ttlMs === undefined ? life : completeLife(life, group)
  })
  return shortest([completeLife(stated, group), ...lives])
}

/** The tags of all responses on the way to an answer; `undefined` where some are not valid. */
function tagsAlong(responses: readonly Response[]): string[] | undefined {
  return parseTagHeader(responses.map(({ headers }) => headers.get('cache-tag') ?? '').join(','))
}

/** Opens the value without reading it: for values that are too large to be answered whole. */
export function openHttpOrigin(origin: HttpOrigin, parts = PLATFORM): Open {
  return async (key, { signal }) => (await request(origin, key, signal, {}, parts)).response
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

type Conditions = Readonly<Record<string, string>>

/**
 * Asks whether what is held is still current (RFC 9110, section 13.1; both, as 13.2.2 lets servers choose).
 * Returns `undefined` for a value without a well-formed validator.
 */
function conditionsOf({ originEtag = '', lastModified = '' }: Validators): Conditions | undefined {
  const conditions = {
    ...(isSendable(originEtag) ? { 'If-None-Match': originEtag } : {}),
    ...(isHttpDate(lastModified) ? { 'If-Modified-Since': lastModified } : {}),
  }
  return Object.keys(conditions).length > 0 ? conditions : undefined
}

type Validators = Pick<ValueEntry, 'originEtag' | 'lastModified'>

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
  conditions: Conditions,
  { fetch, probe }: LoaderParts,
): Promise<Followed> {
  const start = urlOf(baseUrl, key)
  return follow(baseUrl, start, (url) => {
    const response = fetch(url.href, {
      headers: url === start ? { ...headers, ...conditions } : headers,
      signal,
      redirect: 'manual',
      // The platform's own cache knows nothing of our purges.
      cache: 'no-store',
    })
    // Where a redirect leads to, the key may have chosen.
    return url === start ? reaching(response, signal, probe) : response
  })
}

/** Returns the origin's answer. Throws `OriginError` where there is none, unless nobody waits any more. */
async function reaching(
  response: Promise<Response>,
  signal: AbortSignal,
  probe: OriginProbe | undefined,
): Promise<Response> {
  try {
    return await response
  } catch (cause) {
    if (signal.aborted) throw cause
    const isUnreachable = (await probe?.isUnreachable(signal)) ?? false
    throw new OriginError('The origin has not answered.', { cause, isUnreachable })
  }
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

async function follow(
  baseUrl: URL,
  start: URL,
  request: (url: URL) => Promise<Response>,
): Promise<Followed> {
  const redirects: Response[] = []
  for (let url = start; redirects.length <= MOST_REDIRECTS; ) {
    const response = await request(url)
    const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null
    if (location === null) return { response, redirects }
    discard(response)
    redirects.push(response)
    const next = URL.parse(location, url.href)
    if (next === null || !isBelow(baseUrl, next)) {
      throw new OriginError('The origin redirected to elsewhere.', { isRefusal: true })
    }
    url = next
  }
  throw new OriginError(`The origin redirected more than ${MOST_REDIRECTS} times.`, {
    isRefusal: true,
  })
}

/**
 * Whether a redirect stays where keys may lead. The origin may be tricked into redirecting to another
 * tenant's path, or to another service, which must not see the group's headers.
 */
function isBelow(baseUrl: URL, { host, password, pathname, protocol, username }: URL): boolean {
  // Not `origin`: that of a `blob:` URL is the origin of the URL inside.
  const isSameOrigin = protocol === baseUrl.protocol && host === baseUrl.host
  if (!isSameOrigin || username !== '' || password !== '') return false
  return pathname.startsWith(baseUrl.pathname) && !hasDotSegment(pathname)
}

function hasDotSegment(path: string): boolean {
  try {
    refuseDotSegments(path, decodeOrDrop)
    return false
  } catch {
    return true
  }
}

/** An origin may name its paths in another charset than UTF-8. Some parsers drop what they cannot decode. */
function decodeOrDrop(escapes: string): string {
  try {
    return decodeURIComponent(escapes)
  } catch {
    return ''
  }
}
