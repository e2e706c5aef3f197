/** Owns how many loads run at once, and who waits for a place. */

import { OverloadedError } from '../errors.ts'

/** For each load that runs, this many may wait. */
const WAITING_PER_LOAD = 10

/** How many loads one place runs at once. */
export interface Limit {
  readonly maxLoads: number
  /**
   * Runs `work` if and when there is a place for it. Throws `OverloadedError` when there will be none soon,
   * and the signal's reason when it fires before the work has begun.
   */
  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

export class LoadLimit implements Limit {
  readonly maxLoads: number
  private readonly maxWaiting: number
  /** First come, first served. A set, so that whoever gives up leaves at no cost. */
  private readonly waiting = new Set<() => void>()
  private running = 0

  /**
   * @param maxLoads At least 1; `Infinity`: no limit.
   * @param maxWaiting Default: ten times as many.
   */
  constructor(maxLoads: number, maxWaiting = maxLoads * WAITING_PER_LOAD) {
    this.maxLoads = maxLoads
    this.maxWaiting = maxWaiting
  }

  /**
   * Runs `work` when there is a place for it. The place is free again when the work has ended or
   * `signal` has fired, whichever is first: work that hangs must not keep its place for ever.
   *
   * Throws `OverloadedError` when too many wait already, and the signal's reason when it fires before
   * the work has begun.
   */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.running >= this.maxLoads) await this.turn(signal)
    else this.running++

    let free = () => {
      free = () => {}
      this.release()
    }
    signal.addEventListener('abort', () => free(), { once: true })
    try {
      // Given the place and out of time in the same moment.
      signal.throwIfAborted()
      return await work()
    } finally {
      free()
    }
  }

  private turn(signal: AbortSignal): Promise<void> {
    if (this.waiting.size >= this.maxWaiting) {
      throw new OverloadedError('Too many loads are under way.')
    }
    return new Promise((resolve, reject) => {
      const begin = () => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = () => {
        this.waiting.delete(begin)
        reject(signal.reason as Error)
      }
      this.waiting.add(begin)
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  /** Hands the place to whoever has waited longest, so that nobody can come in between. */
  private release(): void {
    const [next] = this.waiting
    if (next === undefined) {
      this.running--
      return
    }
    this.waiting.delete(next)
    next()
  }
}
