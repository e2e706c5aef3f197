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

/** The outcome of `promise`, or `undefined` when it takes `limitMs` or longer. `Infinity`: no limit. */
export function withTimeout<T>(
  clock: Clock,
  limitMs: number,
  promise: Promise<T>,
): Promise<T | undefined> {
  if (limitMs === Number.POSITIVE_INFINITY) return promise
  // By hand: `Promise.race` and `finally` would be five promises more for each call to a node.
  return new Promise((resolve, reject) => {
    const cancel = clock.after(limitMs, () => resolve(undefined))
    promise.then(
      (value) => {
        cancel()
        resolve(value)
      },
      (error) => {
        cancel()
        reject(error)
      },
    )
  })
}
