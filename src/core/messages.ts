/** Owns the form of calls between a Worker and its nodes. Their answers are in `peers.ts`. */

import type { EdgeReport } from './edge-report.ts'
import type { NewValue, Purge } from './peers.ts'

/**
 * The version of the messages below and of their answers. A Worker and a node may run different
 * versions while a deployment spreads; a node that gets another version than its own refuses to serve.
 */
export const PROTOCOL_VERSION = 1

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
