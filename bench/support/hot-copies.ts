/** The hot cache of one edge isolate over time: copies that end `hotTtl` after they were asked for. */

import { ENTRY_OVERHEAD_BYTES } from '../../src/core/entry/entry.ts'
import { createStore, type Eviction, overheadBytes } from '../../src/core/eviction/policies.ts'

export interface HotCache {
  /** The requests of the isolate, evenly spaced. */
  readonly requestsPerSecond: number
  readonly valueBytes: number
  readonly hotTtlMs: number
  readonly maxHotBytes: number
}

/**
 * Returns how many requests hot copies answer. A copy that has ended is removed when its key is asked for
 * again, or evicted before that. Left out: the call to the node takes no time, no entry ends before its copy,
 * and no copy is renewed early.
 */
export function hotHits(keys: readonly string[], eviction: Eviction, cache: HotCache): number {
  const { hotTtlMs, maxHotBytes, requestsPerSecond, valueBytes } = cache
  const store = createStore<number>(eviction, maxHotBytes)
  const fixedBytes = valueBytes + ENTRY_OVERHEAD_BYTES + overheadBytes(eviction)
  let hits = 0
  for (const [i, key] of keys.entries()) {
    const nowMs = (i * 1_000) / requestsPerSecond
    const untilMs = store.get(key)
    if (untilMs !== undefined && nowMs < untilMs) {
      hits++
      continue
    }
    if (untilMs !== undefined) store.delete(key, 'expired')
    store.set(key, nowMs + hotTtlMs, key.length + fixedBytes)
  }
  return hits
}
