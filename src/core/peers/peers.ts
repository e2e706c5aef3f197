/** Owns what a peer is and what it answers. Interfaces only: transport is left to `edge/` and `node/`. */

import type { WantedPart } from '../entry/byte-range.ts'
import type { FallbackRole, Life, Marker, ValueEntry, ValueHead } from '../entry/entry.ts'
import type { Purge } from '../entry/purge.ts'
import type { LoadFailure } from '../load/loader.ts'
import type { NodeStats } from '../stats/node-report.ts'
import type { AnswerRoom } from './byte-room.ts'

/** What the asker learns of the value. A loader's failure is one of the answers. */
export type Answer =
  | { readonly kind: 'value'; readonly entry: ValueEntry }
  /**
   * That there is no value, or one too large to be handed over, how long that may be remembered, and by
   * which tags it is purged. A peer of an older version does not name any tags.
   */
  | {
      readonly kind: Marker['kind']
      readonly expiresAtMs: number
      readonly tags?: readonly string[]
    }
  | LoadFailure

/**
 * One cache's part in an answer, in the words of RFC 9211: `hit`, or `fwd` with why the request went
 * on (section 2.2), whether the answer was `stored`, and whether it was `collapsed` with another.
 */
export interface CacheStatusMember {
  /** The cache's name: `edge`, `node-7`. */
  readonly cache: string
  readonly hit?: boolean
  /** What is left of the freshness lifetime, in milliseconds; negative when stale. */
  readonly ttlMs?: number
  readonly fwd?: 'miss' | 'stale'
  readonly stored?: boolean
  readonly collapsed?: boolean
  readonly detail?: FallbackRole | 'too-large'
}

interface Way {
  /** One member per cache, the one nearest the origin first. */
  readonly path: readonly CacheStatusMember[]
  /** How long the load took that has brought the answer, if one has, in milliseconds. */
  readonly loadMs?: number
  /** What the load has read for an answer that carries no value, in bytes: too large, or broken off. */
  readonly wastedBytes?: number
  /** How much longer a guest that has answered may answer this from its own copy, in milliseconds. */
  readonly leftMs?: number
  /** Set when the value is not fresh any more, whatever any clock says; of peeks alone. */
  readonly isPurgedSoftly?: true
}

/** An answer and the way it took. */
export type Reply = Answer & Way

/** A large value, whose bytes come one piece at a time: the place that asks never holds it as a whole. */
export interface StreamedReply extends Way {
  readonly kind: 'stream'
  readonly entry: ValueHead
  /** The length of the whole value, in bytes. */
  readonly length: number
  /** The bytes that were asked for; absent where there are none of them. */
  readonly body?: ReadableStream<Uint8Array>
}

/** A value that no loader brought. What it does not say of its life, the group's options do. */
export interface NewValue extends Partial<Life> {
  readonly value: Uint8Array
  readonly contentType: string
  readonly tags?: readonly string[]
}

/**
 * What became of a value set. `no-life`: it was to be gone at once, and took the older value with it.
 * `too-large`: the older value stays.
 */
export type SetOutcome = 'stored' | 'no-life' | 'too-large'

/** Another node that can be asked. GeeCache calls it PeerGetter, groupcache ProtoGetter. */
export interface Peer {
  readonly name: string
  /**
   * Throws `PeerUnavailableError`, and nothing else, when the node could not serve.
   *
   * @param limitMs How long to wait for a node that lives; then the
   * answer is a `load-timeout` with no path. Default: 30 seconds.
   */
  get(group: string, key: string, limitMs?: number): Promise<Reply>
  /** As `get`, but a large value comes as a stream from nodes that know how. */
  read(
    group: string,
    key: string,
    part: WantedPart,
    limitMs?: number,
  ): Promise<Reply | StreamedReply>
  /**
   * What the node has of a key, without a load; `undefined`: nothing. Throws as `get` does, and when there
   * is no answer within `limitMs`.
   */
  peek(group: string, key: string, limitMs?: number): Promise<Reply | undefined>
  /**
   * One call, one reply per key in the order asked; `null` where a value does not fit `room`.
   * Limited, and throws, as `get`.
   */
  getMany(
    group: string,
    keys: readonly string[],
    room: AnswerRoom,
    limitMs?: number,
  ): Promise<readonly (Reply | null)[]>
  /** Throws as `get` does. */
  set(group: string, key: string, value: NewValue): Promise<SetOutcome>
  /** Returns how many entries were purged. Throws as `peek` does. */
  purge(group: string, purge: Purge, limitMs?: number): Promise<number>
  /** The node's counters, of all groups. Throws as `get` does. */
  stats(): Promise<NodeStats>
}

/** Chooses among the peers by key. */
export interface PeerPicker {
  /** The peer that owns `key`. */
  pickPeer(key: string): Peer
  /** The owner and the peers that stand in for it, in the order in which they are asked. */
  pickPeers(key: string): readonly Peer[]
  /** The peer that owns `key` where values are set: at home, in whichever region this is. */
  pickHome(key: string): Peer
  /** Every peer of every region. */
  allPeers(): readonly Peer[]
  /**
   * Where copies of `key` may be, in stages: once all of a stage have forgotten one, none of the stages
   * before can bring it back. The same number of stages for each key; some are empty.
   */
  stagesOf(key: string): readonly (readonly PeerHolder[])[]
  /** Every peer, in such stages; some come up more than once. */
  allStages(): readonly (readonly Peer[])[]
}

export interface PeerHolder {
  readonly peer: Peer
  /** Whether what it holds ends by itself within `hotTtl`. */
  readonly isGuest: boolean
}
