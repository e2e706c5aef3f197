/** Owns the `Cache-Control` that clients get (RFC 9111, section 5.2.2). */

import type { Access } from '../../config/config.ts'

/**
 * `max-age` for at most `clientTtlMs`, and never longer than the value is fresh here; with nothing
 * left, clients may keep it but must revalidate. What not everyone may read, nobody may keep.
 */
export function clientCacheControl(
  access: Access,
  clientTtlMs: number,
  freshForMs: number,
): string {
  if (access === 'private') return 'private, no-store'
  const maxAgeSeconds = Math.floor(Math.min(clientTtlMs, freshForMs) / 1000)
  return maxAgeSeconds > 0 ? `public, max-age=${maxAgeSeconds}` : 'public, no-cache'
}
