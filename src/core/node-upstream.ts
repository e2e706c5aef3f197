/** Owns what a node asks of the key's previous owner, and of its owner in the home region. */

import { type Clock, within } from './clock.ts'
import { PeerUnavailableError } from './errors.ts'
import { unlessUnavailable } from './fan-out.ts'
import { PeekWorth } from './peek-worth.ts'
import type { Peer, Reply } from './peers.ts'
import type { GroupStats } from './stats.ts'
import type { Region, Topology } from './topology.ts'
import type { Upstream } from './upstream.ts'

export interface NodeUpstreamParts {
  readonly group: string
  readonly nodeName: string
  readonly region: Region
  readonly topology: Topology
  readonly peerNamed: (name: string) => Peer
  /** The longest that one load may take, at home too. */
  readonly timeoutMs: number
  readonly stats: GroupStats
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

/** The longest that a peek may take: it only reads memory, and a load waits for it. */
const PEEK_MS = 250
/** How much longer than `timeout` home may take to answer, which bounds its load itself. */
const HOME_MARGIN_MS = 2_000

export class NodeUpstream implements Upstream {
  private readonly parts: NodeUpstreamParts
  private readonly worth = new PeekWorth()

  constructor(parts: NodeUpstreamParts) {
    this.parts = parts
  }

  async peek(key: string): Promise<Reply | undefined> {
    const { clock, group, nodeName, peerNamed, region, topology } = this.parts
    const previous = topology.previousOwnerIn(region, key)
    const isOwner = topology.ownerIn(region, key) === nodeName
    if (previous === undefined || !isOwner || !this.worth.isGiven()) return undefined
    const peeking = peerNamed(previous).peek(group, key).catch(unlessUnavailable)
    const reply = await within(clock, PEEK_MS, peeking)
    const isFound = reply !== undefined && !(reply instanceof PeerUnavailableError)
    this.worth.learn(isFound)
    if (reply instanceof PeerUnavailableError) this.failed(reply)
    return isFound ? reply : undefined
  }

  async get(key: string): Promise<Reply | undefined> {
    const { clock, group, peerNamed, region, stats, timeoutMs, topology } = this.parts
    if (region === topology.home) return undefined
    const asking = peerNamed(topology.ownerIn(topology.home, key)).get(group, key)
    const limitMs = timeoutMs + HOME_MARGIN_MS
    const reply = await within(clock, limitMs, asking.catch(unlessUnavailable))
    if (reply instanceof PeerUnavailableError) {
      this.failed(reply)
      return undefined
    }
    if (reply !== undefined) {
      stats.peerLoads++
      return reply
    }
    const detail = `Group ${group}: no answer from the home region in time.`
    return { kind: 'failed', code: 'load-timeout', detail, path: [] }
  }

  private failed(error: PeerUnavailableError): void {
    this.parts.stats.peerErrors++
    this.parts.onError(error)
  }
}
