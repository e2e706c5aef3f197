/** Owns what one caller asks of several peers: batches, purges, and values set. */

import { PeerUnavailableError } from './errors.ts'
import type { NewValue, Peer, PeerPicker, Purge, PurgeReport, Reply } from './peers.ts'

/** Calls under way at once for one purge: enough to hide their latency, few enough for a Worker. */
const MOST_CALLS = 16

export interface Batch {
  readonly found: ReadonlyMap<string, Reply>
  /** Keys that no peer could serve. */
  readonly unanswered: readonly string[]
  /** Why peers could not serve: one error for each call that failed. */
  readonly failures: readonly PeerUnavailableError[]
}

/** Asks each owner once for all of its keys, then the guests for what their owners could not serve. */
export async function getManyFromPeers(
  peers: PeerPicker,
  group: string,
  keys: readonly string[],
): Promise<Batch> {
  const found = new Map<string, Reply>()
  const unanswered: string[] = []
  const failures: PeerUnavailableError[] = []

  const ask = async (
    peer: Peer | undefined,
    asked: readonly string[],
  ): Promise<readonly string[]> => {
    if (peer === undefined) {
      unanswered.push(...asked)
      return []
    }
    const replies = await peer.getMany(group, asked).catch(unlessUnavailable)
    if (replies instanceof PeerUnavailableError) {
      failures.push(replies)
      return asked
    }
    asked.forEach((key, i) => {
      found.set(key, replies[i] as Reply)
    })
    return []
  }

  let remaining = keys
  for (let rank = 0; remaining.length > 0; rank++) {
    const byPeer = Map.groupBy(remaining, (key) => peers.pickPeers(key)[rank])
    const refused = await Promise.all(Array.from(byPeer, ([peer, asked]) => ask(peer, asked)))
    remaining = refused.flat()
  }
  return { found, unanswered, failures }
}

/** Tells the owner; and the guests to forget, as a purge does. Throws `PeerUnavailableError`. */
export async function setAtOwner(
  peers: PeerPicker,
  group: string,
  key: string,
  value: NewValue,
): Promise<boolean> {
  const [owner, ...guests] = peers.pickPeers(key) as [Peer, ...Peer[]]
  // A guest that cannot be reached keeps its copy no longer than any hot copy is kept.
  const purges = guests.map((guest) => guest.purge(group, { keys: [key] }).catch(unlessUnavailable))
  const [stored] = await Promise.all([owner.set(group, key, value), ...purges])
  return stored
}

/** Purges keys at their owners and guests, anything else at every peer. */
export async function purgeAtPeers(
  peers: PeerPicker,
  group: string,
  purge: Purge,
): Promise<PurgeReport> {
  const failed: string[] = []
  let entries = 0
  const calls = callsOf(peers, purge)
  await forEachBounded(calls, async ([peer, part]) => {
    const purged = await peer.purge(group, part).catch(unlessUnavailable)
    if (purged instanceof PeerUnavailableError) failed.push(peer.name)
    else entries += purged
  })
  return {
    ok: failed.length === 0,
    nodes: calls.length - failed.length,
    entries,
    failed: failed.sort(),
  }
}

function callsOf(peers: PeerPicker, purge: Purge): (readonly [Peer, Purge])[] {
  if (!('keys' in purge)) return peers.allPeers().map((peer) => [peer, purge] as const)
  const keysOf = new Map<Peer, Set<string>>()
  for (const key of purge.keys) {
    for (const peer of peers.pickPeers(key)) {
      const keys = keysOf.get(peer) ?? new Set()
      keysOf.set(peer, keys.add(key))
    }
  }
  return Array.from(keysOf, ([peer, keys]) => [peer, { ...purge, keys: [...keys] }] as const)
}

/** Turns the one failure that permits another way into a value; throws any other on. */
export function unlessUnavailable(error: unknown): PeerUnavailableError {
  if (error instanceof PeerUnavailableError) return error
  throw error
}

async function forEachBounded<T>(items: readonly T[], work: (item: T) => Promise<void>) {
  const queue = items.values()
  const worker = async () => {
    for (const item of queue) await work(item)
  }
  await Promise.all(Array.from({ length: MOST_CALLS }, worker))
}
