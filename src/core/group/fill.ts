/** Turns the result of a load into an entry and keeps it, in time or late. */

import { backoffMs } from '../backoff.ts'
import { ownBytes } from '../bytes.ts'
import type { Cache, Holding } from '../cache/cache.ts'
import type { LoadLease } from '../cache/load-order.ts'
import type { Clock } from '../clock.ts'
import {
  type CachedEntry,
  completeLife,
  type Entry,
  endOfFreshness,
  type FallbackRole,
  freshnessAt,
  type Life,
  type Marker,
  type ValueEntry,
} from '../entry/entry.ts'
import type { LoadRunner } from '../load/load-runner.ts'
import type { LoadedValue, LoadFailure, LoadResult } from '../load/loader.ts'
import type { BodyReservation } from '../memory/body-reservations.ts'
import type { Answer, CacheStatusMember, NewValue, Reply } from '../peers/peers.ts'
import type { Upstream } from '../peers/upstream.ts'
import type { GroupStats } from '../stats/group-stats.ts'

/** What becomes of an answer that is kept; a part of `GroupOptions`. */
export interface FillOptions extends Life {
  /** How long "not found" is remembered. 0: not at all. */
  readonly negativeTtlMs: number
  /** The longest life of a copy that is not the owner's. 0: there are none. */
  readonly hotTtlMs: number
  /** The largest part of `ttlMs` by which an entry may expire early, 0 to 0.5. */
  readonly expiryJitter: number
}

/** What a load came to: the answer, and how this place handled it. */
export interface FillResult {
  readonly answer: Answer
  readonly status: Omit<CacheStatusMember, 'cache'>
  /** The caches beyond this place that have brought it. */
  readonly upstreamPath?: readonly CacheStatusMember[]
  /** When the copy of a guest ends, from which the answer comes or as which it is held. */
  readonly untilMs?: number
  /** How long the load took, if there was one, in milliseconds. */
  readonly loadMs?: number
  /** What the load has read for an answer that carries no value, in bytes. */
  readonly wastedBytes?: number
}

export interface CacheFillParts {
  readonly options: FillOptions
  readonly cache: Cache
  readonly runner: LoadRunner
  /** What is asked before the loader. Default: nothing. */
  readonly upstream?: Upstream | undefined
  /** As what this place loads `key`; `undefined` when it owns the key. */
  readonly fallbackRoleFor: (key: string) => FallbackRole | undefined
  readonly stats: GroupStats
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** The strong entity tag of a value. */
  readonly entityTag: (value: Uint8Array<ArrayBuffer>) => string | Promise<string>
  readonly onError: (error: unknown) => void
}

export class CacheFill {
  private readonly parts: CacheFillParts

  constructor(parts: CacheFillParts) {
    this.parts = parts
  }

  /** Asks upstream, or runs the loader, and keeps what is answered. Only ever called inside a flight. */
  async fill(key: string): Promise<FillResult> {
    const { upstream } = this.parts
    // Two callers may miss one after the other; the second finds what the first one's flight stored.
    const held = this.heldNow(key)
    if (isFill(held)) return held
    if (upstream === undefined) return this.load(key, held)
    const handed = held ?? (await this.takeHandOff(key, upstream))
    if (isFill(handed)) return handed
    const fromHome = await this.askHome(key, handed, upstream)
    if (fromHome !== undefined) return fromHome
    // Once more: what has been set while others were asked must not be replaced by a load that begins now,
    // and what has been purged must not be renewed by it.
    const stillHeld = this.heldNow(key)
    return isFill(stillHeld) ? stillHeld : this.load(key, stillHeld)
  }

  /** A fresh copy as an answer; a stale one to be refreshed. */
  private heldNow(key: string): FillResult | CachedEntry | undefined {
    const { clock, cache } = this.parts
    const nowMs = clock.now()
    const held = cache.lookAgain(key, nowMs)
    const isFresh = held !== undefined && freshnessAt(held, nowMs) === 'fresh'
    return isFresh ? hitFill(held, nowMs) : held
  }

  /**
   * What the previous owner has: a fresh answer, or a stale copy to be refreshed. Whatever was purged or set
   * since this began is not stored: a purge reaches the previous owner first.
   */
  private async takeHandOff(
    key: string,
    upstream: Upstream,
  ): Promise<FillResult | CachedEntry | undefined> {
    const { clock, cache, stats } = this.parts
    const lease = cache.lease(key, clock.now())
    try {
      const reply = await upstream.peek(key)
      if (reply === undefined || reply.kind === 'failed') return undefined
      stats.handoffs++
      const fill = this.fillFrom(staleIfPurged(reply, lease.startedAtMs), lease, undefined, true)
      const { answer } = fill
      const isStale = answer.kind === 'value' && clock.now() >= answer.entry.expiresAtMs
      return isStale ? cache.lookAgain(key, clock.now()) : fill
    } finally {
      cache.release(lease)
    }
  }

