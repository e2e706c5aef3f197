/**
 * Owns how a group answers a key: from its memory, from the peer that owns the key, or from its
 * loader. One class serves both placements. At the edge it has peers and holds hot copies; in a node
 * it has none, holds the main entries, and lets concurrent callers share a load.
 */

import { Cache, type SharedMemory } from '../cache/cache.ts'
import type { LoadLease } from '../cache/load-order.ts'
import { type Clock, withTimeout } from '../clock.ts'
import { type DurableParts, DurableTier, type Memory } from '../durable/durable-tier.ts'
import type { WantedPart } from '../entry/byte-range.ts'
import {
  type CachedEntry,
  endOfFreshness,
  type FallbackRole,
  freshnessAt,
  isBackingOff,
  isToBeRenewed,
  mayServeOnError,
  mayServeWhileRevalidating,
  mayServeWithoutNode,
} from '../entry/entry.ts'
import type { Purge, PurgeReport } from '../entry/purge.ts'
import { ConfigError, PeerBackingOffError, PeerUnavailableError } from '../errors.ts'
import type { Eviction } from '../eviction/policies.ts'
import type { Circuit } from '../load/circuit.ts'
import type { Limit } from '../load/load-limit.ts'
import { LoadRunner } from '../load/load-runner.ts'
import type { Loader } from '../load/loader.ts'
import type { LoadSharing } from '../load/singleflight.ts'
import type { Sendable, SendReservation } from '../memory/send-reservations.ts'
import {
  answersTo,
  type BatchPlace,
  entryBytes,
  type Found,
  getManyFromPeers,
  getWithin,
  roomBeside,
} from '../peers/batch.ts'
import { type AnswerRoom, RPC_ROOM } from '../peers/byte-room.ts'
import { purgeAtPeers, setAtOwner, unlessUnavailable } from '../peers/fan-out.ts'
import type {
  CacheStatusMember,
  NewValue,
  Peer,
  PeerPicker,
  Reply,
  SetOutcome,
  StreamedReply,
} from '../peers/peers.ts'
import type { Upstream } from '../peers/upstream.ts'
import type { GroupStats } from '../stats/group-stats.ts'
import type { HotKey, HotKeys } from '../stats/hot-keys.ts'
import {
  answerOf,
  CacheFill,
  detailOf,
  entryIn,
  type FillOptions,
  type FillResult,
  hitFill,
} from './fill.ts'

/** A group's settings, with every default filled in. Meanings and defaults: docs/configuration.md. */
export interface GroupOptions extends FillOptions {
  /** The longest that one load may take. */
  readonly timeoutMs: number
  /** With a stale value at hand: the longest wait for its refresh. `Infinity`: no such limit. */
  readonly softTimeoutMs: number
  /** Larger values are answered, but not stored. */
  readonly maxValueBytes: number
}

/**
 * How much longer than `timeout` a peer may take to answer, which bounds its load itself, in milliseconds:
 * longer than a node in another region waits for one at home.
 */
const PEER_MARGIN_MS = 8_000

/** How long after `timeout` an answer is still stored, though nobody waits for it any more. */
const LATE_MS = 60_000
/** Up to here a value is sent as a whole: many that stall take less than one that is large. */
const LEAST_STREAMED_BYTES = 256 * 1024
/** A value that takes more of the hot copies' room than this part would displace too many others. */
const HOT_PART = 1 / 4

/** Where a group works, and what that place is to a key. */
export interface Placement {
  /** The name under which this place appears in `Cache-Status`: `edge`, `node-7`. */
  readonly cacheName: string
  /** As what this place would load `key`; `undefined` when it owns the key. */
  fallbackRoleFor(key: string): FallbackRole | undefined
}

/** The isolate's memory, as a group shares in it. */
export interface GroupMemory extends SharedMemory {
  /** Whether what is read may wait for room, see `ReadingParts`. */
  readonly canQueue: boolean
}

