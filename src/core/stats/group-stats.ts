/** Owns the counters of one group in one place, edge isolate or node, and says what moves each. */

import type { RemovalReason } from '../eviction/bounded-map.ts'

/** Upper bounds of the load histogram's buckets, in seconds; a last one takes all above. */
export const LOAD_SECONDS_BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const

/** Counters only grow, and start again at zero when the isolate or the node loses its memory. */
export class GroupStats {
  /** Each `Group.get`, whatever comes of it. */
  gets = 0
  /** Gets that this place's own memory answered with a fresh entry. Not: an entry found by a load. */
  hits = 0
  /** Gets answered with a stale value, at once or after its refresh failed. Not a part of `hits`. */
  stale = 0
  /** Loads that ran: once per call of the loader. Not: callers that joined one. */
  loads = 0
  /** Loads that did not run: too many others did, or their origin is left alone. Not a part of `loads`. */
  loadsRefused = 0
  /** Callers that joined a load under way. */
  loadsCoalesced = 0
  /** Loads that ran and failed, other than by time. */
  loadErrors = 0
  /** Loads that did not answer within `timeout`, those that were still waiting for their turn included. */
  loadTimeouts = 0
  /** Loads that ended in "not found". */
  notFound = 0
  /** Gets, and hot copies' renewals, that another node answered. */
  peerLoads = 0
  /** Calls to another node that it could not serve; one get can move this several times. */
  peerErrors = 0
  /** Loads that ran on a node that does not own the key. A part of `loads`. */
  guestLoads = 0
  /** Loads that ran at the edge, since no node could. A part of `loads`. */
  edgeLoads = 0
  /** Answers, "not found" included, that the previous owner handed over while the ring changes. */
  handoffs = 0
  /** Gets that a fresh entry answered which was read back from disk for them. A part of `hits`. */
  durableHits = 0
  /** Reads and writes of entries on disk that failed. They cost durability, never an answer. */
  durableErrors = 0
  /**
   * Values that their owner answered but could not store: too large, or what was being read left no room.
   * Not: a `ttl` of 0, hot copies.
   */
  rejected = 0
  /** Entries that left the cache, by reason. */
  readonly evictions: Record<RemovalReason, number> = {
    capacity: 0,
    expired: 0,
    purged: 0,
    replaced: 0,
  }
  /** Loads by duration: one count per bucket of `LOAD_SECONDS_BUCKETS`, and one for all above. */
  readonly loadSeconds: number[] = new Array(LOAD_SECONDS_BUCKETS.length + 1).fill(0)
  /** The sum of all loads' durations, in seconds. */
  loadSecondsSum = 0

  /** Counts one load that took `durationMs`, whatever its outcome. */
  observeLoad(durationMs: number): void {
    const seconds = durationMs / 1000
    const bucket = LOAD_SECONDS_BUCKETS.findIndex((bound) => seconds <= bound)
    const index = bucket === -1 ? LOAD_SECONDS_BUCKETS.length : bucket
    this.loadSeconds[index] = (this.loadSeconds[index] as number) + 1
    this.loadSecondsSum += seconds
  }
}
