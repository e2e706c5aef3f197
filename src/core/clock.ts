/** Owns the idea of time, so that tests and the simulator can bring their own. */

export interface Clock {
  /** Milliseconds since the epoch. Deployed, it moves only when I/O happens. */
  now(): number
  /** Calls `run` once, `delayMs` from now, unless the returned function is called first. */
  after(delayMs: number, run: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}
