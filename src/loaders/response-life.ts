/** Owns what an origin's response says of how long it lives (RFC 9111, section 5; RFC 5861). */

import { type Directives, deltaMs, parseCacheControl } from '../core/cache-control.ts'
import type { Life } from '../core/entry.ts'
import { parseHttpDate } from '../core/http-date.ts'
import { LONGEST_MS } from '../core/units.ts'

export const NEVER_STORED: Life = { ttlMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 }

/**
 * What the response's headers decide; what they leave open is absent, and the group's options hold.
 * For a shared cache: `s-maxage` wins over `max-age`, and that over `Expires` (section 4.2.1).
 */
export function responseLife(headers: Headers, nowMs: number): Partial<Life> {
  const directives = parseCacheControl(headers.get('cache-control') ?? '')
  if (mayNotBeReused(headers, directives)) return NEVER_STORED

  const lifetimeMs =
    deltaMs(directives.get('s-maxage')) ??
    deltaMs(directives.get('max-age')) ??
    lifetimeByExpires(headers, nowMs)
  // What another cache has held for a while has that much less to live (section 4.2.3).
  const ageMs = deltaMs(headers.get('age')?.split(',', 1)[0]?.trim()) ?? 0
  const mustRevalidate = directives.has('must-revalidate') || directives.has('proxy-revalidate')
  return defined({
    ttlMs: lifetimeMs === undefined ? undefined : Math.max(0, lifetimeMs - ageMs),
    staleWhileRevalidateMs: mustRevalidate ? 0 : deltaMs(directives.get('stale-while-revalidate')),
    staleIfErrorMs: mustRevalidate ? 0 : deltaMs(directives.get('stale-if-error')),
  })
}

/**
 * `no-cache` would allow to keep the response and ask before each use; asking is all there is to gain
 * then, so it is not kept. A response that sets a cookie is one client's, whatever else it says.
 */
function mayNotBeReused(headers: Headers, directives: Directives): boolean {
  return (
    directives.has('no-store') ||
    directives.has('private') ||
    directives.has('no-cache') ||
    headers.has('set-cookie') ||
    (headers.get('vary') ?? '').split(',').some((name) => name.trim() === '*')
  )
}

/** Section 5.3: an invalid date, "0" above all, means that the response has expired. */
function lifetimeByExpires(headers: Headers, nowMs: number): number | undefined {
  const expires = headers.get('expires')
  if (expires === null) return undefined
  const dateMs = parseHttpDate(headers.get('date') ?? '')
  const lifetimeMs = parseHttpDate(expires) - (Number.isNaN(dateMs) ? nowMs : dateMs)
  return lifetimeMs > 0 ? Math.min(lifetimeMs, LONGEST_MS) : 0
}

function defined(life: { [Part in keyof Life]: number | undefined }): Partial<Life> {
  return Object.fromEntries(Object.entries(life).filter(([, value]) => value !== undefined))
}

/** The life of what was reached by way of several responses: no longer than that of any. */
export function shortest(lives: readonly Partial<Life>[]): Partial<Life> {
  const least = (part: keyof Life): number | undefined => {
    const known = lives.map((life) => life[part]).filter((ms) => ms !== undefined)
    return known.length === 0 ? undefined : Math.min(...known)
  }
  return defined({
    ttlMs: least('ttlMs'),
    staleWhileRevalidateMs: least('staleWhileRevalidateMs'),
    staleIfErrorMs: least('staleIfErrorMs'),
  })
}
