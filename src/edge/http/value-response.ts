/** Owns the answer that carries a value: all of it, a part of it, or that the client has it already. */

import type { Access } from '../../config/config.ts'
import type { ValueEntry } from '../../core/entry.ts'
import type { CacheStatusMember } from '../../core/peers.ts'
import { clientCacheControl } from './cache-control.ts'
import { cacheStatus } from './cache-status.ts'
import { corsFor } from './cors.ts'
import { evaluatePreconditions } from './preconditions.ts'
import { problem } from './problem.ts'
import { requestedRange } from './range.ts'
import { sandboxFor } from './sandbox.ts'
import { bodyOf } from './stream.ts'

export interface ValueAnswer {
  readonly entry: ValueEntry
  readonly path: readonly CacheStatusMember[]
  /** The value of `Server-Timing`. */
  readonly timing: string
  readonly access: Access
  readonly clientTtlMs: number
  readonly nowMs: number
}

/** Answers GET and HEAD. */
export function valueResponse(request: Request, answer: ValueAnswer): Response {
  const { entry } = answer
  const { value } = entry
  const verdict = evaluatePreconditions(request.headers, entry)
  if (verdict === 'failed') {
    return problem('precondition-failed', 'The value is not the one that the request is about.', {
      path: answer.path,
      headers: { ...corsFor(answer.access), 'Server-Timing': answer.timing },
    })
  }
  const headers = headersOf(answer)
  // RFC 9110, section 15.4.5: without what describes the body that is not sent.
  if (verdict === 'not-modified') return new Response(null, { status: 304, headers })

  headers['Content-Type'] = entry.contentType
  Object.assign(headers, sandboxFor(entry.contentType))
  if (entry.contentLanguage !== undefined) headers['Content-Language'] = entry.contentLanguage
  // Said aloud, so that nothing on the way compresses the body and leaves it a strong ETag.
  headers['Content-Encoding'] = 'identity'
  headers['Accept-Ranges'] = 'bytes'

  // Section 14.2: Range is defined for GET only.
  const isHead = request.method === 'HEAD'
  const range = isHead ? undefined : requestedRange(request.headers, entry, value.byteLength)
  if (range === 'unsatisfiable') {
    return problem('range-not-satisfiable', `The value has ${value.byteLength} bytes.`, {
      path: answer.path,
      headers: {
        ...corsFor(answer.access),
        'Server-Timing': answer.timing,
        'Content-Range': `bytes */${value.byteLength}`,
      },
    })
  }
  const bytes = range === undefined ? value : value.subarray(range.first, range.last + 1)
  headers['Content-Length'] = String(bytes.byteLength)
  if (range !== undefined) {
    headers['Content-Range'] = `bytes ${range.first}-${range.last}/${value.byteLength}`
  }
  return new Response(isHead ? null : bodyOf(bytes), {
    status: range === undefined ? 200 : 206,
    headers,
  })
}

/** The headers of every answer about a value, with or without a body. */
function headersOf({
  entry,
  path,
  timing,
  access,
  clientTtlMs,
  nowMs,
}: ValueAnswer): Record<string, string> {
  const headers: Record<string, string> = {
    ETag: entry.etag,
    Age: String(ageSeconds(entry, nowMs)),
    'Cache-Control': clientCacheControl(access, clientTtlMs, entry.expiresAtMs - nowMs),
    'X-Content-Type-Options': 'nosniff',
    'Cache-Status': cacheStatus(path),
    'Server-Timing': timing,
    ...corsFor(access),
  }
  if (entry.lastModified !== undefined) headers['Last-Modified'] = entry.lastModified
  return headers
}

/** RFC 9111, section 5.1. Clocks of two machines may differ: never below 0. */
function ageSeconds(entry: ValueEntry, nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - entry.loadedAtMs) / 1000))
}
