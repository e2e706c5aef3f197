/** Owns what one caller asks of several peers: batches, purges, and values set. */

import { PeerUnavailableError } from './errors.ts'
import type { NodeStats } from './node-stats.ts'
import type {
  NewValue,
  Peer,
  PeerHolder,
  PeerPicker,
  Purge,
  PurgeReport,
  Reply,
  SetOutcome,
} from './peers.ts'

/** Calls under way at once for one purge or report: enough to hide their latency, few enough for a Worker. */
const MOST_CALLS = 16

/** The room for the values of one batch that nobody has said otherwise of: half of what a call can carry. */
export const BATCH_BYTES = 16 * 1024 * 1024

/** Keys that are got at a time, so that little is loaded that then has no room. */
const SLICE_KEYS = 64

/** With less of the room left than this part, no more is loaded: it would mostly be in vain. */
const FULL = 1 / 8

/** What takes room in an answer. */
export function valueBytes(reply: Reply): number {
  return reply.kind === 'value' ? reply.entry.value.byteLength : 0
}

/**
 * One place's part of a batch: replies in the order asked, `null` where a value has no room. A batch does
 * not crowd out itself: it has no more loads under way than are allowed at once.
 */
export async function getManyWithin(
  get: (key: string) => Reply | Promise<Reply>,
  keys: readonly string[],
  maxBytes: number,
  maxLoads: number,
): Promise<(Reply | null)[]> {
  const replies: (Reply | null)[] = []
  const sliceKeys = Math.min(SLICE_KEYS, maxLoads)
  let room = maxBytes
  let hasRoom = true
  while (replies.length < keys.length && hasRoom && room >= maxBytes * FULL) {
    const slice = keys.slice(replies.length, replies.length + sliceKeys)
    hasRoom = false
    for (const reply of await Promise.all(slice.map(get))) {
      const bytes = valueBytes(reply)
      replies.push(bytes <= room ? reply : null)
      if (bytes > room) continue
      room -= bytes
      hasRoom = true
    }
  }
  return [...replies, ...keys.slice(replies.length).map(() => null)]
}

export interface Batch {
  /** `null` where a value has no room. */
  readonly found: ReadonlyMap<string, Reply | null>
  /** Keys that no peer could serve. */
  readonly unanswered: readonly string[]
  /** Why peers could not serve: one error for each call that failed. */
  readonly failures: readonly PeerUnavailableError[]
}

export interface BatchLimits {
  /** The room for values. */
  readonly maxBytes: number
  /** How long a peer may take for one key, which bounds its load itself, in milliseconds. */
  readonly limitMs: number
}

/** Keys that a peer gets at a time, unless its group allows fewer loads: for how long to wait for a batch. */
const LEAST_SLICE_KEYS = 8

/**
 * Asks each owner once for all of its keys, then the guests for what their owners could not serve. The
 * room is shared out evenly among those asked at a time; who has had too little of it is asked again.
 */
export async function getManyFromPeers(
  peers: PeerPicker,
  group: string,
  keys: readonly string[],
  { maxBytes, limitMs }: BatchLimits,
): Promise<Batch> {
  const found = new Map<string, Reply | null>()
  const unanswered: string[] = []
  const failures: PeerUnavailableError[] = []

  const ask = async (
    peer: Peer,
    asked: readonly string[],
    share: number,
  ): Promise<readonly string[]> => {
    const limitForAllMs = limitMs * Math.ceil(asked.length / LEAST_SLICE_KEYS)
    const asking = peer.getMany(group, asked, share, limitForAllMs)
    const replies = await asking.catch(unlessUnavailable)
    if (replies instanceof PeerUnavailableError) {
      failures.push(replies)
      return asked
    }
    asked.forEach((key, i) => {
      found.set(key, replies[i] as Reply | null)
    })
    return []
  }

  let remaining = keys
  for (let rank = 0; remaining.length > 0; rank++) {
    const byPeer = Map.groupBy(remaining, (key) => peers.pickPeers(key)[rank])
    unanswered.push(...(byPeer.get(undefined) ?? []))
    byPeer.delete(undefined)
    const share = Math.floor((maxBytes - bytesOf(found)) / byPeer.size)
    const asking = Array.from(byPeer, ([peer, asked]) => ask(peer as Peer, asked, share))
    remaining = (await Promise.all(asking)).flat()
    for (const [peer, asked] of byPeer) await askForMore(peer as Peer, asked)
  }
  return { found, unanswered, failures }

  /** A peer whose share was too small may have what the others have left. */
  async function askForMore(peer: Peer, asked: readonly string[]): Promise<void> {
    const leftOut = asked.filter((key) => found.get(key) === null)
    const room = maxBytes - bytesOf(found)
    if (leftOut.length > 0 && room > 0) await ask(peer, leftOut, room)
  }
}

