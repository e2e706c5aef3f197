/** The answer that carries a value: all of it, a part of it, or that the client has it already. */

import type { Access } from '../../config/config.ts'
import type { ValueHead } from '../../core/entry/entry.ts'
import type { CacheStatusMember } from '../../core/peers/peers.ts'
import { clientCacheControl } from './cache-control.ts'
import { cacheStatus } from './cache-status.ts'
import { corsFor } from './cors.ts'
import type { Payload } from './payload.ts'
import { evaluatePreconditions } from './preconditions.ts'
import { problem } from './problem.ts'
import { requestedRange } from './range.ts'
import { sandboxFor } from './sandbox.ts'

export interface ValueAnswer {
  readonly entry: ValueHead
  readonly payload: Payload
  readonly path: readonly CacheStatusMember[]
  /** The value of `Server-Timing`. */
  readonly timing: string
  readonly access: Access
  readonly clientTtlMs: number
  readonly nowMs: number
}

/** Answers GET and HEAD. */
export function valueResponse(request: Request, answer: ValueAnswer): Response {
  const { entry, payload } = answer
  const verdict = evaluatePreconditions(request.headers, entry, answer.nowMs)
  if (verdict === 'failed') {
    payload.discard()
    return problem('precondition-failed', 'The value is not the one that the request is about.', {
      path: answer.path,
      headers: { ...corsFor(answer.access), 'Server-Timing': answer.timing },
    })
  }
  // RFC 9110, section 15.4.5: without what describes the body that is not sent.
  if (verdict === 'not-modified') {
    payload.discard()
    const response = new Response(null, { status: 304, headers: ALWAYS[answer.access] })
    addHeaders(response.headers, answer)
    return response
  }

  // Section 14.2: Range is defined for GET only.
  const isHead = request.method === 'HEAD'
  const range = isHead ? undefined : requestedRange(request.headers, entry, payload.length)
  if (range === 'unsatisfiable') {
    payload.discard()
    return problem('range-not-satisfiable', `The value has ${payload.length} bytes.`, {
      path: answer.path,
      headers: {
        ...corsFor(answer.access),
        'Server-Timing': answer.timing,
        'Content-Range': `bytes */${payload.length}`,
      },
    })
  }
  const { first, last } = range ?? { first: 0, last: payload.length - 1 }
  const body = isHead ? null : payload.bodyOf(range)
  if (body === undefined) return noRoom(answer)
  const response = new Response(body, {
    status: range === undefined ? 200 : 206,
    headers: ALWAYS_WITH_BODY[answer.access],
  })
  const { headers } = response
  addHeaders(headers, answer)
  headers.set('Content-Type', entry.contentType)
  headers.set('Content-Length', String(last + 1 - first))
  if (range !== undefined) {
    headers.set('Content-Range', `bytes ${first}-${last}/${payload.length}`)
  }
  if (entry.contentLanguage !== undefined) headers.set('Content-Language', entry.contentLanguage)
  for (const [name, policy] of Object.entries(sandboxFor(entry.contentType))) {
    headers.set(name, policy)
  }
  return response
}

function noRoom({ path, access, timing }: ValueAnswer): Response {
  return problem('overloaded', 'Too many large values are on their way to clients.', {
    path,
    headers: { ...corsFor(access), 'Server-Timing': timing, 'Retry-After': '1' },
  })
}

/** What is said of every value. Ready-made: to make headers from text is the dearest part of a hit. */
const ALWAYS = headersByAccess({ 'X-Content-Type-Options': 'nosniff' })

const ALWAYS_WITH_BODY = headersByAccess({
  'X-Content-Type-Options': 'nosniff',
  // Said aloud, so that nothing on the way compresses the body and leaves it a strong ETag.
  'Content-Encoding': 'identity',
  'Accept-Ranges': 'bytes',
})

function headersByAccess(fields: Record<string, string>): Readonly<Record<Access, Headers>> {
  return {
    public: new Headers({ ...fields, ...corsFor('public') }),
    private: new Headers({ ...fields, ...corsFor('private') }),
  }
}

/** What depends on the value and the moment, with or without a body. */
function addHeaders(
  headers: Headers,
  { entry, path, timing, access, clientTtlMs, nowMs }: ValueAnswer,
): void {
  headers.set('ETag', entry.etag)
  headers.set('Age', String(ageSeconds(entry, nowMs)))
  headers.set('Cache-Control', clientCacheControl(access, clientTtlMs, entry.expiresAtMs - nowMs))
  headers.set('Cache-Status', cacheStatus(path))
  headers.set('Server-Timing', timing)
  if (entry.lastModified !== undefined) headers.set('Last-Modified', entry.lastModified)
}

/** RFC 9111, section 5.1. Clocks of two machines may differ: never below 0. */
function ageSeconds(entry: ValueHead, nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - entry.loadedAtMs) / 1000))
}
