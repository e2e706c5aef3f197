/** Owns loading from an HTTP origin: one base URL, below which every key stays. */

import type { ValueEntry } from '../core/entry.ts'
import { BadKeyError, LoadError } from '../core/errors.ts'
import type { Loader } from '../core/loader.ts'
import { parseTagHeader } from '../core/tags.ts'
import { answerFromResponse, discard } from './from-response.ts'
import type { Open } from './open.ts'
import { responseLife } from './response-life.ts'

export interface HttpOrigin {
  /** `http:` or `https:`, without query, fragment and credentials; a path always ends with `/`. */
  readonly baseUrl: URL
  /** Sent with every request. Nothing of a client's request is. */
  readonly headers: Readonly<Record<string, string>>
}

/** What is used of the platform. */
export interface HttpOriginParts {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly now: () => number
}

/** RFC 9110, section 15.4 leaves the number to the client; a healthy origin needs one or two. */
const MOST_REDIRECTS = 5
const REDIRECTS = new Set([301, 302, 303, 307, 308])

const PLATFORM: HttpOriginParts = { fetch: globalThis.fetch, now: Date.now }

/** Keys are of the form `path`. What a response says of its life wins over the group's options. */
export function httpOriginLoader(origin: HttpOrigin, parts = PLATFORM): Loader {
  return async (key, { signal, stale }) => {
    const response = await request(origin, key, signal, conditionsOf(stale), parts)
    const life = responseLife(response.headers, parts.now())
    const answer = await answerFromResponse(response, stale)
    if (answer.kind === 'not-found' || answer.kind === 'too-large') {
      return life.ttlMs === undefined ? answer : { ...answer, ttlMs: life.ttlMs }
    }
    if (answer.kind === 'not-modified') return { ...answer, ...life }
    const tags = parseTagHeader(response.headers.get('cache-tag') ?? '') ?? []
    return { ...answer, ...life, tags }
  }
}

/** Opens the value without reading it: for values that are too large to be answered whole. */
export function openHttpOrigin(origin: HttpOrigin, parts = PLATFORM): Open {
  return (key, { signal }) => request(origin, key, signal, {}, parts)
}

function request(
  { baseUrl, headers }: HttpOrigin,
  key: string,
  signal: AbortSignal,
  conditions: Readonly<Record<string, string>>,
  { fetch }: HttpOriginParts,
): Promise<Response> {
  return follow(urlOf(baseUrl, key), (url) =>
    fetch(url.href, {
      headers: { ...headers, ...conditions },
      signal,
      redirect: 'manual',
      // The platform's own cache knows nothing of our purges.
      cache: 'no-store',
    }),
  )
}

/** Asks whether what is held is still current (RFC 9110, section 13.1; both, as 13.2.2 lets servers choose). */
function conditionsOf(stale: ValueEntry | undefined): Record<string, string> {
  return {
    ...(stale?.originEtag === undefined ? {} : { 'If-None-Match': stale.originEtag }),
    ...(stale?.lastModified === undefined ? {} : { 'If-Modified-Since': stale.lastModified }),
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

async function follow(start: URL, request: (url: URL) => Promise<Response>): Promise<Response> {
  let url = start
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const response = await request(url)
    const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null
    if (location === null) return response
    discard(response)
    const next = URL.parse(location, url.href)
    // The origin may be tricked into redirecting, to another service's metadata address for one.
    if (
      next === null ||
      next.origin !== start.origin ||
      next.username !== '' ||
      next.password !== ''
    ) {
      throw new LoadError('The origin redirected to elsewhere.')
    }
    url = next
  }
  throw new LoadError(`The origin redirected more than ${MOST_REDIRECTS} times.`)
}
