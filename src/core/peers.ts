/** Owns how nodes speak of each other: interfaces and messages. Transport is left to `edge/` and `node/`. */

import type { Entry, StandIn } from './entry.ts'
import type { LoadFailure } from './loader.ts'

/**
 * The version of the messages below. A Worker and a node may run different versions while a
 * deployment spreads; a node that gets another version than its own refuses to serve.
 */
export const PROTOCOL_VERSION = 1

/** Asks a node for the value of a key. */
export interface GetRequest {
  readonly version: number
  readonly group: string
  readonly key: string
}

/** What the asker learns of the value. A loader's failure is one of the answers. */
export type Answer =
  | { readonly kind: 'value'; readonly entry: Entry }
  | { readonly kind: 'not-found' }
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
  readonly fwd?: 'miss'
  readonly stored?: boolean
  readonly collapsed?: boolean
  readonly detail?: StandIn
}

/** An answer and the way it took: one member per cache, the one nearest the origin first. */
export type Reply = Answer & { readonly path: readonly CacheStatusMember[] }

/** Another node that can be asked. GeeCache calls it PeerGetter, groupcache ProtoGetter. */
export interface Peer {
  readonly name: string
  /** Throws `PeerUnavailableError`, and nothing else, when the node could not serve. */
  get(group: string, key: string): Promise<Reply>
}

/** Chooses among the peers by key. */
export interface PeerPicker {
  /** The peer that owns `key`. */
  pickPeer(key: string): Peer
  /** The owner and the peers that stand in for it, in the order in which they are asked. */
  pickPeers(key: string): readonly Peer[]
}
