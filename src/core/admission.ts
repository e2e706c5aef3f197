/**
 * Owns which keys a full hot cache takes: those that are asked for more often than what would have to go.
 * TinyLFU (Einziger, Friedman, Manes: "TinyLFU: A Highly Efficient Cache Admission Policy", 2017): counts in
 * a sketch of fixed size, which are halved from time to time.
 */

import { murmur3 } from './hash.ts'

/** Counters in each of the two rows; a power of two. One byte each. */
const COUNTERS = 4_096
/** After so many gets all counts are halved: about ten for each counter. */
const GETS_TO_HALVE = 10 * COUNTERS
const LARGEST_COUNT = 255

export class Admission {
  /** Two rows: a key is as frequent as the lesser of its two counters says. */
  private readonly low = new Uint8Array(COUNTERS)
  private readonly high = new Uint8Array(COUNTERS)
  private gets = 0

  /** Counts a get of `key`. */
  seen(key: string): void {
    const hash = murmur3(key)
    increment(this.low, hash % COUNTERS)
    increment(this.high, (hash >>> 16) % COUNTERS)
    if (++this.gets >= GETS_TO_HALVE) this.halve()
  }

  /** Whether `candidate` is worth the place of `victim`. Of two that are asked for alike, the held one stays. */
  admits(candidate: string, victim: string): boolean {
    return this.estimate(candidate) > this.estimate(victim)
  }

  /** How often a key was seen lately: never too few, but for the halving. */
  private estimate(key: string): number {
    const hash = murmur3(key)
    const [low, high] = [this.low[hash % COUNTERS], this.high[(hash >>> 16) % COUNTERS]]
    return Math.min(low as number, high as number)
  }

  private halve(): void {
    for (const row of [this.low, this.high]) {
      for (const [i, count] of row.entries()) row[i] = count >> 1
    }
    this.gets >>= 1
  }
}

function increment(row: Uint8Array, index: number): void {
  const count = row[index] as number
  if (count < LARGEST_COUNT) row[index] = count + 1
}