export interface GroupParts {
  readonly name: string
  readonly options: GroupOptions
  readonly placement: Placement
  readonly loader: Loader
  /** The bound on what this place holds for the group, in bytes. */
  readonly maxBytes: number
  readonly memory: GroupMemory
  readonly flights: LoadSharing<FillResult>
  readonly limit: Limit
  /** What is asked before the loader. Default: nothing. */
  readonly upstream?: Upstream | undefined
  readonly circuit: Circuit
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** The strong entity tag of a value. */
  readonly entityTag: (value: Uint8Array<ArrayBuffer>) => string | Promise<string>
  readonly stats: GroupStats
  readonly hotKeys: HotKeys
  /** Which entry gives way when `maxBytes` is met. Default: `lru`. */
  readonly eviction?: Eviction | undefined
  /** Lets work go on that no caller waits for. Default: it goes on by itself. */
  readonly keepAlive?: ((work: Promise<unknown>) => void) | undefined
  /** What keeps the entries beyond this place's memory, in a node of a durable group. */
  readonly durable?: DurableParts | undefined
  /**
   * Runs a get that memory does not answer at once, inside a span. Default: just runs it. What memory answers
   * has none: only to ask whether anyone traces it would take a part of its time.
   */
  readonly traced?:
    | (<R extends Reply | StreamedReply>(key: string, run: () => Promise<R>) => Promise<R>)
    | undefined
  /** Told what went wrong behind an answer, for the log. */
  readonly onError: (error: unknown) => void
}

/** A namespace of values with one loader. Groups of one name on all nodes are one kind of resource. */
export class Group {
  readonly name: string
  readonly stats: GroupStats
  private readonly parts: GroupParts
  private readonly cache: Cache
  private readonly cacheFill: CacheFill
  private peers: PeerPicker | undefined

  constructor(parts: GroupParts) {
    const { name, options, placement, stats } = parts
    this.name = name
    this.stats = stats
    this.parts = parts
    const { durable, eviction, maxBytes, memory } = parts
    const { maxValueBytes } = options
    const createDurable =
      durable && ((memory: Memory) => new DurableTier({ ...parts, ...durable }, memory))
    this.cache = new Cache({
      createDurable,
      eviction,
      maxBytes,
      maxLoadMs: options.timeoutMs + LATE_MS,
      maxValueBytes,
      memory,
      stats,
    })
    const { beginReading } = this.cache.membership
    const runner = new LoadRunner({
      ...parts,
      group: name,
      timeoutMs: options.timeoutMs,
      beginReading: (reading) => beginReading({ ...reading, canQueue: memory.canQueue }),
    })
    const fallbackRoleFor = (key: string) => placement.fallbackRoleFor(key)
    this.cacheFill = new CacheFill({
      ...parts,
      cache: this.cache,
      runner,
      fallbackRoleFor: fallbackRoleFor,
    })
  }

  /** The bytes held, as `heldBytes` counts them. */
  get bytes(): number {
    return this.cache.bytes
  }

  /** How many entries are held. */
  get items(): number {
    return this.cache.items
  }

  /** The bound on `bytes`. */
  get maxBytes(): number {
    return this.parts.maxBytes
  }

  /** The bytes of the entries on disk, as `storedBytes` counts them. */
  get durableBytes(): number {
    return this.cache.durable?.bytes ?? 0
  }

  /** How many entries are on disk. */
  get durableItems(): number {
    return this.cache.durable?.items ?? 0
  }

  /** Before this moment `sweep` would find nothing. `Infinity`: there is nothing on disk. */
  get earliestRemovableMs(): number {
    return this.cache.durable?.earliestRemovableMs ?? Number.POSITIVE_INFINITY
  }

  /** Deletes entries on disk that are of no use any more. Returns whether there may be more of them. */
  sweep(nowMs: number, most: number): boolean {
    return this.cache.durable?.sweep(nowMs, most) ?? false
  }