  private async askHome(
    key: string,
    held: CachedEntry | undefined,
    upstream: Upstream,
  ): Promise<FillResult | undefined> {
    const { clock, cache } = this.parts
    const lease = cache.lease(key, clock.now())
    try {
      const reply = await upstream.get(key)
      if (reply === undefined) return undefined
      if (reply.kind !== 'failed' || reply.isRefusal) upstream.answered(key)
      else if (held !== undefined) this.postpone(lease, held)
      return this.fillFrom(reply, lease, held)
    } finally {
      cache.release(lease)
    }
  }

  /** Another node's reply, kept as this node's own. */
  private fillFrom(
    reply: Reply,
    lease: LoadLease,
    held: CachedEntry | undefined,
    isHandedOver = false,
  ): FillResult {
    const { path: upstreamPath, ...rest } = reply
    const status = { fwd: held === undefined ? 'miss' : 'stale' } as const
    if (rest.kind === 'failed') {
      if (rest.isRefusal) this.parts.cache.refused(lease)
      return { answer: rest, upstreamPath, status }
    }
    const entry = entryIn(rest, lease.startedAtMs)
    const stored = this.populate(lease, entry, { isHandedOver })
    const loaded = rest.loadMs === undefined ? {} : { loadMs: rest.loadMs }
    return {
      answer: answerOf(entry),
      upstreamPath,
      status: { ...status, ...(stored ? { stored } : {}) },
      ...this.endAsGuest(lease),
      ...loaded,
    }
  }

  private async load(key: string, held: CachedEntry | undefined): Promise<FillResult> {
    const { clock, cache, runner, fallbackRoleFor } = this.parts
    const startedAtMs = clock.now()
    const lease = cache.lease(key, startedAtMs)
    const fallbackRole = fallbackRoleFor(key)
    const stale = held?.entry.kind === 'value' ? held.entry : undefined
    const { inTime, atLast, hasStarted, memory } = runner.run(key, stale, fallbackRole)
    let isLate = false
    try {
      const result = await inTime
      isLate = result.kind === 'failed' && result.code === 'load-timeout'
      if (result.kind === 'failed' && held !== undefined) this.postpone(lease, held)
      const { answer, stored } = await this.conclude(lease, result, stale, memory)
      return {
        answer,
        status: {
          // RFC 9211, section 2.2: only what has gone forward says so.
          ...(hasStarted() ? { fwd: held === undefined ? 'miss' : 'stale' } : {}),
          ...(stored ? { stored } : {}),
          ...detailOf(fallbackRole),
        },
        ...this.endAsGuest(lease),
        ...(hasStarted() ? { loadMs: clock.now() - startedAtMs } : {}),
        ...(answer.kind === 'value' ? {} : { wastedBytes: memory.peakBytes }),
      }
    } finally {
      memory.release()
      if (isLate) this.keepLate(lease, atLast, stale)
      else cache.release(lease)
    }
  }

  /** The entry of a value that was loaded, or set. */
  async entryOf(loaded: LoadedValue | NewValue): Promise<ValueEntry> {
    const { entityTag, options } = this.parts
    const value = ownBytes(loaded.value)
    const etag = await entityTag(value)
    return {
      ...loaded,
      kind: 'value',
      value,
      etag,
      tags: loaded.tags ?? [],
      ...this.lifeFrom(loaded, options),
    }
  }

  /** Holds an entry for as long as this place may. */
  populate(
    lease: LoadLease,
    entry: Entry,
    { isHandedOver, isConfirmed }: Pick<Holding, 'isHandedOver' | 'isConfirmed'> = {},
  ): boolean {
    const { clock, cache, options, fallbackRoleFor } = this.parts
    const fallbackRole = fallbackRoleFor(lease.key)
    const untilMs =
      fallbackRole === undefined ? Number.POSITIVE_INFINITY : lease.startedAtMs + options.hotTtlMs
    return cache.populate(lease, entry, {
      nowMs: clock.now(),
      untilMs,
      fallbackRole,
      ...(isHandedOver === undefined ? {} : { isHandedOver }),
      ...(isConfirmed === undefined ? {} : { isConfirmed }),
    })
  }

  /** When this place's copy of an answer ends, if it is a guest to the key. */
  private endAsGuest({ key, startedAtMs }: LoadLease): Pick<FillResult, 'untilMs'> {
    const { options, fallbackRoleFor } = this.parts
    return fallbackRoleFor(key) === 'guest' ? { untilMs: startedAtMs + options.hotTtlMs } : {}
  }

  /** Leaves an entry alone for a while whose refresh has failed. */
  private postpone(lease: LoadLease, held: CachedEntry): void {
    const { clock, cache, random } = this.parts
    const failures = (held.retry?.failures ?? 0) + 1
    const sinceMs = clock.now()
    const notBeforeMs = sinceMs + backoffMs(failures, random)
    cache.postpone(lease, held, { failures, sinceMs, notBeforeMs })
  }

