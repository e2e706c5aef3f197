/**
 * The way of a body from its source to a client, piece by piece. It always ends: a side that stalls, or only
 * trickles, is given up, so that neither holds the place of a load for ever.
 */

import { type Clock, withTimeout } from '../core/clock.ts'
import { LoadTimeoutError } from '../core/errors.ts'
import type { Lease } from '../core/load/edge-load-limit.ts'

/** What has to pass in each window in which the relay waits for one side, in bytes. */
export const LEAST_BYTES = 64 * 1024

/** The shortest window for a client, in milliseconds: its connection is its own, whatever `timeout` says. */
const CLIENT_WINDOW_MS = 30_000

export interface RelayParts {
  /** The group's `timeout`: the longest wait for a piece, and the window for the source. */
  readonly timeoutMs: number
  readonly clock: Clock
  /** The place of the load; renewed with each piece. */
  readonly lease: Lease
}

/** Rejects when either side breaks off, stalls or is too slow; both have been told then. */
export async function relay(
  from: ReadableStream<Uint8Array>,
  to: WritableStream<Uint8Array>,
  { timeoutMs, clock, lease }: RelayParts,
): Promise<void> {
  const reader = from.getReader()
  const writer = to.getWriter()
  const source = new Pace(timeoutMs, timeoutMs, clock)
  const client = new Pace(timeoutMs, Math.max(timeoutMs, CLIENT_WINDOW_MS), clock)
  try {
    for (;;) {
      const piece = await source.wait(reader.read())
      if (piece.done) break
      source.passed(piece.value.byteLength)
      lease.renew()
      await client.wait(writer.write(piece.value).then(() => true))
      client.passed(piece.value.byteLength)
      lease.renew()
    }
    await client.wait(writer.close().then(() => true))
  } catch (error) {
    // Not awaited: a side that stalls may never answer.
    for (const told of [reader.cancel(error), writer.abort(brokenOff())]) told.catch(() => {})
    throw error
  }
}

/**
 * Returns the reason of a client's stream that is cut off. The runtime logs any other as an uncaught exception, a
 * line for each request, although clients can provoke it.
 */
function brokenOff(): Error {
  return Object.assign(new Error('Network connection lost.'), { retryable: true })
}

/** Measures one side by the time in which the relay waits for it, as the other side may be the slow one. */
class Pace {
  private readonly idleMs: number
  private readonly windowMs: number
  private readonly clock: Clock
  private leftMs: number
  private owedBytes = LEAST_BYTES

  constructor(idleMs: number, windowMs: number, clock: Clock) {
    this.idleMs = idleMs
    this.windowMs = windowMs
    this.clock = clock
    this.leftMs = windowMs
  }

  /** Throws `LoadTimeoutError` when the side takes too long. */
  async wait<T>(work: Promise<T>): Promise<T> {
    const { clock } = this
    const sinceMs = clock.now()
    const outcome = await withTimeout(clock, Math.min(this.idleMs, this.leftMs), work)
    this.leftMs -= Math.max(0, clock.now() - sinceMs)
    if (outcome === undefined || this.leftMs <= 0) {
      throw new LoadTimeoutError('One side of a stream is too slow.')
    }
    return outcome
  }

  passed(bytes: number): void {
    this.owedBytes -= bytes
    if (this.owedBytes > 0) return
    this.owedBytes = LEAST_BYTES
    this.leftMs = this.windowMs
  }
}
