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
  /** By name, as far as they have been asked for. */
  private readonly previousOwners = new Map<string, PreviousOwner>()
  private asking = 0

  constructor(parts: NodeUpstreamParts) {
    this.parts = parts
  }

  async peek(key: string): Promise<Reply | undefined> {
    const previous = this.previousOwnerOf(key)
    if (previous === undefined || this.asking >= MOST_ASKED) return undefined
    return this.counted(previous.peek(key))
  }

  answered(key: string): void {
    this.previousOwnerOf(key)?.supersede(key)
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
  private previousOwnerOf(key: string): PreviousOwner | undefined {
    const { clock, group, nodeName, peerNamed, region, topology } = this.parts
    const name = topology.previousOwnerIn(region, key)
    if (name === undefined || topology.ownerIn(region, key) !== nodeName) return undefined
    const known = this.previousOwners.get(name)
    if (known !== undefined) return known
    const onFailure = (error: PeerUnavailableError) => this.failed(error)
    const previous = new PreviousOwner({ peer: peerNamed(name), group, clock, onFailure })
    this.previousOwners.set(name, previous)
    return previous
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
