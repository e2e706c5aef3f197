/**
 * Owns how many loads run at once in an edge isolate. Nobody waits: what waits there waits for another
 * request's promise, which may never settle once that request is over. For the same reason a place is
 * leased: the load that has it may vanish without a word.
 */

import type { Clock } from './clock.ts'
import { OverloadedError } from './errors.ts'
import type { Limit } from './load-limit.ts'

interface Lease {
  readonly sinceMs: number
}

export class LeaseLimit implements Limit {
  readonly maxLoads: number
  private readonly leaseMs: number
  private readonly clock: Clock
  /** The oldest first. */
  private readonly leases = new Set<Lease>()

  /** @param leaseMs After which a place is free again, whatever has become of its load. */
  constructor(maxLoads: number, leaseMs: number, clock: Clock) {
    this.maxLoads = maxLoads
    this.leaseMs = leaseMs
    this.clock = clock
  }

  /** Throws `OverloadedError` when all places are taken. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    const nowMs = this.clock.now()
    this.dropEnded(nowMs)
    if (this.leases.size >= this.maxLoads) {
      throw new OverloadedError('Too many loads are under way at the edge.')
    }
    const lease = { sinceMs: nowMs }
    this.leases.add(lease)
    try {
      return await work()
    } finally {
      this.leases.delete(lease)
    }
  }

  private dropEnded(nowMs: number): void {
    for (const lease of this.leases) {
      // A clock that was set back would otherwise keep the place for as long again.
      const isOver = nowMs >= lease.sinceMs + this.leaseMs || nowMs < lease.sinceMs
      if (!isOver) return
      this.leases.delete(lease)
    }
  }
}
