/** Owns time in a simulation: it jumps from one thing that happens to the next. */

import type { Clock } from '../../src/core/clock.ts'

interface Timer {
  readonly atMs: number
  /** Of two at one moment, what was set first is first. */
  readonly number: number
  run: (() => void) | undefined
}

export class SimulatedClock implements Clock {
  private nowMs = 1_700_000_000_000
  private set = 0
  /** A binary heap, the next one on top. */
  private readonly timers: Timer[] = []

  now(): number {
    return this.nowMs
  }

  after(delayMs: number, run: () => void): () => void {
    if (delayMs === Number.POSITIVE_INFINITY) return () => {}
    const atMs = this.nowMs + Math.max(0, Math.ceil(delayMs))
    const timer: Timer = { atMs, number: this.set++, run }
    this.push(timer)
    return () => {
      timer.run = undefined
    }
  }

  /** Runs the next timer at its own moment, if that is not after `untilMs`; returns whether there was one. */
  runNext(untilMs: number): boolean {
    while (this.timers[0] !== undefined && this.timers[0].atMs <= untilMs) {
      const { atMs, run } = this.pop()
      if (run === undefined) continue
      this.nowMs = atMs
      run()
      return true
    }
    this.nowMs = Math.max(this.nowMs, untilMs)
    return false
  }

  private push(timer: Timer): void {
    const { timers } = this
    let index = timers.length
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(timer, timers[parent] as Timer)) break
      timers[index] = timers[parent] as Timer
      index = parent
    }
    timers[index] = timer
  }

  private pop(): Timer {
    const { timers } = this
    const top = timers[0] as Timer
    const last = timers.pop() as Timer
    if (timers.length === 0) return top
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= timers.length) break
      const right = timers[child + 1]
      if (right !== undefined && isBefore(right, timers[child] as Timer)) child++
      if (!isBefore(timers[child] as Timer, last)) break
      timers[index] = timers[child] as Timer
      index = child
    }
    timers[index] = last
    return top
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.number < b.number)
}