  /** 1 while the group's origin is left alone here, as it keeps failing, else 0. */
  get openCircuits(): number {
    return this.parts.circuit.state === 'closed' ? 0 : 1
  }

  /** The keys that this place has answered itself most often lately, the hottest first. */
  hottestKeys(): HotKey[] {
    return this.parts.hotKeys.top(this.parts.clock.now())
  }

  /** Those of the hottest keys that are meant; they are counted from zero again. */
  takeHotKeys(isMeant: (key: string) => boolean): HotKey[] {
    return this.parts.hotKeys.take(this.parts.clock.now(), isMeant)
  }

  /** Counts gets that another place has answered. */
  receiveHotKeys(heard: readonly HotKey[]): void {
    const { clock, hotKeys } = this.parts
    const nowMs = clock.now()
    for (const { key, gets, overcount } of heard) hotKeys.count(key, nowMs, gets, overcount)
  }

  /** Makes the group ask its peers before its own loader. Throws `ConfigError` when called twice. */
  registerPeers(peers: PeerPicker): void {
    if (this.peers !== undefined) {
      throw new ConfigError(`peers of group ${this.name}`, 'registered', 'registering them once')
    }
    this.peers = peers
  }

  /**
   * The answer to `key`; no promise where memory has it. Never rejects for a load that failed.
   *
   * @param peers Who is asked; default: those that were registered.
   */
  get(key: string, peers = this.peers): Reply | Promise<Reply> {
    // Only where a part is wanted is there a stream.
    return this.read(key, peers) as Reply | Promise<Reply>
  }

  /**
   * As `get`, but a large value of a peer comes as a stream, which is not kept here.
   *
   * @param wanted Called only where a peer is asked.
   */
  read(
    key: string,
    peers = this.peers,
    wanted?: () => WantedPart,
  ): Reply | StreamedReply | Promise<Reply | StreamedReply> {
    const nowMs = this.parts.clock.now()
    const copy = this.lookup(key, nowMs)
    if (copy !== undefined && peers !== undefined) this.renewEarly(key, copy, nowMs, peers)
    const reply = this.answerFrom(key, copy, nowMs)
    if (reply !== undefined) return reply
    const { traced } = this.parts
    const load = () => this.load(key, copy, nowMs, peers, wanted)
    return traced === undefined ? load() : traced(key, load)
  }

  /**
   * The answers to `keys`, in their order; `null` where a value does not fit `room`. Asks each owner once,
   * whatever the number of keys, and loads no key twice unless a node fails.
   */
  async getMany(
    keys: readonly string[],
    room = RPC_ROOM,
    peers = this.peers,
  ): Promise<(Reply | null)[]> {
    const distinct = [...new Set(keys)]
    const found =
      peers === undefined
        ? await getWithin(this.asBatchPlace(room), distinct, room)
        : await this.findMany(distinct, room, peers)
    return answersTo(keys, found, room)
  }

  /** Hot copies, what peers answer, and what this place has to load itself, since no peer could serve. */
  private async findMany(
    keys: readonly string[],
    room: AnswerRoom,
    peers: PeerPicker,
  ): Promise<Found> {
    const nowMs = this.parts.clock.now()
    const found = new Map<string, Reply | null>()
    const missing = new Map<string, { copy: CachedEntry | undefined; lease: LoadLease }>()
    for (const key of keys) {
      const copy = this.lookup(key, nowMs)
      const reply = this.answerFrom(key, copy, nowMs)
      if (reply !== undefined) found.set(key, reply)
      else missing.set(key, { copy, lease: this.cache.lease(key, nowMs) })
    }
    const roomFor = ([first]: readonly string[]) => roomBeside(room, found, first === keys[0])

    const asked = [...missing.keys()]
    const limitMs = this.parts.options.timeoutMs + PEER_MARGIN_MS
    const batch = await getManyFromPeers(peers, this.name, asked, roomFor(asked), limitMs)
    for (const error of batch.failures) this.peerFailed(error)
    for (const [key, reply] of batch.found) {
      const { lease } = missing.get(key) as { lease: LoadLease }
      found.set(key, reply && this.keepHot(lease, reply))
    }
    for (const { lease } of missing.values()) this.cache.release(lease)

    const place: BatchPlace = {
      held: () => undefined,
      get: (key) => this.staleHotReply(key) ?? this.getLocally(key, missing.get(key)?.copy),
      maxLoads: this.parts.limit.maxLoads,
    }
    const { unanswered } = batch
    const loaded = await getWithin(place, unanswered, roomFor(unanswered))
    for (const [key, reply] of loaded) found.set(key, reply)
    return found
  }

