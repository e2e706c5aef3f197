/** Owns how a store meets a workload: as a read-through cache does it. */

import type { Store } from '../../src/core/eviction/bounded-map.ts'
import type { Workload } from './workload.ts'

/** Asks for each key, and sets what is missing. Returns how many requests were hits. */
export function replay(store: Store<number>, { keys, sizes }: Workload): number {
  let hits = 0
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string
    if (store.get(key) === undefined) store.set(key, i, sizes === undefined ? 1 : (sizes[i] ?? 1))
    else hits++
  }
  return hits
}
