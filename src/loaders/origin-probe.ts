/**
 * Tells an origin that cannot be reached from one that a key has made to fail. A key alone may make an origin
 * reset its connection, or answer what the runtime cannot read; the runtime's error is the same for all of these.
 */

import { discard } from './from-response.ts'
import type { HttpOrigin, HttpOriginParts } from './origin.ts'

/** How long an outcome counts, and how long a probe may take, in milliseconds. */
const PROBE_MS = 1_000

export class OriginProbe {
  private readonly origin: HttpOrigin
  private readonly parts: HttpOriginParts
  private askedAtMs = Number.NEGATIVE_INFINITY
  private wasUnreachable = false

  constructor(origin: HttpOrigin, parts: HttpOriginParts) {
    this.origin = origin
    this.parts = parts
  }

  /**
   * Returns whether a request that no key has chosen fails as well. Asks the origin once a second at most; until
   * it has answered, other callers get the outcome before. Shares no promise: one belongs to its request.
   */
  async isUnreachable(signal: AbortSignal): Promise<boolean> {
    const nowMs = this.parts.now()
    const isRecent = nowMs >= this.askedAtMs && nowMs - this.askedAtMs < PROBE_MS
    if (isRecent) return this.wasUnreachable
    this.askedAtMs = nowMs
    this.wasUnreachable = await this.ask(signal)
    return this.wasUnreachable
  }

  private async ask(signal: AbortSignal): Promise<boolean> {
    const { baseUrl, headers } = this.origin
    const limit = AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)])
    try {
      discard(
        await this.parts.fetch(baseUrl.href, {
          method: 'HEAD',
          headers,
          signal: limit,
          redirect: 'manual',
          cache: 'no-store',
        }),
      )
      return false
    } catch {
      // What takes too long shows nothing.
      return !limit.aborted
    }
  }
}