  private asBatchPlace({ heldOnly = false }: AnswerRoom): BatchPlace {
    const { clock, hotKeys, limit, placement } = this.parts
    return {
      held: (key, fits) => {
        const nowMs = clock.now()
        const held = this.cache.peekInMemory(key, nowMs)
        if (held === undefined || !mayAnswerInBatch(held, nowMs, heldOnly)) return undefined
        const isFitting = fits(entryBytes(held.entry))
        if (heldOnly) {
          if (!isFitting) return null
          // The ask before this one has counted the get. This is a use of the copy all the same.
          this.cache.lookup(key, nowMs)
          const { answer, status, untilMs } = hitFill(held, nowMs)
          const path = [{ cache: placement.cacheName, ...status }]
          return { ...answer, path, ...(untilMs === undefined ? {} : { leftMs: untilMs - nowMs }) }
        }
        if (isFitting) return this.answerFrom(key, this.lookup(key, nowMs), nowMs)
        // It counts here, because the node may be asked for it once more, which counts nothing.
        this.stats.gets++
        this.stats.hits++
        hotKeys.count(key, nowMs)
        return null
      },
      get: (key) => this.get(key),
      maxLoads: limit.maxLoads,
    }
  }

  /**
   * Sets the value at the key's owner; loads under way for the key will not replace it. Throws
   * `PeerUnavailableError` when the owner cannot serve, or a node that may hold an older value could not be told.
   */
  async set(key: string, value: NewValue): Promise<SetOutcome> {
    if (this.peers === undefined) return this.setLocally(key, value)
    // The previous owner forgets its value before the owner could refuse the new one.
    if (value.value.byteLength > this.parts.options.maxValueBytes) return 'too-large'
    let outcome: SetOutcome | undefined
    try {
      const canGuestsHold = this.parts.options.hotTtlMs > 0
      outcome = await setAtOwner(this.peers, this.name, key, value, canGuestsHold)
      return outcome
    } finally {
      // A set that has failed may have replaced the value all the same.
      if (outcome !== 'too-large') this.purgeLocally({ keys: [key] })
    }
  }

  /** Purges wherever a copy may be. Never rejects: the report says which nodes could not be reached. */
  async purge(purge: Purge): Promise<PurgeReport> {
    if (this.peers === undefined) {
      return { ok: true, nodes: 1, entries: this.purgeLocally(purge), failed: [] }
    }
    const report = await purgeAtPeers(this.peers, this.name, purge)
    // Last: whatever came meanwhile was asked for before the purge was over.
    this.purgeLocally(purge)
    return report
  }

  /** The largest value that a peer hands over as a whole: one that is worth its place among hot copies. */
  get largestWholeBytes(): number {
    const { maxBytes, options } = this.parts
    return Math.max(LEAST_STREAMED_BYTES, options.hotTtlMs > 0 ? maxBytes * HOT_PART : 0)
  }

  /**
   * Begins to send a value to a client; `undefined` while there is no room. To be released.
   *
   * @param key Where the value may be held as well. Default: nowhere.
   */
  beginSending(value: Sendable, key?: string): SendReservation | undefined {
    return this.cache.beginSending(value, key, this.parts.clock)
  }

