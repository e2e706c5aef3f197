/** Owns the form of calls between a Worker and its nodes. Their answers are in `peers.ts`. */

import type { EdgeReport } from './edge-report.ts'
import type { NodeStats } from './node-stats.ts'
import type { NewValue, Purge, Reply, SetOutcome } from './peers.ts'

/**
 * The version of the messages below and of their answers. A Worker and a node may run different
 * versions while a deployment spreads; a node that gets another version than its own refuses to serve.
 */
export const PROTOCOL_VERSION = 2

/** What every message says. */
export interface Message {
  readonly version: number
  /** What the edge isolate that calls has counted: with some calls, see there. */
  readonly report?: EdgeReport
}

/** A message about one group. */
export interface GroupMessage extends Message {
  readonly group: string
}

export interface GetMessage extends GroupMessage {
  readonly key: string
}

export interface GetManyMessage extends GroupMessage {
  readonly keys: readonly string[]
  /** The room for values in the answer, in bytes. */
  readonly maxBytes: number
}

export interface SetMessage extends GroupMessage {
  readonly key: string
  readonly value: NewValue
}

export interface PurgeMessage extends GroupMessage {
  readonly purge: Purge
}

type Awaitable<T> = T | Promise<T>

/** What a node can be asked. Whatever a call throws means that the node could not serve. */
export interface NodeCalls {
  /** The answer to a key; a loader's failure is one of the answers. */
  get(message: GetMessage): Awaitable<Reply>
  /** The answers to several keys, in their order; `null` where a value has no room. */
  getMany(message: GetManyMessage): Awaitable<(Reply | null)[]>
  /** What the node has of a key, without a load; `null`: nothing. */
  peek(message: GetMessage): Awaitable<Reply | null>
  set(message: SetMessage): Awaitable<SetOutcome>
  /** Forgets. Returns how many entries were dropped or made stale. */
  purge(message: PurgeMessage): Awaitable<number>
  /** The counters of all groups, and what they hold. */
  stats(message: Message): Awaitable<NodeStats>
  /** Returns at once, whatever else the node is busy with. */
  ping(): Awaitable<void>
}
