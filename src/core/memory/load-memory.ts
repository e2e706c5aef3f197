/** The memory of an isolate, as one load may use it. Interface only: `BodyReservations` implements it. */

/** The memory of an isolate, as far as one load may have of it. */
export interface LoadMemory {
  /** The largest value that can be had as a whole, in bytes. */
  readonly maxBytes: number
  /**
   * Counts `bytes` more: at once, or when the promise resolves. Throws `OverloadedError` where that
   * cannot be awaited, and the signal's reason when it fires before.
   */
  reserve(bytes: number): Promise<void> | undefined
  /** Lets entries go for what is needed in passing, as far as that helps. */
  makeRoom(bytes: number): void
}