  /** What a loader says after its time still fills the cache, if nothing newer has answered. */
  private keepLate(
    lease: LoadLease,
    atLast: Promise<LoadResult>,
    stale: ValueEntry | undefined,
  ): void {
    const { cache, onError } = this.parts
    atLast
      .then(async (result) => {
        if (cache.mayStore(lease, [])) await this.conclude(lease, result, stale)
      })
      .catch(onError)
      .finally(() => cache.release(lease))
  }

  /** Turns a load's result into an answer, and keeps it. */
  private async conclude(
    lease: LoadLease,
    result: LoadResult,
    stale: ValueEntry | undefined,
    memory?: BodyReservation,
  ): Promise<{ answer: Answer; stored: boolean }> {
    const { cache, upstream } = this.parts
    if (result.kind === 'failed') {
      if (result.isRefusal) {
        cache.refused(lease)
        // The previous owner may still hold what was refused.
        upstream?.answered(lease.key)
      }
      return { answer: result, stored: false }
    }
    const entry = await this.entryFrom(result, stale)
    // What was read is going to count as an entry.
    memory?.release()
    // Bytes that are renewed may have been purged by a tag that they do not have any more.
    const formerTags = (result.kind === 'not-modified' && stale?.tags) || []
    const mayStore = cache.mayStore(lease, formerTags)
    upstream?.answered(lease.key)
    const isConfirmed = result.kind === 'not-modified'
    const stored = mayStore && this.populate(lease, entry, { isConfirmed })
    return { answer: answerOf(entry), stored }
  }

  private async entryFrom(
    result: Exclude<LoadResult, { kind: 'failed' }>,
    stale: ValueEntry | undefined,
  ): Promise<Entry> {
    if (result.kind === 'value') return this.entryOf(result)
    if (result.kind !== 'not-modified') {
      const { clock, options } = this.parts
      const loadedAtMs = clock.now()
      const otherwiseMs = result.kind === 'not-found' ? options.negativeTtlMs : options.ttlMs
      const expiresAtMs = loadedAtMs + (result.ttlMs ?? otherwiseMs)
      return { kind: result.kind, ...tagged(result.tags), loadedAtMs, expiresAtMs }
    }
    // The same bytes, under the same tag: what describes them may be new, and their life is. `LoadRunner`
    // lets this answer pass only where something was being refreshed.
    const renewed = stale as ValueEntry
    const otherwise = result.policy === undefined ? renewed : this.parts.options
    return { ...renewed, ...result, kind: 'value', ...this.lifeFrom(result, otherwise) }
  }

  /** A life that begins now: what `own` says of it, else what `otherwise` does. */
  private lifeFrom(own: Partial<Life>, otherwise: Life) {
    const { clock, options, random } = this.parts
    const loadedAtMs = clock.now()
    const life = completeLife(own, otherwise)
    const early = life.ttlMs > 0 ? options.expiryJitter * random() : 0
    return { ...life, loadedAtMs, expiresAtMs: loadedAtMs + Math.round(life.ttlMs * (1 - early)) }
  }
}

function isFill(found: FillResult | CachedEntry | undefined): found is FillResult {
  return found !== undefined && 'answer' in found
}

/** A fresh copy as an answer. */
export function hitFill(copy: CachedEntry, nowMs: number): FillResult {
  const ttlMs = endOfFreshness(copy) - nowMs
  return {
    answer: answerOf(copy.entry),
    status: { hit: true, ttlMs, ...detailOf(copy.fallbackRole) },
    ...(copy.fallbackRole === 'guest' ? { untilMs: copy.untilMs } : {}),
  }
}

/** Makes the value of a reply to a peek stale, if it was purged softly. */
function staleIfPurged(reply: Reply, askedAtMs: number): Reply {
  if (reply.kind !== 'value' || !reply.isPurgedSoftly) return reply
  const { entry } = reply
  // The previous owner's clock may be ahead, or have been set back: the mark counts, not the time.
  return { ...reply, entry: { ...entry, expiresAtMs: Math.min(entry.expiresAtMs, askedAtMs) } }
}

/** The entry that another place's answer is kept as. */
export function entryIn(answer: Exclude<Answer, LoadFailure>, loadedAtMs: number): Entry {
  if (answer.kind === 'value') return answer.entry
  const { kind, expiresAtMs, tags } = answer
  return { kind, ...tagged(tags), loadedAtMs, expiresAtMs }
}

/** An entry as an answer. */
export function answerOf(entry: Entry): Answer {
  return entry.kind === 'value'
    ? { kind: 'value', entry }
    : { kind: entry.kind, expiresAtMs: entry.expiresAtMs, ...tagged(entry.tags) }
}

function tagged(tags: readonly string[] = []): Pick<Marker, 'tags'> {
  return tags.length === 0 ? {} : { tags }
}

export function detailOf(
  fallbackRole: FallbackRole | undefined,
): Pick<CacheStatusMember, 'detail'> {
  return fallbackRole === undefined ? {} : { detail: fallbackRole }
}