  /** What memory or disk has of `key`, for a node that owns it from now on. Starts nothing, and counts nothing. */
  peek(key: string): Reply | undefined {
    const nowMs = this.parts.clock.now()
    const copy = this.cache.peek(key, nowMs)
    if (copy === undefined) return undefined
    const ttlMs = endOfFreshness(copy) - nowMs
    const path = [{ cache: this.parts.placement.cacheName, hit: true, ttlMs }]
    const mark = copy.isPurgedSoftly ? { isPurgedSoftly: true as const } : {}
    return { ...answerOf(copy.entry), path, ...mark }
  }

  /**
   * `set` in this place alone. Throws `PeerUnavailableError` when the disk would keep the older value, and
   * while there is no room, before anything changes.
   */
  async setLocally(key: string, value: NewValue): Promise<SetOutcome> {
    const entry = await this.cacheFill.entryOf(value)
    if (!this.cache.hasRoomFor(key, entry)) return 'too-large'
    if (!this.cache.hasRoomNow(key, entry)) {
      throw new PeerUnavailableError('Values that are being read take all memory.')
    }
    // From here on at once: a load that began earlier is too late, one that begins later may win.
    this.parts.flights.forget(key)
    this.cache.invalidate(key)
    const lease = this.cache.lease(key, entry.loadedAtMs)
    const stored = this.cacheFill.populate(lease, entry)
    this.cache.release(lease)
    return stored ? 'stored' : 'no-life'
  }

  /**
   * `purge` in this place alone. Returns how many entries were dropped or made stale. Throws
   * `PeerUnavailableError` when those on disk could not be.
   */
  purgeLocally(purge: Purge): number {
    const { clock, flights } = this.parts
    if ('keys' in purge) for (const key of purge.keys) flights.forget(key)
    // Which loads under way will carry a tag is not known yet: nobody may join any of them.
    else flights.forgetAll()
    return this.cache.purge(purge, clock.now())
  }

  private lookup(key: string, nowMs: number): CachedEntry | undefined {
    this.stats.gets++
    return this.cache.lookup(key, nowMs)
  }

  /** The answer that memory gives at once, if any; a stale one may start a refresh behind it. */
  private answerFrom(key: string, copy: CachedEntry | undefined, nowMs: number): Reply | undefined {
    if (copy === undefined) return undefined
    const freshness = freshnessAt(copy, nowMs)
    if (freshness === 'fresh') {
      this.stats.hits++
      if (copy.readBack === 'just-now') this.stats.durableHits++
      return this.reply(key, nowMs, hitFill(copy, nowMs))
    }
    // With peers, to answer with a stale value is for its owner to decide, and to refresh it.
    if (freshness === 'expired' || this.peers !== undefined) return undefined
    const rests = isBackingOff(copy, nowMs)
    if (mayServeWhileRevalidating(copy, nowMs)) {
      const started = !rests && this.refreshBehind(key)
      return this.staleReply(key, copy, nowMs, started ? { fwd: 'stale' } : { hit: true })
    }
    // What is stale, and outside the one window, is inside the other.
    return rests ? this.staleReply(key, copy, nowMs, { hit: true }) : undefined
  }

  /** Starts a load that nobody waits for, unless one is under way. */
  private refreshBehind(key: string): boolean {
    const { flights, onError } = this.parts
    if (flights.has(key)) return false
    flights.run(key, () => this.cacheFill.fill(key)).catch(onError)
    return true
  }

