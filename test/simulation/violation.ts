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
  /** Where nothing is broken, or nothing any more, nothing fails. */
  | 'calm'
  /** Nothing throws but errors with a code that is documented. */
  | 'crash'

export class Violation extends Error {
  readonly invariant: Invariant

  constructor(invariant: Invariant, message: string) {
    super(message)
    this.name = 'Violation'
    this.invariant = invariant
  }
}

/** What is no violation by itself, but must not be thrown either, as one. */
export function asViolation(error: unknown): Violation {
  if (error instanceof Violation) return error
  return new Violation('crash', error instanceof Error ? String(error.stack) : String(error))
}
