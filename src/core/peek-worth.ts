/** Owns whether it pays to ask a previous owner: each peek is a call more, and delays a load. */

/** How many peeks the estimate looks back on. */
const MEMORY = 64
/** With fewer found than this part, peeks have moved what there was to move. */
const LEAST_FOUND = 0.02
/** After which so many misses one is peeked all the same, as the traffic may have changed. */
const SAMPLE_EVERY = 32

export class PeekWorth {
  /** The part of the recent peeks that have found something: an exponential average. At first it pays. */
  private found = 1
  private skipped = 0

  /** Whether to peek at the next miss. */
  isGiven(): boolean {
    if (this.found >= LEAST_FOUND) return true
    this.skipped++
    if (this.skipped < SAMPLE_EVERY) return false
    this.skipped = 0
    return true
  }

  learn(isFound: boolean): void {
    this.found += ((isFound ? 1 : 0) - this.found) / MEMORY
  }
}
