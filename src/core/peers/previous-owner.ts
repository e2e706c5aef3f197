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
  readonly peer: Peer
  readonly group: string
  readonly clock: Clock
  /** Called for each peek that failed. */
  readonly onFailure: (error: PeerUnavailableError) => void
}

/** A peek whose answer has not arrived. */
interface Peek {
  /** Set once the new owner has answered the key: what the peek has read may be older than that. */
  isOvertaken: boolean
}

export class PreviousOwner {
  private readonly parts: PreviousOwnerParts
  /** Keys of which the latest peek has found nothing. */
  private readonly missing = new Set<string>()
  /**
   * Keys that have been answered here by something newer than what the previous owner may hold. Each has a
   * token of the latest answer.
   */
  private readonly superseded = new Map<string, object>()
  /** The peeks in flight, by key. */
  private readonly peeks = new Map<string, Set<Peek>>()
  private isPurging = false
  /** Never reset, because the keys that the previous owner has to forget are no longer known. */
  private isGivenUp = false

  constructor(parts: PreviousOwnerParts) {
    this.parts = parts
  }

  /** Returns what the node holds of `key`; `undefined`: nothing, nothing in time, or nothing that counts. */
  async peek(key: string): Promise<Reply | undefined> {
    const { clock, group, onFailure, peer } = this.parts
    if (this.isGivenUp || this.superseded.has(key)) return undefined
    this.missing.delete(key)
    const peek = this.beginPeek(key)
    const asking = peer.peek(group, key, CALL_MS).then((reply) => ({ reply }), unlessUnavailable)
    const answer = await withTimeout(clock, PEEK_MS, asking)
    this.endPeek(key, peek)
    if (answer instanceof PeerUnavailableError) onFailure(answer)
    if (answer === undefined || answer instanceof PeerUnavailableError) return undefined
    // 1. A peek reads the old value. 2. A load that began earlier is answered, and the previous owner
    // forgets the old value. 3. The peek's answer arrives: it must not replace the newer one.
    if (peek.isOvertaken) return undefined
    if (answer.reply === undefined) this.noteMissing(key)
    else this.missing.delete(key)
    return answer.reply
  }

  /** Makes the previous owner forget `key`, which has been answered here, unless it holds nothing of it. */
  supersede(key: string): void {
    // 1. One peek reads the old value. 2. The previous owner evicts it. 3. Another peek finds nothing.
    // 4. The second peek's load is answered. 5. The first peek's answer arrives: it must not count.
    const peeks = this.peeks.get(key)
    for (const peek of peeks ?? []) peek.isOvertaken = true
    // The node may have run the two peeks in the other order: only a lone "nothing" saves the purge.
    const isMissing = this.missing.delete(key) && peeks === undefined
    if (isMissing || this.isGivenUp) return
    this.superseded.set(key, {})
    if (this.superseded.size >= MOST_KEYS) this.giveUp()
    else if (!this.isPurging) void this.purgeSuperseded()
  }

  /**
   * Purges in one call at a time, however many keys there are. Keys whose purge fails stay superseded, so
   * that no peek brings an old value back. The next `supersede` tries again.
   */
  private async purgeSuperseded(): Promise<void> {
    const { group, peer } = this.parts
    this.isPurging = true
    try {
      while (this.superseded.size > 0) {
        const purged = [...this.superseded]
        const keys = purged.map(([key]) => key)
        const outcome = await peer.purge(group, { keys }, CALL_MS).catch(unlessUnavailable)
        if (outcome instanceof PeerUnavailableError) return
        for (const [key, token] of purged) {
          if (this.superseded.get(key) === token) this.superseded.delete(key)
        }
      }
    } finally {
      this.isPurging = false
    }
  }

  /**
   * Stops all peeks and purges in this life of the node. To keep more keys would take memory without bound,
   * and to drop one would let its old value come back.
   */
  private giveUp(): void {
    this.isGivenUp = true
    this.superseded.clear()
    this.missing.clear()
  }

  private beginPeek(key: string): Peek {
    const peek = { isOvertaken: false }
    const peeks = this.peeks.get(key)
    if (peeks === undefined) this.peeks.set(key, new Set([peek]))
    else peeks.add(peek)
    return peek
  }

  private endPeek(key: string, peek: Peek): void {
    const peeks = this.peeks.get(key)
    if (peeks?.delete(peek) && peeks.size === 0) this.peeks.delete(key)
  }

  private noteMissing(key: string): void {
    // To forget some of them costs a call each, no more.
    if (this.missing.size >= MOST_KEYS) this.missing.clear()
    this.missing.add(key)
  }
}
