/** Owns when an origin that keeps failing is left alone (M. Nygard, "Release It!", circuit breaker). */

import { backoffMs } from './backoff.ts'

/** `half-open`: one load is under way to find out. */
export type CircuitState = 'closed' | 'open' | 'half-open'

/**
 * Failures in a row, of any keys, before the circuit opens. High, as a single key that always fails
 * in a quiet group must not cut off the others for long.
 */
export const FAILURES_TO_OPEN = 20

export class Circuit {
  private readonly random: () => number
  private failures = 0
  private retryAtMs = 0
  private probing = false

  constructor(random: () => number) {
    this.random = random
  }

  get state(): CircuitState {
    if (this.failures < FAILURES_TO_OPEN) return 'closed'
    return this.probing ? 'half-open' : 'open'
  }

  /** Whether a load may run now. Whoever is let through must report how it ended. */
  admits(nowMs: number): boolean {
    if (this.state === 'closed') return true
    if (this.probing || nowMs < this.retryAtMs) return false
    this.probing = true
    return true
  }

  succeeded(): void {
    this.failures = 0
    this.probing = false
  }

  failed(nowMs: number): void {
    this.failures++
    this.probing = false
    const opened = this.failures - FAILURES_TO_OPEN + 1
    if (opened > 0) this.retryAtMs = nowMs + backoffMs(opened, this.random)
  }
}
