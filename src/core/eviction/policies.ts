/** Owns which eviction policies there are, by the names that settings use. */

import type { OnGrow, OnRemove, Store } from './bounded-map.ts'
import { Lru } from './lru.ts'
import { GHOST_OVERHEAD_BYTES, S3Fifo } from './s3-fifo.ts'

/** Which entry gives way when a bound is met. When to choose which: docs/configuration.md. */
export type Eviction = 'lru' | 's3-fifo'

/** The policy of hot copies, whatever a group's `eviction` is. Evidence: docs/decisions/hot-copies.md. */
export const HOT_EVICTION: Eviction = 's3-fifo'

export function createStore<V>(
  eviction: Eviction,
  maxBytes: number,
  onRemove?: OnRemove<V>,
  onGrow?: OnGrow,
): Store<V> {
  const Policy = eviction === 'lru' ? Lru : S3Fifo
  return new Policy(maxBytes, onRemove, onGrow)
}

/** What an entry counts as under a policy, beside its own bytes, for what the policy remembers of others. */
export function overheadBytes(eviction: Eviction): number {
  return eviction === 'lru' ? 0 : GHOST_OVERHEAD_BYTES
}
