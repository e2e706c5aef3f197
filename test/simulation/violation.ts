/** Owns what a simulation ends with when an invariant does not hold. */

export type Invariant =
  /** No value that was never current. */
  | 'never-current'
  /** None older than freshness, stale windows and purges allow. */
  | 'too-old'
  /** At most one load in flight for a key and its owner. */
  | 'one-load'
  /** Each request ends within its bound. */
  | 'ends-in-time'
  /** Held bytes are within bounds, and what a recount gives. */
  | 'bytes'
  /** What a loader has answered is not asked for again by a fallback. */
  | 'final-answer'
  /** Counters add up. */
  | 'counters'
  /** Where nothing is broken, nothing fails. */
  | 'calm'

export class Violation extends Error {
  readonly invariant: Invariant

  constructor(invariant: Invariant, message: string) {
    super(message)
    this.name = 'Violation'
    this.invariant = invariant
  }
}
