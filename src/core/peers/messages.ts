/** Owns the form of calls between a Worker and its nodes. Their answers are in `peers.ts`. */

import type { WantedPart } from '../entry/byte-range.ts'
import { isContentType } from '../entry/content-type.ts'
import type { Purge } from '../entry/purge.ts'
import { parseTags } from '../entry/tags.ts'
import type { EdgeReport } from '../stats/edge-reporter.ts'
import type { NodeStats } from '../stats/node-report.ts'
import type { AnswerRoom } from './byte-room.ts'
import type { NewValue, Reply, SetOutcome, StreamedReply } from './peers.ts'

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
  /** Where a large value may come as a stream. A node that does not know this field answers it as a whole. */
  readonly part?: WantedPart
}

/**
 * What it says of the room beside `maxBytes` is ignored by a node of an earlier version: that leaves out
 * the first value like any other, and loads again what it does not hold any more.
 */
export interface GetManyMessage extends GroupMessage, AnswerRoom {
  readonly keys: readonly string[]
}

export interface SetMessage extends GroupMessage {
  readonly key: string
  readonly value: NewValue
}

export interface PurgeMessage extends GroupMessage {
  readonly purge: Purge
}

export interface RetireMessage extends Message {
  /** The settings of the ring under which the caller runs, as text. */
  readonly settings: string
}

/** A message as it arrives: what is said of its parts is not known to be so. */
type Received<Form> = { readonly [Part in keyof Form]?: unknown }

export function isGetMessage({ key, part }: Received<GetMessage>): boolean {
  return typeof key === 'string' && (part === undefined || isWantedPart(part))
}

function isWantedPart(part: unknown): boolean {
  if (typeof part !== 'object' || part === null) return false
  const { aboveBytes, range = {} } = part as Received<WantedPart>
  if (typeof range !== 'object' || range === null) return false
  const { first = 0, last = 0, lastBytes = 0 } = range as Record<string, unknown>
  return [aboveBytes, first, last, lastBytes].every((value) => Number(value) >= 0)
}

export function isGetManyMessage(message: Received<GetManyMessage>): boolean {
  const { keys, maxBytes, firstBytes = 0, heldOnly = false } = message
  const isRoom = typeof maxBytes === 'number' && typeof firstBytes === 'number'
  return areTexts(keys) && isRoom && typeof heldOnly === 'boolean'
}

/** What would be held, and sent to clients, is looked at closely. */
export function isSetMessage({ key, value: set }: Received<SetMessage>): boolean {
  if (typeof key !== 'string' || typeof set !== 'object' || set === null) return false
  const { value, contentType, tags = [], ...life } = set as Received<NewValue>
  const { ttlMs = 0, staleWhileRevalidateMs = 0, staleIfErrorMs = 0 } = life
  const times = [ttlMs, staleWhileRevalidateMs, staleIfErrorMs]
  return (
    value instanceof Uint8Array &&
    isContentType(contentType) &&
    parseTags(tags) !== undefined &&
    times.every((ms) => Number.isFinite(ms) && (ms as number) >= 0)
  )
}

export function isPurgeMessage({ purge }: Received<PurgeMessage>): boolean {
  if (typeof purge !== 'object' || purge === null) return false
  if ('keys' in purge) return areTexts(purge.keys)
  if ('tags' in purge) return areTexts(purge.tags)
  return 'all' in purge && purge.all === true
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((text) => typeof text === 'string')
}

type Awaitable<T> = T | Promise<T>

/** What a node can be asked. Whatever a call throws means that the node could not serve. */
export interface NodeCalls {
  /** The answer to a key; a loader's failure is one of the answers. */
  get(message: GetMessage): Awaitable<Reply | StreamedReply>
  /** The answers to several keys, in their order; `null` where a value has no room. */
  getMany(message: GetManyMessage): Awaitable<(Reply | null)[]>
  /** What the node has of a key, without a load; `null`: nothing. */
  peek(message: GetMessage): Awaitable<Reply | null>
  set(message: SetMessage): Awaitable<SetOutcome>
  /** Forgets. Returns how many entries were dropped or made stale. */
  purge(message: PurgeMessage): Awaitable<number>
  /** The counters of all groups, and what they hold. */
  stats(message: Message): Awaitable<NodeStats>
  /** Drops everything, as purges may not have reached the node. Throws where the settings are others. */
  retire(message: RetireMessage): Awaitable<void>
  /** Returns at once, whatever else the node is busy with. */
  ping(): Awaitable<void>
}
