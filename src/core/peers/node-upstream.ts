/** Owns what a node asks of the key's previous owner, and of its owner in the home region. */

import type { Clock } from '../clock.ts'
import { PeerBackingOffError, PeerUnavailableError } from '../errors.ts'
import type { LoadFailure } from '../load/loader.ts'
import type { Region, Topology } from '../ring/topology.ts'
import type { GroupStats } from '../stats/group-stats.ts'
import { unlessUnavailable } from './fan-out.ts'
import type { Peer, Reply } from './peers.ts'
import { PreviousOwner } from './previous-owner.ts'
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

/**
 * How much longer than `timeout` home may take to answer, which bounds its load itself: longer than it takes
 * to find out that a node does not even answer a ping, however short `timeout` is.
 */
const HOME_MARGIN_MS = 6_000
/** Questions under way at once. With more there is no peek, and home counts as overloaded, which is final. */
const MOST_ASKED = 1_000

export class NodeUpstream implements Upstream {
  private readonly parts: NodeUpstreamParts
  private readonly previousOwner: PreviousOwner
  private asking = 0

  constructor(parts: NodeUpstreamParts) {
    const { clock, group } = parts
    this.parts = parts
    const onFailure = (error: PeerUnavailableError) => this.failed(error)
    this.previousOwner = new PreviousOwner({ group, clock, onFailure })
  }

  async peek(key: string): Promise<Reply | undefined> {
    const previous = this.previousOwnerOf(key)
    if (previous === undefined || this.asking >= MOST_ASKED) return undefined
    return this.counted(this.previousOwner.peek(previous, key))
  }

  answered(key: string): void {
    const previous = this.previousOwnerOf(key)
    if (previous !== undefined) this.previousOwner.supersede(previous, key)
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

  /** The node from which this one has taken `key` over. */
  private previousOwnerOf(key: string): Peer | undefined {
    const { nodeName, peerNamed, region, topology } = this.parts
    const previous = topology.previousOwnerIn(region, key)
    const isOwner = topology.ownerIn(region, key) === nodeName
    return previous === undefined || !isOwner ? undefined : peerNamed(previous)
  }

  private async counted<T>(asking: Promise<T>): Promise<T> {
    this.asking++
    return asking.finally(() => this.asking--)
  }

  private failed(error: PeerUnavailableError): void {
    // No call has been made.
    if (error instanceof PeerBackingOffError) return
    this.parts.stats.peerErrors++
    this.parts.onError(error)
  }
}

function failure(code: LoadFailure['code'], detail: string): Reply {
  return { kind: 'failed', code, detail, path: [] }
}
