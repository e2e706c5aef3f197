/**
 * A key's previous owner, as its new owner deals with it while the ring changes: the new owner asks it once
 * per miss, and makes it forget what a newer answer has replaced.
 */

import { type Clock, withTimeout } from '../clock.ts'
import { PeerUnavailableError } from '../errors.ts'
import { unlessUnavailable } from './fan-out.ts'
import type { Peer, Reply } from './peers.ts'

/** How long a load waits for a peek, which only reads memory or disk. */
const PEEK_MS = 250
/** How long a call may stay unanswered: a node may have to be started for it. */
const CALL_MS = 1_000
/** The most keys remembered in each of the two sets. */
const MOST_KEYS = 1_000

export interface PreviousOwnerParts {
  readonly group: string
  readonly clock: Clock
  /** Called for each peek that failed. */
  readonly onFailure: (error: PeerUnavailableError) => void
}

export class PreviousOwner {
  private readonly parts: PreviousOwnerParts
  /** Keys of which the latest peek has found nothing. */
  private readonly missing = new Set<string>()
  /**
   * Keys that have been answered here by something newer than what their previous owner may hold. Each has
   * a token of the answer.
   */
  private readonly superseded = new Map<string, object>()

  constructor(parts: PreviousOwnerParts) {
    this.parts = parts
  }

  /** Returns what `peer` holds of `key`; `undefined`: nothing, nothing in time, or nothing that counts. */
  async peek(peer: Peer, key: string): Promise<Reply | undefined> {
    const { clock, group, onFailure } = this.parts
    if (this.superseded.has(key) || this.superseded.size >= MOST_KEYS) return undefined
    this.missing.delete(key)
    const asking = peer.peek(group, key, CALL_MS).then((reply) => ({ reply }), unlessUnavailable)
    const answer = await withTimeout(clock, PEEK_MS, asking)
    if (answer instanceof PeerUnavailableError) onFailure(answer)
    if (answer === undefined || answer instanceof PeerUnavailableError) return undefined
    if (answer.reply === undefined) this.isMissing(key)
    // 1. A peek reads the old value. 2. A load that began earlier is answered, and the previous owner
    // forgets the old value. 3. The peek's answer arrives: it must not replace the newer one.
    return this.superseded.has(key) ? undefined : answer.reply
  }

  /** Makes `peer` forget `key`, which has been answered here, unless it holds nothing of it. */
  supersede(peer: Peer, key: string): void {
    const { clock, group } = this.parts
    if (this.missing.delete(key)) return
    const token = {}
    this.superseded.set(key, token)
    const forget = () => {
      if (this.superseded.get(key) === token) this.superseded.delete(key)
    }
    // Peeks that have read the old value before it was purged may be under way for as long as they may take.
    peer.purge(group, { keys: [key] }, CALL_MS).then(
      () => clock.after(PEEK_MS, forget),
      // The key stays superseded, so that no peek brings the old value back.
      unlessUnavailable,
    )
  }

  private isMissing(key: string): void {
    // To forget some of them costs a call each, no more.
    if (this.missing.size >= MOST_KEYS) this.missing.clear()
    this.missing.add(key)
  }
}
