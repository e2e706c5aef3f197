/** Many keys in one question: what one place answers within the room, and what is asked of which peer. */

import type { Entry } from '../entry/entry.ts'
import { PeerUnavailableError } from '../errors.ts'
import { type AnswerRoom, ByteRoom, roundsFor } from './byte-room.ts'
import { unlessUnavailable } from './fan-out.ts'
import type { Peer, PeerPicker, Reply } from './peers.ts'

/** Replies by key; `null` where a value has no room. */
export type Found = ReadonlyMap<string, Reply | null>

/** What one place can do for a batch. */
export interface BatchPlace {
  /**
   * Returns the answer to `key` that memory can give; `null` if its value does not fit. Loads nothing,
   * and reads nothing from disk.
   */
  held(key: string, fits: (bytes: number) => boolean): Reply | null | undefined
  get(key: string): Reply | Promise<Reply>
  /** The most loads that are allowed at once: a batch does not crowd out itself. */
  readonly maxLoads: number
}

/** What an entry takes of the room: its value, and those of its fields that can be long. */
export function entryBytes(entry: Entry): number {
  if (entry.kind !== 'value') return 0
  const { originEtag = '', tags, value } = entry
  return tags.reduce((bytes, tag) => bytes + tag.length, value.byteLength + originEtag.length)
}

function replyBytes(reply: Reply): number {
  return reply.kind === 'value' ? entryBytes(reply.entry) : 0
}

/**
 * The room that is left beside what has been found.
 *
 * @param isForFirst Whether the first key is still to be answered.
 */
export function roomBeside(
  { maxBytes, firstBytes }: AnswerRoom,
  found: Found,
  isForFirst: boolean,
): AnswerRoom {
  return { maxBytes: maxBytes - bytesOf(found), ...(isForFirst ? { firstBytes } : {}) }
}

function bytesOf(found: Found): number {
  let bytes = 0
  for (const reply of found.values()) if (reply !== null) bytes += replyBytes(reply)
  return bytes
}

/**
 * Answers one place's part of a batch of distinct keys. Gets each key at most once: the first key alone,
 * then what memory holds, then the rest for as long as there is room, a few at a time. The reply to the
 * first key is there however large it is.
 */
export async function getWithin(
  place: BatchPlace,
  keys: readonly string[],
  answerRoom: AnswerRoom,
): Promise<Map<string, Reply | null>> {
  const [first] = keys
  const room = new ByteRoom(answerRoom)
  const found = new Map<string, Reply | null>(keys.map((key) => [key, null]))
  const put = (key: string, reply: Reply) => {
    if (room.take(replyBytes(reply)) || key === first) found.set(key, reply)
  }
  const load = async (key: string) => {
    const reply = await place.get(key)
    put(key, reply)
    if (reply.wastedBytes !== undefined) room.waste(reply.wastedBytes)
  }

  const { heldOnly = false } = answerRoom
  const loadsFirst = !heldOnly && first !== undefined && room.fits(1)
  if (loadsFirst) await load(first)
  const waiting = keys.slice(loadsFirst ? 1 : 0).filter((key) => {
    const reply = place.held(key, (bytes) => room.fits(bytes))
    if (reply) put(key, reply)
    return reply === undefined
  })
  if (!heldOnly) await loadWhileRoom(room, place.maxLoads, waiting, load)
  return found
}

/** Loads keys in their order. Looks at the room again whenever one has landed. */
async function loadWhileRoom(
  room: ByteRoom,
  maxLoads: number,
  keys: readonly string[],
  load: (key: string) => Promise<void>,
): Promise<void> {
  const inFlight = new Set<Promise<void>>()
  for (const key of keys) {
    while (inFlight.size >= room.loadsInFlight(maxLoads)) {
      if (inFlight.size === 0) return
      await Promise.race(inFlight)
    }
    const loading = load(key).finally(() => inFlight.delete(loading))
    inFlight.add(loading)
  }
  await Promise.all(inFlight)
}

/**
 * The answers to `keys` in their order, duplicates and all, as far as there is room; `null` where there is
 * none. A key that is asked for again takes room again, after all others.
 */
