/** Owns the answer that carries a value. */

import type { ValueEntry } from '../../core/entry.ts'
import type { CacheStatusMember } from '../../core/peers.ts'
import { clientCacheControl } from './cache-control.ts'
import { cacheStatus } from './cache-status.ts'

export interface ValueAnswer {
  readonly entry: ValueEntry
  readonly path: readonly CacheStatusMember[]
  readonly clientTtlMs: number
  readonly nowMs: number
  /** Whether the body goes along: not for HEAD (RFC 9110, section 9.3.2). */
  readonly withBody: boolean
}

export function valueResponse({
  entry,
  path,
  clientTtlMs,
  nowMs,
  withBody,
}: ValueAnswer): Response {
  const headers: Record<string, string> = {
    'Content-Type': entry.contentType,
    'Content-Length': String(entry.value.byteLength),
    // Said aloud, so that nothing on the way compresses the body and leaves it a strong ETag.
    'Content-Encoding': 'identity',
    ETag: entry.etag,
    Age: String(ageSeconds(entry, nowMs)),
    'Cache-Control': clientCacheControl(clientTtlMs, entry.expiresAtMs - nowMs),
    'X-Content-Type-Options': 'nosniff',
    'Access-Control-Allow-Origin': '*',
    'Cache-Status': cacheStatus(path),
  }
  if (entry.contentLanguage !== undefined) headers['Content-Language'] = entry.contentLanguage
  if (entry.lastModified !== undefined) headers['Last-Modified'] = entry.lastModified
  return new Response(withBody ? entry.value : null, { headers })
}

/** RFC 9111, section 5.1. Clocks of two machines may differ: never below 0. */
function ageSeconds(entry: ValueEntry, nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - entry.loadedAtMs) / 1000))
}
