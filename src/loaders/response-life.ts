/** What an origin's response says of how long it lives (RFC 9111, sections 4.2 and 5; RFC 5861). */

import type { Life, Policy } from '../core/entry/entry.ts'
import { parseHttpDate } from '../core/http-date.ts'
import { LONGEST_MS } from '../core/units.ts'
import { type Directives, deltaMs, parseCacheControl } from '../http/cache-control.ts'

export const NEVER_STORED: Life = { ttlMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 }

/** What a response says of its life. The group's options say what is absent. */
export interface StatedLife {
  readonly life: Partial<Life>
  readonly policy: Policy
}

/**
 * Reads what the headers say of a life that begins now.
 *
 * @param stored The policy of the response that a 304 renews. The headers replace what they name of it.
 */
export function statedLife(headers: Headers, nowMs: number, stored: Policy = {}): StatedLife {
  const cacheControl = headers.get('cache-control')
  const directives = parseCacheControl(cacheControl ?? '')
  if (mayNotBeReused(headers, directives)) return { life: NEVER_STORED, policy: {} }

  const { expiresMs: storedExpiresMs, ...storedControl } = stored
  const expires = headers.get('expires')
  const policy: Policy = defined({
    ...(cacheControl === null ? storedControl : controlOf(directives)),
    // Section 5.3: an invalid date, "0" above all, means that the response has expired.
    expiresMs: expires === null ? storedExpiresMs : parseHttpDate(expires, nowMs) || 0,
  })
  const dateMs = parseHttpDate(headers.get('date') ?? '', nowMs)
  const lifetimeMs =
    policy.lifetimeMs ?? lifetimeByExpires(policy, Number.isNaN(dateMs) ? nowMs : dateMs)
  const { staleWhileRevalidateMs, staleIfErrorMs } = policy
  // The group's own `ttl` counts from the load, whatever the response's age is.
  const ttlMs =
    lifetimeMs === undefined
      ? undefined
      : Math.max(lifetimeMs - ageMs(headers, dateMs, nowMs), -LONGEST_MS)
  return { life: defined({ ttlMs, staleWhileRevalidateMs, staleIfErrorMs }), policy }
}

/** Reads what the headers of a new response say of its life. */
export function responseLife(headers: Headers, nowMs: number): Partial<Life> {
  return statedLife(headers, nowMs).life
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

/** For a shared cache `s-maxage` wins over `max-age` (section 4.2.1). */
function controlOf(directives: Directives) {
  const forbidsStale = directives.has('must-revalidate') || directives.has('proxy-revalidate')
  // Section 5.2.2.10: `s-maxage` forbids it too, but not what the response itself allows (RFC 5861).
  const otherwiseMs = directives.has('s-maxage') ? 0 : undefined
  const windowMs = (name: string) =>
    forbidsStale ? 0 : (deltaMs(directives.get(name)) ?? otherwiseMs)
  return {
    lifetimeMs: deltaMs(directives.get('s-maxage')) ?? deltaMs(directives.get('max-age')),
    staleWhileRevalidateMs: windowMs('stale-while-revalidate'),
    staleIfErrorMs: windowMs('stale-if-error'),
  }
}

/** Below zero for a date that was over when the response was made: stale windows count from that date. */
function lifetimeByExpires({ expiresMs }: Policy, dateMs: number): number | undefined {
  if (expiresMs === undefined) return undefined
  // The epoch, as "0", only says that the response has expired.
  return expiresMs <= 0 ? 0 : Math.min(expiresMs - dateMs, LONGEST_MS)
}

/** The larger of what `Age` and `Date` say, in whole seconds (section 4.2.3). */
function ageMs(headers: Headers, dateMs: number, nowMs: number): number {
  const statedMs = deltaMs(headers.get('age')?.split(',', 1)[0]?.trim()) ?? 0
  // A date lacks up to 999 ms of its second: the response may be younger by them.
  const seconds = Math.floor((nowMs - dateMs - 999) / 1000)
  const apparentMs = seconds > 0 ? Math.min(seconds * 1000, LONGEST_MS) : 0
  return Math.max(statedMs, apparentMs)
}

type Defined<Parts> = { [Part in keyof Parts]?: Exclude<Parts[Part], undefined> }

function defined<Parts extends object>(parts: Parts): Defined<Parts> {
  const entries = Object.entries(parts).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as Defined<Parts>
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
