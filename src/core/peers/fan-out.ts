/** One caller's requests to several peers: purges, values set, and counters. */

import type { Purge, PurgeReport } from '../entry/purge.ts'
import { PeerUnavailableError } from '../errors.ts'
import type { NodeStats } from '../stats/node-report.ts'
import type { NewValue, Peer, PeerHolder, PeerPicker, SetOutcome } from './peers.ts'

/** Calls under way at once for one purge or report: enough to hide their latency, few enough for a Worker. */
const MOST_CALLS = 16

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
