/** Owns what a node asks of the key's previous owner, and of its owner in the home region. */

import { type Clock, within } from './clock.ts'
import { PeerRestingError, PeerUnavailableError } from './errors.ts'
import { unlessUnavailable } from './fan-out.ts'
import type { LoadFailure } from './loader.ts'
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
/**
 * How much longer than `timeout` home may take to answer, which bounds its load itself: longer than it takes
 * to find out that a node does not even answer a ping, however short `timeout` is.
 */
const HOME_MARGIN_MS = 6_000
/** Questions under way at once. With more there is no peek, and home counts as overloaded, which is final. */
const MOST_ASKED = 1_000

export class NodeUpstream implements Upstream {
  private readonly parts: NodeUpstreamParts
  private readonly worth = new PeekWorth()
  private asking = 0

  constructor(parts: NodeUpstreamParts) {
    this.parts = parts
  }

  async peek(key: string): Promise<Reply | undefined> {
    const { clock, group, nodeName, peerNamed, region, topology } = this.parts
    const previous = topology.previousOwnerIn(region, key)
    const isOwner = topology.ownerIn(region, key) === nodeName
    if (previous === undefined || !isOwner || this.asking >= MOST_ASKED) return undefined
    if (!this.worth.isGiven()) return undefined
    const peeking = peerNamed(previous).peek(group, key).catch(unlessUnavailable)
    const reply = await this.counted(within(clock, PEEK_MS, peeking))
    const isFound = reply !== undefined && !(reply instanceof PeerUnavailableError)
    this.worth.learn(isFound)
    if (reply instanceof PeerUnavailableError) this.failed(reply)
    return isFound ? reply : undefined
  }

  async get(key: string): Promise<Reply | undefined> {
    const { group, peerNamed, region, stats, timeoutMs, topology } = this.parts
    if (region === topology.home) return undefined
    if (this.asking >= MOST_ASKED) return failure('overloaded', `Group ${group}: too much to ask.`)
    const home = peerNamed(topology.ownerIn(topology.home, key))
    const asking = home.get(group, key, timeoutMs + HOME_MARGIN_MS)
    const reply = await this.counted(asking.catch(unlessUnavailable))
    if (reply instanceof PeerUnavailableError) {
      this.failed(reply)
      return undefined
    }
    // Not where the node's answer is lost.
    if (reply.path.length > 0) stats.peerLoads++
    return reply
  }

  private async counted<T>(asking: Promise<T>): Promise<T> {
    this.asking++
    return asking.finally(() => this.asking--)
  }

  private failed(error: PeerUnavailableError): void {
    // No call has been made.
    if (error instanceof PeerRestingError) return
    this.parts.stats.peerErrors++
    this.parts.onError(error)
  }
}

function failure(code: LoadFailure['code'], detail: string): Reply {
  return { kind: 'failed', code, detail, path: [] }
}
