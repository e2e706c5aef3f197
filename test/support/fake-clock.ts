/** Owns time in tests: it stands still until a test moves it. */

import type { Clock } from '../../src/core/clock.ts'

interface Timer {
  readonly atMs: number
  readonly run: () => void
}

export class FakeClock implements Clock {
  private nowMs: number
  private readonly timers = new Set<Timer>()

  constructor(nowMs = 1_700_000_000_000) {
    this.nowMs = nowMs
  }

  /** How many timers wait. */
  get pending(): number {
    return this.timers.size
  }

  now(): number {
    return this.nowMs
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, run }
    this.timers.add(timer)
    return () => this.timers.delete(timer)
  }

  /** Moves time on, and runs each timer that falls due at its own moment, in order. */
  advance(ms: number): void {
    const endMs = this.nowMs + ms
    for (let next = this.nextBefore(endMs); next !== undefined; next = this.nextBefore(endMs)) {
      this.timers.delete(next)
      this.nowMs = Math.max(this.nowMs, next.atMs)
      next.run()
    }
    this.nowMs = endMs
  }

  /** Sets the clock back, as a machine's time correction may. Timers keep their moments. */
  goBack(ms: number): void {
    this.nowMs -= ms
  }

  private nextBefore(endMs: number): Timer | undefined {
    // Of two that fall due together, the one that was set first.
    let next: Timer | undefined
    for (const timer of this.timers) {
      if (timer.atMs <= endMs && (next === undefined || timer.atMs < next.atMs)) next = timer
    }
    return next
  }
}
