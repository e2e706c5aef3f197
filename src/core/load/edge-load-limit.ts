/**
 * Owns how many loads run at once in an edge isolate. Nobody waits: what waits there waits for another
 * request's promise, which may never settle once that request is over. For the same reason a place is
 * leased: the load that has it may vanish without a word.
 */

import type { Clock } from '../clock.ts'
import { OverloadedError } from '../errors.ts'
import type { Limit } from './load-limit.ts'

/** A place of one load. */
export interface Lease {
  /** The load is still at work: its time begins anew. */
  renew(): void
  /** The place is free again. May be called twice. */
  release(): void
}

interface Place {
  readonly sinceMs: number
}

export class EdgeLoadLimit implements Limit {
  readonly maxLoads: number
  private readonly leaseMs: number
  private readonly clock: Clock
  /** The one that was taken or renewed longest ago first. */
  private readonly places = new Set<Place>()

  /** @param leaseMs After which a place is free again, whatever has become of its load. */
  constructor(maxLoads: number, leaseMs: number, clock: Clock) {
    this.maxLoads = maxLoads
    this.leaseMs = leaseMs
    this.clock = clock
  }

  /** Throws `OverloadedError` when all places are taken. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    const lease = this.take()
    try {
      return await work()
    } finally {
      lease.release()
    }
  }

  /** A place for work that outlives its call. Throws `OverloadedError` when all places are taken. */
  take(): Lease {
    const nowMs = this.clock.now()
    this.dropEnded(nowMs)
    if (this.places.size >= this.maxLoads) {
      throw new OverloadedError('Too many loads are under way at the edge.')
    }
    let place: Place = { sinceMs: nowMs }
    this.places.add(place)
    return {
      renew: () => {
        // A place that was taken back may be another load's by now.
        if (!this.places.delete(place)) return
        place = { sinceMs: this.clock.now() }
        this.places.add(place)
      },
      release: () => this.places.delete(place),
    }
  }

  private dropEnded(nowMs: number): void {
    for (const place of this.places) {
      // A clock that was set back would otherwise keep the place for as long again.
      const isOver = nowMs >= place.sinceMs + this.leaseMs || nowMs < place.sinceMs
      if (!isOver) return
      this.places.delete(place)
    }
  }
}
