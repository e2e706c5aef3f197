/** Owns one node as others reach it: a Durable Object behind a stub, and what its silence means. */

import type { Clock } from '../core/clock.ts'
import type { WantedPart } from '../core/entry/byte-range.ts'
import type { Purge } from '../core/entry/purge.ts'
import { type NoSuchGroupError, PeerBackingOffError, PeerUnavailableError } from '../core/errors.ts'
import type { Circuit } from '../core/load/circuit.ts'
import type { AnswerRoom } from '../core/peers/byte-room.ts'
import { type Message, type NodeCalls, PROTOCOL_VERSION } from '../core/peers/messages.ts'
import type { NewValue, Peer, Reply, SetOutcome, StreamedReply } from '../core/peers/peers.ts'
import type { EdgeReport, EdgeReporter } from '../core/stats/edge-reporter.ts'
import type { NodeStats } from '../core/stats/node-report.ts'
import { Liveness } from './liveness.ts'

/**
 * The longest wait for a node that answers pings, unless the caller has a limit of its own: longer than it
 * takes to try a node twice that does not even answer a ping, or to hand over a large value.
 */
const SOON_MS = 30_000

/** A node's calls as they are seen from here. The runtime's own types lose the unions among the answers. */
type RemoteNode = {
  [Call in keyof NodeCalls]: (
    ...message: Parameters<NodeCalls[Call]>
  ) => Promise<Awaited<ReturnType<NodeCalls[Call]>>>
}

export interface StubPeerParts {
  readonly name: string
  /** A stub for each call: one whose node was reset stays broken, and one belongs to its request. */
  readonly stub: () => unknown
  /** When the node is left alone, as it has failed. */
  readonly health: Circuit
  readonly clock: Clock
  /** Whose reports go along with the calls. Default: nobody's. */
  readonly reporter?: EdgeReporter
  /** Whether the node is where a key belongs. */
  readonly isOwner: (key: string) => boolean
}

export class StubPeer implements Peer {
  readonly name: string
  /** Calls other than `stats`. */
  calls = 0
  private readonly parts: StubPeerParts
  private readonly liveness: Liveness

  constructor(parts: StubPeerParts) {
    this.name = parts.name
    this.parts = parts
    this.liveness = new Liveness(parts.clock)
  }

  async get(group: string, key: string, limitMs = SOON_MS): Promise<Reply> {
    const use = (node: RemoteNode, header: Message) => node.get({ ...header, group, key })
    const call = () => this.call(this.dueReport(), use, limitMs)
    // Only where a part was asked for is there a stream.
    return ((await this.unlessBackingOff(call)) as Reply | undefined) ?? tooSlow(group)
  }

  async read(
    group: string,
    key: string,
    part: WantedPart,
    limitMs = SOON_MS,
  ): Promise<Reply | StreamedReply> {
    const use = (node: RemoteNode, header: Message) => node.get({ ...header, group, key, part })
    return (
      (await this.unlessBackingOff(() => this.call(this.dueReport(), use, limitMs))) ??
      tooSlow(group)
    )
  }

  async getMany(
    group: string,
    keys: readonly string[],
    room: AnswerRoom,
    limitMs = SOON_MS,
  ): Promise<readonly (Reply | null)[]> {
    const use = (node: RemoteNode, header: Message) =>
      node.getMany({ ...header, group, keys, ...room })
    const replies = await this.unlessBackingOff(() => this.call(this.dueReport(), use, limitMs))
    return replies ?? keys.map(() => tooSlow(group))
  }

  async peek(group: string, key: string, limitMs?: number): Promise<Reply | undefined> {
    const use = (node: RemoteNode, header: Message) => node.peek({ ...header, group, key })
    const call = () => this.soon(this.dueReport(), use, limitMs)
    return (await this.unlessBackingOff(call)) ?? undefined
  }

  set(group: string, key: string, value: NewValue): Promise<SetOutcome> {
    return this.soon(this.dueReport(), (node, header) => node.set({ ...header, group, key, value }))
  }

