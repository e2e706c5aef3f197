/**
 * Owns how a group answers a key: from its memory, from the peer that owns the key, or from its
 * loader. One class serves both placements. At the edge it has peers and holds hot copies; in a node
 * it has none, holds the main entries, and lets concurrent callers share a load.
 */

import { ownBytes } from './bytes.ts'
import type { Clock } from './clock.ts'
import type { Copy, Entry, StandIn } from './entry.ts'
import { endOfFreshness, freshnessAt, heldBytes } from './entry.ts'
import { ConfigError, PeerUnavailableError } from './errors.ts'
import { runLoad } from './load.ts'
import type { LoadedValue, Loader } from './loader.ts'
import { Lru } from './lru.ts'
import type { Answer, CacheStatusMember, Peer, PeerPicker, Reply } from './peers.ts'
import type { Flights } from './singleflight.ts'
import type { GroupStats } from './stats.ts'

/** A group's settings, with every default filled in. Meanings and defaults: docs/configuration.md. */
export interface GroupOptions {
  /** How long a value is fresh. 0: never stored. */
  readonly ttlMs: number
  /** The longest that one load may take. */
  readonly timeoutMs: number
  /** The longest life of a copy that is not the owner's. 0: there are none. */
  readonly hotTtlMs: number
  /** The largest part of `ttlMs` by which an entry may expire early, 0 to 0.5. */
  readonly expiryJitter: number
  /** Larger values are answered, but not stored. */
  readonly maxValueBytes: number
}

/** Where a group works, and what that place is to a key. */
export interface Placement {
  /** The name under which this place appears in `Cache-Status`: `edge`, `node-7`. */
  readonly cacheName: string
  /** As what this place would load `key`; `undefined` when it owns the key. */
  standsInFor(key: string): StandIn | undefined
}

/** What a load came to: the answer, and how this place handled it. */
export interface Fill {
  readonly answer: Answer
  readonly handling: Omit<CacheStatusMember, 'cache'>
}

export interface GroupParts {
  readonly name: string
  readonly options: GroupOptions
  readonly placement: Placement
  readonly loader: Loader
  /** The bound on what this place holds for the group, in bytes. */
  readonly maxBytes: number
  readonly flights: Flights<Fill>
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** The strong entity tag of a value. */
  readonly entityTag: (value: Uint8Array<ArrayBuffer>) => string | Promise<string>
  readonly stats: GroupStats
  readonly onError: (error: unknown) => void
}

/** A namespace of values with one loader. Groups of one name on all nodes are one kind of resource. */
export class Group {
  readonly name: string
  readonly stats: GroupStats
  private readonly parts: GroupParts
  private readonly copies: Lru<Copy>
  private peers: PeerPicker | undefined

  constructor(parts: GroupParts) {
    this.parts = parts
    this.name = parts.name
    this.stats = parts.stats
    this.copies = new Lru(parts.maxBytes, (reason) => {
      parts.stats.evictions[reason]++
    })
  }

  /** The bytes held, as `heldBytes` counts them. */
  get bytes(): number {
    return this.copies.bytes
  }

  /** How many entries are held. */
  get items(): number {
    return this.copies.size
  }

  /** Makes the group ask its peers before its own loader. Throws `ConfigError` when called twice. */
  registerPeers(peers: PeerPicker): void {
    if (this.peers !== undefined) {
      throw new ConfigError(`peers of group ${this.name}`, 'registered', 'registering them once')
    }
    this.peers = peers
  }

  /** The answer to `key`; no promise where memory has it. Never rejects for a load that failed. */
  get(key: string): Reply | Promise<Reply> {
    const nowMs = this.parts.clock.now()
    this.stats.gets++
    const copy = this.lookup(key, nowMs)
    if (copy === undefined) return this.load(key, nowMs)
    this.stats.hits++
    return this.reply(hitFill(copy, nowMs))
  }

  /** What memory holds of `key` and may still be used; what may not be used any more is removed. */
  private lookup(key: string, nowMs: number): Copy | undefined {
    const copy = this.copies.get(key)
    if (copy === undefined || freshnessAt(copy, nowMs) === 'fresh') return copy
    this.copies.delete(key, 'expired')
    return undefined
  }

  private async load(key: string, askedAtMs: number): Promise<Reply> {
    for (const peer of this.peers?.pickPeers(key) ?? []) {
      const reply = await this.getFromPeer(peer, key, askedAtMs)
      if (reply !== undefined) return reply
    }
    return this.getLocally(key)
  }

