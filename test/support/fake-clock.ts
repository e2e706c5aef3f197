/** Owns time in tests: it stands still until a test moves it. */

import type { Clock } from '../../src/core/clock.ts'

export class FakeClock implements Clock {
  private nowMs: number
  /** What is to run, by moment; of one moment, what was set first is first. */
  private readonly timers = new Map<number, Set<() => void>>()

  constructor(nowMs = 1_700_000_000_000) {
    this.nowMs = nowMs
  }

  /** How many timers wait. */
  get pending(): number {
    return [...this.timers.values()].reduce((sum, runs) => sum + runs.size, 0)
  }

  now(): number {
    return this.nowMs
  }

  after(delayMs: number, run: () => void): () => void {
    const atMs = this.nowMs + delayMs
    const runs = this.timers.get(atMs) ?? new Set()
    this.timers.set(atMs, runs)
    // Of its own, as the same function may be set twice.
    const timer = () => run()
    runs.add(timer)
    return () => this.remove(atMs, timer)
  }

  /** Moves time on, and runs each timer that falls due at its own moment, in order. */
  advance(ms: number): void {
    const endMs = this.nowMs + ms
    for (let atMs = this.nextMoment(); atMs <= endMs; atMs = this.nextMoment()) {
      const [timer] = this.timers.get(atMs) as Set<() => void>
      this.remove(atMs, timer as () => void)
      this.nowMs = Math.max(this.nowMs, atMs)
      timer?.()
    }
    this.nowMs = endMs
  }

  /** Moves time on without running a timer: those of a request that is gone never run. */
  jump(ms: number): void {
    this.nowMs += ms
  }

  /** Sets the clock back, as a machine's time correction may. Timers keep their moments. */
  goBack(ms: number): void {
    this.nowMs -= ms
  }

  private remove(atMs: number, timer: () => void): void {
    const runs = this.timers.get(atMs)
    runs?.delete(timer)
    if (runs?.size === 0) this.timers.delete(atMs)
  }

  private nextMoment(): number {
    return Math.min(...this.timers.keys())
  }
}