export function answersTo(
  keys: readonly string[],
  found: Found,
  answerRoom: AnswerRoom,
): (Reply | null)[] {
  const room = new ByteRoom(answerRoom)
  const fitting = (reply: Reply | null) =>
    reply !== null && room.take(replyBytes(reply)) ? reply : null
  const answers = new Map<string, Reply | null>()
  for (const key of inOrderOfClaim(keys, found, answerRoom)) {
    const reply = found.get(key) ?? null
    const isSure = answerRoom.firstBytes !== undefined && key === keys[0] && reply !== null
    answers.set(key, fitting(reply) ?? (isSure ? tooLarge(reply) : null))
  }
  const given = new Set<string>()
  return keys.map((key) => {
    const answer = answers.get(key) ?? null
    if (given.has(key)) return fitting(answer)
    given.add(key)
    return answer
  })
}

/** Each key once. An oversized value has room only before any other value, unless it is the first key's. */
function inOrderOfClaim(
  keys: readonly string[],
  found: Found,
  { maxBytes }: AnswerRoom,
): readonly string[] {
  const [first, ...others] = new Set(keys)
  if (first === undefined) return []
  const isOversized = (key: string) => {
    const reply = found.get(key) ?? null
    return reply !== null && replyBytes(reply) > maxBytes
  }
  return [first, ...others.filter(isOversized), ...others.filter((key) => !isOversized(key))]
}

/** Over at once, as another way in may well have room for the value. */
function tooLarge({ path }: Reply): Reply {
  return { kind: 'too-large', expiresAtMs: 0, path }
}

export interface Batch {
  readonly found: Found
  /** Keys that no peer could serve. */
  readonly unanswered: readonly string[]
  /** Why peers could not serve: one error for each call that failed. */
  readonly failures: readonly PeerUnavailableError[]
}

/** Loads that a peer's group allows at once, at least, for how long to wait for a batch. */
const LEAST_LOADS = 8

/**
 * Asks each owner once for all of its keys, then the guests for what their owners could not serve. The owners
 * asked at a time share the room in proportion to their keys. An owner whose share was too small is asked once
 * more, for what it then holds in memory: no value is loaded a second time for lack of room.
 *
 * @param limitMs How long a peer may take for one key, which bounds its load itself, in milliseconds.
 */
export async function getManyFromPeers(
  peers: PeerPicker,
  group: string,
  keys: readonly string[],
  answerRoom: AnswerRoom,
  limitMs: number,
): Promise<Batch> {
  const { firstBytes } = answerRoom
  const room = new ByteRoom(answerRoom)
  const found = new Map<string, Reply | null>(keys.map((key) => [key, null]))
  const failures: PeerUnavailableError[] = []

  /** Returns whether the peer could serve. */
  const ask = async (peer: Peer, asked: readonly string[], share: AnswerRoom): Promise<boolean> => {
    const rounds = share.heldOnly ? 1 : roundsFor(asked.length, LEAST_LOADS)
    const asking = peer.getMany(group, asked, share, limitMs * rounds)
    const replies = await asking.catch(unlessUnavailable)
    if (replies instanceof PeerUnavailableError) {
      failures.push(replies)
      return false
    }
    asked.forEach((key, i) => {
      const reply = replies[i] ?? null
      if (reply !== null) room.charge(replyBytes(reply))
      found.set(key, reply)
    })
    return true
  }

  const askOwner = async (peer: Peer, asked: readonly string[], maxBytes: number) => {
    const share = { maxBytes, ...(asked[0] === keys[0] ? { firstBytes } : {}) }
    const isInVain = maxBytes === 0 && share.firstBytes === undefined
    return { peer, asked, couldServe: isInVain || (await ask(peer, asked, share)) }
  }

  const askAgain = async (peer: Peer, asked: readonly string[]) => {
    const leftOut = asked.filter((key) => found.get(key) === null)
    if (leftOut.length === 0 || room.leftBytes === 0) return
    const share = { maxBytes: room.leftBytes, heldOnly: true }
    await ask(peer, leftOut, room.isEmpty ? { ...share, firstBytes } : share)
  }

  const unanswered: string[] = []
  let remaining = keys
  for (let rank = 0; remaining.length > 0; rank++) {
    const byPeer = Map.groupBy(remaining, (key) => peers.pickPeers(key)[rank])
    unanswered.push(...(byPeer.get(undefined) ?? []))
    byPeer.delete(undefined)
    const bytesPerKey = room.leftBytes / remaining.length
    const outcomes = await Promise.all(
      Array.from(byPeer, ([peer, asked]) =>
        askOwner(peer as Peer, asked, Math.floor(asked.length * bytesPerKey)),
      ),
    )
    for (const { peer, asked, couldServe } of outcomes) if (couldServe) await askAgain(peer, asked)
    remaining = outcomes.flatMap(({ asked, couldServe }) => (couldServe ? [] : asked))
  }
  return { found, unanswered, failures }
}