  /** Gets a hot copy anew shortly before its end, behind the answer, rather than for all who come after it. */
  private renewEarly(key: string, copy: CachedEntry, nowMs: number, peers: PeerPicker): void {
    const { keepAlive = () => {}, onError, random } = this.parts
    if (nowMs >= endOfFreshness(copy) || !isToBeRenewed(copy, nowMs, random)) return
    copy.isBeingRenewed = true
    const lease = this.cache.lease(key, nowMs)
    const renewing = this.getFromPeer(peers.pickPeer(key), lease).catch(onError)
    keepAlive(renewing.finally(() => this.cache.release(lease)))
  }

  private async load(
    key: string,
    copy: CachedEntry | undefined,
    askedAtMs: number,
    peers: PeerPicker | undefined,
    wanted?: () => WantedPart,
  ): Promise<Reply | StreamedReply> {
    if (peers !== undefined) {
      const lease = this.cache.lease(key, askedAtMs)
      try {
        for (const peer of peers.pickPeers(key)) {
          const reply = await this.getFromPeer(peer, lease, wanted)
          if (reply !== undefined) return reply
        }
      } finally {
        this.cache.release(lease)
      }
      const kept = this.staleHotReply(key)
      if (kept !== undefined) return kept
    }
    return this.getLocally(key, copy)
  }

  /** What an isolate that reaches no node may go on with, rather than load it itself. */
  private staleHotReply(key: string): Reply | undefined {
    const nowMs = this.parts.clock.now()
    const copy = this.cache.lookAgain(key, nowMs)
    if (copy === undefined || !mayServeWithoutNode(copy, nowMs)) return undefined
    // Another request may have reached a node meanwhile.
    if (freshnessAt(copy, nowMs) === 'fresh') return this.reply(key, nowMs, hitFill(copy, nowMs))
    return this.staleReply(key, copy, nowMs, { hit: true })
  }

  /**
   * The peer's reply, or `undefined` when the peer could not serve. A loader's failure is a reply:
   * asking another peer would only ask a sick origin twice.
   */
  private async getFromPeer(
    peer: Peer,
    lease: LoadLease,
    wanted?: () => WantedPart,
  ): Promise<Reply | StreamedReply | undefined> {
    const limitMs = this.parts.options.timeoutMs + PEER_MARGIN_MS
    const asking =
      wanted === undefined
        ? peer.get(this.name, lease.key, limitMs)
        : peer.read(this.name, lease.key, wanted(), limitMs)
    const reply = await asking.catch(unlessUnavailable)
    if (!(reply instanceof PeerUnavailableError)) return this.keepHot(lease, reply)
    this.peerFailed(reply)
    return undefined
  }

  private peerFailed(error: PeerUnavailableError): void {
    // No call has been made.
    if (error instanceof PeerBackingOffError) return
    this.stats.peerErrors++
    this.parts.onError(error)
  }

  /** Keeps what a peer answered, for a short while. */
  private keepHot<R extends Reply | StreamedReply>(lease: LoadLease, reply: R): R {
    const { clock, options, placement } = this.parts
    // Not where the node's answer is lost.
    if (reply.path.length > 0) this.stats.peerLoads++
    if (reply.kind !== 'failed' && reply.kind !== 'stream') {
      const entry = entryIn(reply, lease.startedAtMs)
      // Counted from when the peer was asked: the answer was current then, not when it arrived. And
      // never past the entry's own end: to answer with a stale value is for its owner to decide.
      // A guest's copy ends by its own time. What was left of it when the guest answered counts from here too.
      const holdMs = Math.min(options.hotTtlMs, reply.leftMs ?? options.hotTtlMs)
      const untilMs = Math.min(lease.startedAtMs + holdMs, entry.expiresAtMs)
      const nowMs = clock.now()
      const isValue = entry.kind === 'value' && entry.staleIfErrorMs > 0
      const staleIfErrorUntilMs = isValue ? entry.expiresAtMs + entry.staleIfErrorMs : undefined
      const tookMs = nowMs - lease.startedAtMs
      this.cache.populate(lease, entry, {
        nowMs,
        untilMs,
        staleIfErrorUntilMs: staleIfErrorUntilMs,
        tookMs,
      })
    } else if (reply.kind === 'failed' && reply.isRefusal) this.cache.refused(lease)
    return { ...reply, path: [...reply.path, { cache: placement.cacheName, fwd: 'miss' }] }
  }

