/** Owns made-up workloads, each with one trait that policies differ by. The same requests in each run. */

import { seededRandom, zipf } from './random.ts'
import type { Workload } from './workload.ts'

const ENTRIES = 1_000
const KEYS = 20_000
/** In requests. */
const PERIOD = 20_000
/** Of requests to web sites, mostly 0.6 to 0.9 (Breslau et al., INFOCOM 1999). */
const SKEW = 0.9

/** @param requests How many each has, but for the scans, which come on top. */
export function syntheticWorkloads(requests = 200_000): Workload[] {
  const made = (name: string, keys: string[]) => ({ name, keys, capacity: ENTRIES })
  return [
    made('Zipf', favourites(requests, 1)),
    made('Zipf that drifts', favourites(requests, 2, 5)),
    made('Zipf that drifts fast', favourites(requests, 2, 50)),
    made('Zipf that changes at once', changing(requests, 3)),
    made('Zipf with scans', withScans(requests, 4)),
    made('Zipf, 30% asked for once', withOneHitWonders(requests, 5)),
    made('loop of 1.2 times the cache', loop(requests, ENTRIES * 1.2)),
    sized(requests, 6),
  ]
}

/** @param drift By how many ranks all favourites move down in 1,000 requests. */
function favourites(requests: number, seed: number, drift = 0): string[] {
  const rank = zipf(KEYS, SKEW, seededRandom(seed))
  return Array.from({ length: requests }, (_, i) =>
    keyOf((rank() + Math.floor((i * drift) / 1_000)) % KEYS),
  )
}

/** After each period other keys are the favourites. */
function changing(requests: number, seed: number): string[] {
  const rank = zipf(KEYS, SKEW, seededRandom(seed))
  return Array.from({ length: requests }, (_, i) =>
    keyOf((rank() + Math.floor(i / PERIOD) * 2_000) % KEYS),
  )
}

/** After each period twice as many keys as the cache holds, each once: a crawler, or an export. */
function withScans(requests: number, seed: number): string[] {
  return favourites(requests, seed).flatMap((key, i) => {
    if (i % PERIOD !== PERIOD - 1) return key
    return [key, ...Array.from({ length: 2 * ENTRIES }, (_, n) => `/scan/${i}/${n}`)]
  })
}

function withOneHitWonders(requests: number, seed: number): string[] {
  const random = seededRandom(seed)
  return favourites(requests, seed + 100).map((key, i) => (random() < 0.3 ? `/once/${i}` : key))
}

function loop(requests: number, length: number): string[] {
  return Array.from({ length: requests }, (_, i) => keyOf(i % length))
}

/** From 1 KiB to 64 KiB, as many of each power of two, whatever their rank. */
function sized(requests: number, seed: number): Workload {
  const keys = favourites(requests, seed)
  const random = seededRandom(seed + 100)
  const sizeOf = new Map<string, number>()
  const sizes = keys.map((key) => {
    const size = sizeOf.get(key) ?? Math.floor(1_024 * 64 ** random())
    sizeOf.set(key, size)
    return size
  })
  return { name: 'Zipf, 1 to 64 KiB, 16 MiB', keys, sizes, capacity: 16 * 1024 * 1024 }
}

function keyOf(i: number): string {
  return `/products/${i}`
}
