/**
 * Owns what an isolate knows of whether a node lives, from all calls to it: in numbers, as requests share
 * nothing else. However many wait for a node, it is pinged once in four seconds at most.
 */

import { type Clock, withTimeout } from '../core/clock.ts'

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
   * node still answers a ping. Rejects when it does not. One timer at a time, as each call pays for them.
   *
   * @param limitMs After which nobody waits any more: the outcome is `undefined`.
   */
  async await<T>(
    call: Promise<T>,
    ping: () => Promise<void>,
    limitMs: number,
  ): Promise<T | undefined> {
    const answer = call.then((value) => {
      this.heardAtMs = this.clock.now()
      return { value }
    })
    const beganAtMs = this.clock.now()
    // By what has been waited, not by the time of day: the clock may be set back.
    for (let leftMs = limitMs; leftMs > 0; ) {
      const settled = await withTimeout(this.clock, Math.min(PATIENCE_MS, leftMs), answer)
      if (settled !== undefined) return settled.value
      leftMs -= PATIENCE_MS
      const askedAtMs = this.clock.now()
      if (await this.isSilent(answer, ping, beganAtMs, leftMs)) {
        // Its late failure is nobody's news.
        answer.catch(() => {})
        throw new Error('No answer, not even to a ping.')
      }
      leftMs -= Math.max(0, this.clock.now() - askedAtMs)
    }
    answer.catch(() => {})
    return undefined
  }

  private async isSilent(
    answer: Promise<unknown>,
    ping: () => Promise<void>,
    sinceMs: number,
    leftMs: number,
  ): Promise<boolean> {
    const nowMs = this.clock.now()
    if (leftMs <= 0 || isWithin(this.heardAtMs, nowMs, PATIENCE_MS)) return false
    // Another call has found out meanwhile.
    if (this.silentAtMs > Math.max(sinceMs, this.heardAtMs)) return true
    if (isWithin(this.pingedAtMs, nowMs, PING_MS)) return false
    this.pingedAtMs = nowMs
    const pong = ping().then(() => {
      this.heardAtMs = this.clock.now()
    })
    const signs = [answer, pong].map((sign) => sign.then(() => true))
    if (await withTimeout(this.clock, Math.min(PING_MS, leftMs), Promise.race(signs))) return false
    // Without the whole time to answer it is not found to be silent.
    if (leftMs < PING_MS) return false
    this.silentAtMs = this.clock.now()
    return true
  }
}

/** A moment before which the clock was set back is not near. */
function isWithin(momentMs: number, nowMs: number, spanMs: number): boolean {
  return nowMs >= momentMs && nowMs - momentMs < spanMs
}