  /** @param copy What memory has and could not be answered with yet. */
  private async getLocally(key: string, copy?: CachedEntry): Promise<Reply> {
    const { clock, flights, options } = this.parts
    const askedAtMs = clock.now()
    const collapsed = flights.has(key)
    if (collapsed) this.stats.loadsCoalesced++
    const flight = flights.run(key, () => this.cacheFill.fill(key))
    const joined = collapsed ? ({ collapsed: true } as const) : {}

    let stale = copy !== undefined && freshnessAt(copy, askedAtMs) === 'stale' ? copy : undefined
    const patience = stale === undefined ? Number.POSITIVE_INFINITY : options.softTimeoutMs
    const fill = await withTimeout(clock, patience, flight)
    const nowMs = clock.now()
    if (fill === undefined || fill.answer.kind === 'failed') {
      // A late answer, or a value set, may have come meanwhile.
      const held = this.cache.lookAgain(key, nowMs)
      if (held !== undefined && freshnessAt(held, nowMs) === 'fresh') {
        return this.reply(key, nowMs, hitFill(held, nowMs))
      }
      // Handed over by a previous owner while this get waited.
      stale ??= held
    }
    if (stale !== undefined && mayStandIn(stale, fill, nowMs)) {
      const forwarded = fill === undefined || fill.status.fwd !== undefined
      const status = forwarded ? ({ fwd: 'stale', ...joined } as const) : { hit: true }
      return this.staleReply(key, stale, nowMs, status)
    }
    const ended = fill ?? (await flight)
    return this.reply(key, nowMs, { ...ended, status: { ...ended.status, ...joined } })
  }

  private staleReply(
    key: string,
    copy: CachedEntry,
    nowMs: number,
    status: Pick<CacheStatusMember, 'hit' | 'fwd' | 'collapsed'>,
  ): Reply {
    this.stats.stale++
    const ttlMs = endOfFreshness(copy) - nowMs
    return this.reply(key, nowMs, {
      ...hitFill(copy, nowMs),
      status: { ...status, ttlMs, ...detailOf(copy.fallbackRole) },
    })
  }

  /** Of this place itself: what a peer answers is counted there. */
  private reply(key: string, nowMs: number, fill: FillResult): Reply {
    const { answer, status, upstreamPath = [], loadMs, untilMs, wastedBytes = 0 } = fill
    this.parts.hotKeys.count(key, nowMs)
    return {
      ...answer,
      path: [...upstreamPath, { cache: this.parts.placement.cacheName, ...status }],
      ...(untilMs === undefined ? {} : { leftMs: untilMs - nowMs }),
      ...(loadMs === undefined ? {} : { loadMs }),
      ...(wastedBytes === 0 ? {} : { wastedBytes }),
    }
  }
}

/**
 * Whether a batch is answered with a copy as it is. A stale copy is left to a get, which starts its refresh,
 * unless the batch may load nothing.
 */
function mayAnswerInBatch(copy: CachedEntry, nowMs: number, heldOnly: boolean): boolean {
  if (freshnessAt(copy, nowMs) === 'fresh') return true
  return heldOnly && (mayServeWhileRevalidating(copy, nowMs) || isBackingOff(copy, nowMs))
}

/** Whether a stale copy is to be answered rather than a failure, or than to wait any longer. */
function mayStandIn(stale: CachedEntry, fill: FillResult | undefined, nowMs: number): boolean {
  if (stale.isRefused) return false
  if (fill === undefined) return freshnessAt(stale, nowMs) === 'stale'
  const { answer } = fill
  return answer.kind === 'failed' && !answer.isRefusal && mayServeOnError(stale, nowMs)
}
