/** Owns an HTTP origin that answers from a table, for tests of the loader alone. */

import type { ValueEntry } from '../../src/core/entry/entry.ts'
import type { LoadContext } from '../../src/core/load/loader.ts'
import { httpOriginLoader } from '../../src/loaders/http-origin.ts'
import { ampleMemory } from './load-memory.ts'

export const BASE = new URL('https://origin.example/v1/')
export const NOW_MS = Date.parse('Tue, 01 Sep 2026 10:00:00 GMT')

const LIFE = { ttlMs: 60_000, staleWhileRevalidateMs: 5_000, staleIfErrorMs: 6_000 }

/**
 * Answers by URL, and keeps what was asked and what it was warned of. The group's `ttl` is a minute, and it
 * does not remember "not found" unless that is said.
 */
export function fakeOrigin(
  answers: Record<string, () => Response>,
  { negativeTtlMs = 0, now = () => NOW_MS } = {},
) {
  const requests: { url: string; init: RequestInit }[] = []
  const warnings: string[] = []
  const fetch = async (url: string, init: RequestInit) => {
    requests.push({ url, init })
    return answers[url]?.() ?? new Response('unexpected', { status: 500 })
  }
  const origin = { baseUrl: BASE, headers: { 'X-Key': 'secret' }, life: LIFE, negativeTtlMs }
  const loader = httpOriginLoader(origin, {
    fetch,
    now,
    warn: (message) => warnings.push(message),
  })
  const context = () => ({
    signal: new AbortController().signal,
    group: 'pages',
    memory: ampleMemory(),
  })
  return {
    requests,
    warnings,
    loader,
    load: (key: string, stale?: ValueEntry, parts: Partial<LoadContext> = {}) =>
      loader(key, { ...context(), ...(stale === undefined ? {} : { stale }), ...parts }),
  }
}

export function redirect(
  location: string,
  status = 302,
  headers: Record<string, string> = {},
): () => Response {
  return () => new Response(null, { status, headers: { ...headers, Location: location } })
}
