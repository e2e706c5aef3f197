/**
 * Owns what an isolate knows of whether a node lives, from all calls to it: in numbers, as requests share
 * nothing else. However many wait for a node, it is pinged once in four seconds at most.
 */

import { type Clock, within } from '../core/clock.ts'

/** How long a call may take before the node is asked whether it is there at all. */
const PATIENCE_MS = 1_000
/** How long that question may take: a node may have to be started for it, far away. */
const PING_MS = 4_000

export class Liveness {
  private readonly clock: Clock
  /** When the node was last heard of. */
  private heardAtMs = Number.NEGATIVE_INFINITY
  /** When the latest ping was sent. */
  private pingedAtMs = Number.NEGATIVE_INFINITY
  /** When a ping was last found to be unanswered. */
  private silentAtMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.clock = clock
  }

  /**
   * The call's own outcome, however long it takes: a slow load is not a dead node, and while one hangs, the
   * node still answers a ping. Rejects when it does not.
   */
  async await<T>(call: Promise<T>, ping: () => Promise<void>): Promise<T> {
    const answer = call.then((value) => {
      this.heardAtMs = this.clock.now()
      return { value }
    })
    const beganAtMs = this.clock.now()
    for (;;) {
      const settled = await within(this.clock, PATIENCE_MS, answer)
      if (settled !== undefined) return settled.value
      if (await this.isSilent(answer, ping, beganAtMs)) break
    }
    // Its late failure is nobody's news.
    answer.catch(() => {})
    throw new Error('No answer, not even to a ping.')
  }

  private async isSilent(
    answer: Promise<unknown>,
    ping: () => Promise<void>,
    sinceMs: number,
  ): Promise<boolean> {
    const nowMs = this.clock.now()
    if (isWithin(this.heardAtMs, nowMs, PATIENCE_MS)) return false
    // Another call has found out meanwhile.
    if (this.silentAtMs > Math.max(sinceMs, this.heardAtMs)) return true
    if (isWithin(this.pingedAtMs, nowMs, PING_MS)) return false
    this.pingedAtMs = nowMs
    const pong = ping().then(() => {
      this.heardAtMs = this.clock.now()
    })
    const signs = [answer, pong].map((sign) => sign.then(() => true))
    if (await within(this.clock, PING_MS, Promise.race(signs))) return false
    this.silentAtMs = this.clock.now()
    return true
  }
}

/** A moment before which the clock was set back is not near. */
function isWithin(momentMs: number, nowMs: number, spanMs: number): boolean {
  return nowMs >= momentMs && nowMs - momentMs < spanMs
}