  purge(group: string, purge: Purge, limitMs?: number): Promise<number> {
    const use = (node: RemoteNode, header: Message) => node.purge({ ...header, group, purge })
    return this.soon(this.dueReport(), use, limitMs)
  }

  stats(): Promise<NodeStats> {
    const { clock, isOwner, reporter } = this.parts
    const report = reporter?.take(clock.now(), isOwner)
    return this.soon(report, (node, header) => node.stats(header))
  }

  /** Makes the node drop everything. Throws as `purge` does, and when it runs under other settings. */
  retire(settings: string, limitMs?: number): Promise<void> {
    const use = async (node: RemoteNode, header: Message) => {
      await node.retire({ ...header, settings })
      return null
    }
    return this.soon(undefined, use, limitMs).then(() => {})
  }

  /**
   * Of reads: somebody else can answer them. A node that has failed is left alone for a moment, and then
   * tried with one call. Sets and purges are not for anyone else, and always go out.
   */
  private async unlessBackingOff<T>(call: () => Promise<T>): Promise<T> {
    const { clock, health } = this.parts
    const admission = health.admit(clock.now())
    if (admission === undefined) throw new PeerBackingOffError(`${this.name} has just failed.`)
    try {
      const answer = await call()
      health.succeeded(admission)
      return answer
    } catch (error) {
      if (lacksGroup(error)) health.succeeded(admission)
      else health.failed(admission, clock.now())
      throw error
    }
  }

  /** Makes a call that waits for no load: where pings are answered, and it is not, it has got lost. */
  private async soon<T>(
    report: EdgeReport | undefined,
    use: (node: RemoteNode, header: Message) => Promise<T>,
    limitMs = SOON_MS,
  ): Promise<T> {
    const answer = await this.call(report, use, limitMs)
    if (answer === undefined) throw new PeerUnavailableError(`${this.name} has not answered.`)
    return answer
  }

  /** The report to go with a call that is made anyway. */
  private dueReport(): EdgeReport | undefined {
    this.calls++
    const { clock, isOwner, reporter } = this.parts
    return reporter?.takeIfDue(clock.now(), isOwner)
  }

  /** `undefined`: the node lives, and has not answered within `limitMs`. */
  private async call<T>(
    report: EdgeReport | undefined,
    use: (node: RemoteNode, header: Message) => Promise<T>,
    limitMs: number,
  ): Promise<T | undefined> {
    const header = { version: PROTOCOL_VERSION, ...(report === undefined ? {} : { report }) }
    const ping = () => this.node().ping()
    const attempt = () => this.liveness.await(use(this.node(), header), ping, limitMs)
    const takeBack = () => report !== undefined && this.parts.reporter?.rollback(report)
    try {
      const answer = await attempt().catch((error: unknown) => {
        if (mayBeTriedAgain(error)) return attempt()
        throw error
      })
      if (answer === undefined) takeBack()
      return answer
    } catch (cause) {
      takeBack()
      throw new PeerUnavailableError(`${this.name} could not serve.`, { cause })
    }
  }

  private node(): RemoteNode {
    return this.parts.stub() as RemoteNode
  }
}

/** The node lives, but its answer is lost: it would have said by itself that its loads take too long. */
function tooSlow(group: string): Reply {
  const detail = `Group ${group}: no answer in time.`
  return { kind: 'failed', code: 'load-timeout', detail, path: [] }
}

/** Of a node that has not been deployed yet: it serves the groups that it knows. */
function lacksGroup(error: unknown): boolean {
  const { cause } = error as Error
  return (cause as Partial<NoSuchGroupError> | undefined)?.code === 'no-such-group'
}

/**
 * Whether a new stub may do better at once: the node was reset, as with every deployment. What is
 * overloaded is never asked again (https://developers.cloudflare.com/durable-objects/best-practices/error-handling/).
 */
function mayBeTriedAgain(error: unknown): boolean {
  const { retryable, durableObjectReset, overloaded } = (error ?? {}) as Record<string, unknown>
  return overloaded !== true && (retryable === true || durableObjectReset === true)
}
