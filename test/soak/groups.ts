/** Owns which groups a soak has, what they promise, and which tags a key has. */

import type { Promises } from './truth.ts'

export const KEYS = 2_000
/** Every key has one of so many tags. */
const TAGS = 40

const base = { ttlMs: 2_000, staleMs: 0, hotTtlMs: 1_000, timeoutMs: 2_000, bytes: 300 }
export const PROMISES: Readonly<Record<string, Promises>> = {
  plain: base,
  stale: { ...base, staleMs: 3_000 },
  durable: { ...base, ttlMs: 10_000 },
  secret: base,
  large: { ...base, bytes: 120 * 1024 },
  cool: { ...base, hotTtlMs: 0 },
}
export const GROUPS = Object.keys(PROMISES)
export const ALL_KEYS = Array.from({ length: KEYS }, (_, n) => `k${n}`)

const EXTRAS: Record<string, object> = {
  stale: { staleWhileRevalidate: '2s', staleIfError: '3s' },
  durable: { durable: true },
  secret: { access: 'private' },
}

/** The groups as `GROUPS` in wrangler.toml would have them. */
export function groupOptions(originUrl: string) {
  return Object.fromEntries(
    Object.entries(PROMISES).map(([name, { ttlMs, hotTtlMs, timeoutMs }]) => [
      name,
      {
        origin: `${originUrl}/${name}/`,
        ttl: `${ttlMs}ms`,
        hotTtl: `${hotTtlMs}ms`,
        timeout: `${timeoutMs}ms`,
        ...EXTRAS[name],
      },
    ]),
  )
}

export function tagOf(key: string): string {
  return `t${Number(key.slice(1)) % TAGS}`
}

export function keysWith(tag: string): string[] {
  return ALL_KEYS.filter((key) => tagOf(key) === tag)
}
