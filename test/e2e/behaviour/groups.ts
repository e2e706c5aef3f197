/** Owns the groups that behaviours are about: one for each setting that clients can tell apart. */

import type { OriginGroup } from '../../../src/config/group-options.ts'

type Settings = Omit<OriginGroup, 'origin'>

const EXACT: Settings = { expiryJitter: 0 }
/** Without hot copies, so that each request reaches the key's owner. */
const OWNED: Settings = { ...EXACT, hotTtl: '0s' }

const SETTINGS = {
  pages: { ...EXACT, hotTtl: '60s' },
  owned: OWNED,
  /** Apart from the others: an origin that keeps failing is left alone for a moment. */
  failing: OWNED,
  impatient: { ...OWNED, timeout: '50ms' },
  /** Stale as soon as it is loaded. */
  revalidated: { ...OWNED, ttl: '1ms', staleWhileRevalidate: '1h' },
  forgiving: { ...OWNED, ttl: '1ms', staleIfError: '1h' },
  unstored: { ...OWNED, ttl: '0s' },
  mindful: { ...OWNED, negativeTtl: '60s' },
  lent: { ...OWNED, clientTtl: '30s' },
  lentLong: { ...OWNED, clientTtl: '1h' },
  private: { ...EXACT, access: 'private' },
} satisfies Record<string, Settings>

/** Those above, and the groups in code of the Worker under test. */
export type GroupName = keyof typeof SETTINGS | 'scores' | 'echo'

/** As the variable `GROUPS`, with one origin behind all of them. */
export function groupsBehind(origin: string) {
  return Object.fromEntries(
    Object.entries<Settings>(SETTINGS).map(([name, settings]) => [name, { ...settings, origin }]),
  )
}
