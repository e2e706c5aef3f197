/**
 * When an origin that keeps failing is left alone (M. Nygard, "Release It!", circuit breaker).
 *
 * Clients choose keys, so only failures that no key can provoke are reported as `failed`. The caller
 * reports everything else as `succeeded`, time-outs included. A probe whose key hangs would otherwise
 * keep the circuit open, and clients could send such keys for as long as they like.
 */

import { backoffMs } from '../backoff.ts'

/** `half-open`: one load, the probe, is under way to find out. */
export type CircuitState = 'closed' | 'open' | 'half-open'

/** What a load that was let through reports with. Of another era than the present, it says nothing any more. */
export interface CircuitPass {
  readonly era: number
}

/** Failures in a row, of any keys, before the circuit opens. High, as a few say little of the next load. */
export const FAILURES_TO_OPEN = 20

/**
 * How long a probe of an origin keeps all other loads waiting, in milliseconds. Short, whatever the group's
 * `timeout`: a key that hangs must not make the others fail for that long.
 */
export const LONGEST_PROBE_MS = 1_000

/** The longest pause that an origin can ask for by itself, in milliseconds. */
const LONGEST_ASKED_PAUSE_MS = 24 * 3_600_000

export interface CircuitOptions {
  /** After which a probe that has not reported is given up, in milliseconds. */
  readonly longestProbeMs: number
  /** Failures in a row before it opens; default `FAILURES_TO_OPEN`. */
  readonly failuresToOpen?: number
  /** The longest pause between two probes; default: that of `backoffMs`. */
  readonly longestPauseMs?: number
  /** Uniform in [0, 1). */
  readonly random: () => number
}

export class Circuit {
  state: CircuitState = 'closed'
  private readonly options: CircuitOptions
  /** Changes with the state: loads under way when the circuit opens are no probes. */
  private era = 0
  private failures = 0
  private openings = 0
  /** When the present pause, or the present probe, began, and when it is over at the latest. */
  private sinceMs = 0
  private untilMs = 0

  constructor(options: CircuitOptions) {
    this.options = options
  }

  /** Lets a load through, or `undefined`: it may not run now. */
  admit(nowMs: number): CircuitPass | undefined {
    if (this.state !== 'closed') {
      // A clock that was set back would otherwise keep it shut for as long again.
      const isOver = nowMs >= this.untilMs || nowMs < this.sinceMs
      if (!isOver) return undefined
      this.enter('half-open', nowMs, this.options.longestProbeMs)
    }
    return { era: this.era }
  }

  succeeded({ era }: CircuitPass): void {
    if (era !== this.era) return
    this.failures = 0
    if (this.state === 'closed') return
    this.openings = 0
    this.enter('closed', 0, 0)
  }

  /** @param askedPauseMs How long the origin wants to be left alone; default: as `backoffMs` says. */
  failed({ era }: CircuitPass, nowMs: number, askedPauseMs?: number): void {
    if (era !== this.era) return
    const { failuresToOpen = FAILURES_TO_OPEN, longestPauseMs, random } = this.options
    this.failures++
    if (this.state === 'closed' && this.failures < failuresToOpen) return
    this.openings++
    const pauseMs = askedPauseMs ?? backoffMs(this.openings, random, longestPauseMs)
    this.enter('open', nowMs, Math.min(pauseMs, LONGEST_ASKED_PAUSE_MS))
  }

  private enter(state: CircuitState, nowMs: number, forMs: number): void {
    // Probes that follow each other are of one era: one that was given up may still have news.
    if (state !== this.state) this.era++
    this.state = state
    this.sinceMs = nowMs
    this.untilMs = nowMs + forMs
  }
}