  /**
   * The peer's reply, or `undefined` when the peer could not serve. A loader's failure is a reply:
   * asking another peer would only ask a sick origin twice.
   */
  private async getFromPeer(
    peer: Peer,
    key: string,
    askedAtMs: number,
  ): Promise<Reply | undefined> {
    const reply = await peer.get(this.name, key).catch((error: unknown) => {
      if (!(error instanceof PeerUnavailableError)) throw error
      this.stats.peerErrors++
      return undefined
    })
    if (reply === undefined) return undefined
    this.stats.peerLoads++
    if (reply.kind === 'value') {
      // Counted from when the peer was asked: the value was current then, not when it arrived.
      this.populate(key, { entry: reply.entry, untilMs: askedAtMs + this.parts.options.hotTtlMs })
    }
    const member: CacheStatusMember = { cache: this.parts.placement.cacheName, fwd: 'miss' }
    return { ...reply, path: [...reply.path, member] }
  }

  private async getLocally(key: string): Promise<Reply> {
    const { flights } = this.parts
    const collapsed = flights.has(key)
    if (collapsed) this.stats.loadsCoalesced++
    const { answer, handling } = await flights.run(key, () => this.fill(key))
    return this.reply({ answer, handling: collapsed ? { ...handling, collapsed } : handling })
  }

  /** Runs the loader and keeps what it answers. Only ever called inside a flight. */
  private async fill(key: string): Promise<Fill> {
    const startedAtMs = this.parts.clock.now()
    // Two callers may miss one after the other; the second finds what the first one's flight stored.
    const found = this.lookup(key, startedAtMs)
    if (found !== undefined) return hitFill(found, startedAtMs)

    const standIn = this.parts.placement.standsInFor(key)
    const result = await this.runLoader(key, standIn)
    const handling = { fwd: 'miss', ...detailOf(standIn) } as const
    if (result.kind !== 'value') return { answer: result, handling }

    const entry = await this.entryOf(result)
    const copy: Copy =
      standIn === undefined
        ? { entry, untilMs: Number.POSITIVE_INFINITY }
        : { entry, untilMs: startedAtMs + this.parts.options.hotTtlMs, standIn }
    const stored = this.populate(key, copy)
    return {
      answer: { kind: 'value', entry },
      handling: stored ? { ...handling, stored } : handling,
    }
  }

  private async runLoader(key: string, standIn: StandIn | undefined) {
    const { clock, loader, name, onError, options } = this.parts
    this.stats.loads++
    if (standIn === 'guest') this.stats.guestLoads++
    if (standIn === 'no-node') this.stats.edgeLoads++
    const startedAtMs = clock.now()
    const limits = { group: name, timeoutMs: options.timeoutMs, clock, onError: onError }
    const result = await runLoad(loader, key, limits)
    this.stats.observeLoad(clock.now() - startedAtMs)
    if (result.kind === 'not-found') this.stats.notFound++
    if (result.kind === 'failed') {
      if (result.code === 'load-timeout') this.stats.loadTimeouts++
      else this.stats.loadErrors++
    }
    return result
  }

  private async entryOf(loaded: LoadedValue): Promise<Entry> {
    const { clock, entityTag, options, random } = this.parts
    const { kind: _, ttlMs = options.ttlMs, ...described } = loaded
    const loadedAtMs = clock.now()
    const lifeMs = Math.round(ttlMs * (1 - options.expiryJitter * random()))
    const value = ownBytes(loaded.value)
    return {
      ...described,
      value,
      etag: await entityTag(value),
      loadedAtMs,
      expiresAtMs: loadedAtMs + lifeMs,
    }
  }

  /** Holds `copy`, and returns whether it was stored: not when it is over already, or too large. */
  private populate(key: string, copy: Copy): boolean {
    if (freshnessAt(copy, this.parts.clock.now()) !== 'fresh') return false
    const fits = copy.entry.value.byteLength <= this.parts.options.maxValueBytes
    const stored = fits && this.copies.set(key, copy, heldBytes(key, copy.entry))
    if (!stored) {
      this.stats.rejected++
      // What is held is older than the value that did not fit.
      this.copies.delete(key, 'replaced')
    }
    return stored
  }

  private reply({ answer, handling }: Fill): Reply {
    return { ...answer, path: [{ cache: this.parts.placement.cacheName, ...handling }] }
  }
}

function hitFill(copy: Copy, nowMs: number): Fill {
  return {
    answer: { kind: 'value', entry: copy.entry },
    handling: {
      hit: true,
      ttlMs: endOfFreshness(copy) - nowMs,
      ...detailOf(copy.standIn),
    },
  }
}

function detailOf(standIn: StandIn | undefined): Pick<CacheStatusMember, 'detail'> {
  return standIn === undefined ? {} : { detail: standIn }
}
