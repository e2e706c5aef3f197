/** Owns the `Cache-Status` header (RFC 9211). */

import { serializeBareItem, Token } from 'structured-headers'
import type { CacheStatusMember } from '../../core/peers/peers.ts'

/** One member per cache, the one nearest the origin first (RFC 9211, section 2). */
export function cacheStatus(path: readonly CacheStatusMember[]): string {
  return path.map(member).join(', ')
}

/** The space after a semicolon is optional (RFC 9651, section 3.1.2); it is kept for people's eyes. */
function member(status: CacheStatusMember): string {
  const { cache, hit, fwd, stored, collapsed, ttlMs, detail } = status
  let text = serializeBareItem(new Token(cache))
  if (hit) text += '; hit'
  // Words of our own are tokens as they are (RFC 9651, section 3.3.4).
  if (fwd !== undefined) text += `; fwd=${fwd}`
  if (stored) text += '; stored'
  if (collapsed) text += '; collapsed'
  if (ttlMs !== undefined) text += `; ttl=${serializeBareItem(ttlSeconds(ttlMs))}`
  if (detail !== undefined) text += `; detail=${detail}`
  return text
}

/** Whole seconds, away from zero: a fresh response never shows 0, a stale one is always negative (section 2.4). */
function ttlSeconds(ttlMs: number): number {
  return ttlMs > 0 ? Math.ceil(ttlMs / 1000) : Math.min(-1, Math.floor(ttlMs / 1000))
}