function bytesOf(found: ReadonlyMap<string, Reply | null>): number {
  let bytes = 0
  for (const reply of found.values()) if (reply !== null) bytes += valueBytes(reply)
  return bytes
}

/**
 * Sets the value at the owner at home, and makes all nodes that may hold an older one forget it, in stages.
 * Throws `PeerUnavailableError` when the owner cannot serve. Throws it too, after all stages, when a node that
 * may hold an older value could not be told.
 *
 * @param canGuestsHold Whether guests hold copies at all.
 */
export async function setAtOwner(
  peers: PeerPicker,
  group: string,
  key: string,
  value: NewValue,
  canGuestsHold: boolean,
): Promise<SetOutcome> {
  const home = peers.pickHome(key)
  const missed: PeerUnavailableError[] = []
  let outcome: SetOutcome = 'stored'
  const tell = async ({ peer, isGuest }: PeerHolder) => {
    if (peer === home) {
      outcome = await peer.set(group, key, value)
      return
    }
    const purged = await peer.purge(group, { keys: [key] }).catch(unlessUnavailable)
    if (purged instanceof PeerUnavailableError && (!isGuest || canGuestsHold)) missed.push(purged)
  }
  for (const stage of peers.stagesOf(key)) await Promise.all(stage.map(tell))
  if (missed[0] !== undefined) throw missed[0]
  return outcome
}

/** Purges keys wherever copies of them may be, anything else at every peer; one stage after the other. */
export async function purgeAtPeers(
  peers: PeerPicker,
  group: string,
  purge: Purge,
): Promise<PurgeReport> {
  const reached = new Set<string>()
  const failed = new Set<string>()
  let entries = 0
  for (const calls of purgeStages(peers, purge)) {
    await forEachBounded(calls, async ([peer, part]) => {
      const purged = await peer.purge(group, part).catch(unlessUnavailable)
      if (purged instanceof PeerUnavailableError) failed.add(peer.name)
      else {
        // What is to be stale has been made stale already where a node is told for the second time.
        const isAgain = purge.soft === true && !('keys' in purge) && reached.has(peer.name)
        if (!isAgain) entries += purged
        reached.add(peer.name)
      }
    })
  }
  const done = [...reached].filter((name) => !failed.has(name))
  return { ok: failed.size === 0, nodes: done.length, entries, failed: [...failed].sort() }
}

type PurgeCall = readonly [peer: Peer, part: Purge]

function purgeStages(peers: PeerPicker, purge: Purge): PurgeCall[][] {
  if (!('keys' in purge)) {
    return peers.allStages().map((stage) => stage.map((peer) => [peer, purge] as const))
  }
  const stages: Map<Peer, Set<string>>[] = []
  for (const key of purge.keys) {
    peers.stagesOf(key).forEach((holders, i) => {
      const keysOf = stages[i] ?? new Map<Peer, Set<string>>()
      stages[i] = keysOf
      for (const { peer } of holders) keysOf.set(peer, (keysOf.get(peer) ?? new Set()).add(key))
    })
  }
  return stages.map((stage) =>
    Array.from(stage, ([peer, keys]) => [peer, { ...purge, keys: [...keys] }] as const),
  )
}

/** The counters of every peer, in their order, and the names of those that could not be reached. */
export async function statsOfPeers(
  peers: PeerPicker,
): Promise<{ nodes: NodeStats[]; failed: string[] }> {
  const all = peers.allPeers()
  const reports = new Map<Peer, NodeStats>()
  await forEachBounded(all, async (peer) => {
    const report = await peer.stats().catch(unlessUnavailable)
    if (!(report instanceof PeerUnavailableError)) reports.set(peer, report)
  })
  return {
    nodes: all.flatMap((peer) => reports.get(peer) ?? []),
    failed: all.filter((peer) => !reports.has(peer)).map(({ name }) => name),
  }
}

/** Turns the one failure that permits another way into a value; throws any other on. */
export function unlessUnavailable(error: unknown): PeerUnavailableError {
  if (error instanceof PeerUnavailableError) return error
  throw error
}

/** Does the work for each item, for at most `MOST_CALLS` at once. */
export async function forEachBounded<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values()
  const worker = async () => {
    for (const item of queue) await work(item)
  }
  await Promise.all(Array.from({ length: MOST_CALLS }, worker))
}
