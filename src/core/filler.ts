/** Owns how a load's result becomes an entry and is kept, whenever it comes. */

import { backoffMs } from './backoff.ts'
import { ownBytes } from './bytes.ts'
import type { Clock } from './clock.ts'
import type { Copies, Ticket } from './copies.ts'
import {
  type Copy,
  type Entry,
  endOfFreshness,
  freshnessAt,
  type Life,
  type StandIn,
  type ValueEntry,
} from './entry.ts'
import type { LoadRunner } from './load.ts'
import type { LoadedValue, LoadResult } from './loader.ts'
import type { Answer, CacheStatusMember, NewValue } from './peers.ts'
import type { Reading } from './reading-room.ts'
import type { Watch } from './under-way.ts'

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
export interface Fill {
  readonly answer: Answer
  readonly handling: Omit<CacheStatusMember, 'cache'>
  /** How long the load took, if there was one, in milliseconds. */
  readonly loadMs?: number
}

export interface FillerParts {
  readonly options: FillOptions
  readonly copies: Copies
  readonly runner: LoadRunner
  /** As what this place loads `key`; `undefined` when it owns the key. */
  readonly standsInFor: (key: string) => StandIn | undefined
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** The strong entity tag of a value. */
  readonly entityTag: (value: Uint8Array<ArrayBuffer>) => string | Promise<string>
  readonly onError: (error: unknown) => void
}

export class Filler {
  private readonly parts: FillerParts

  constructor(parts: FillerParts) {
    this.parts = parts
  }

  /** Runs the loader and keeps what it answers. Only ever called inside a flight. */
  async fill(key: string): Promise<Fill> {
    const { clock, copies, runner, standsInFor } = this.parts
    const startedAtMs = clock.now()
    // Two callers may miss one after the other; the second finds what the first one's flight stored.
    const held = copies.lookup(key, startedAtMs)
    if (held !== undefined && freshnessAt(held, startedAtMs) === 'fresh') {
      return hitFill(held, startedAtMs)
    }
    const ticket = copies.begin(key, startedAtMs)
    const standIn = standsInFor(key)
    const stale = held?.entry.kind === 'value' ? held.entry : undefined
    const watch = copies.watch(ticket)
    const { inTime, atLast, hasStarted, memory } = runner.run(key, stale, standIn)
    let isLate = false
    try {
      const result = await inTime
      isLate = result.kind === 'failed' && result.code === 'load-timeout'
      if (result.kind === 'failed' && held !== undefined) this.postpone(key, held)
      const { answer, stored } = await this.conclude(ticket, result, stale, memory)
      return {
        answer,
        handling: {
          // RFC 9211, section 2.2: only what has gone forward says so.
          ...(hasStarted() ? { fwd: held === undefined ? 'miss' : 'stale' } : {}),
          ...(stored ? { stored } : {}),
          ...detailOf(standIn),
        },
        ...(hasStarted() ? { loadMs: clock.now() - startedAtMs } : {}),
      }
    } finally {
      memory.release()
      if (isLate) this.keepLate(ticket, watch, atLast, stale)
      else copies.ended(ticket, watch)
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
  populate(ticket: Ticket, entry: Entry): boolean {
    const { clock, copies, options, standsInFor } = this.parts
    const standIn = standsInFor(ticket.key)
    const untilMs =
      standIn === undefined ? Number.POSITIVE_INFINITY : ticket.startedAtMs + options.hotTtlMs
    return copies.populate(ticket, entry, { nowMs: clock.now(), untilMs, standIn })
  }

  /** Leaves an entry alone for a while whose refresh has failed. */
  private postpone(key: string, held: Copy): void {
    const { clock, copies, random } = this.parts
    const failures = (held.retry?.failures ?? 0) + 1
    const sinceMs = clock.now()
    const notBeforeMs = sinceMs + backoffMs(failures, random)
    copies.postpone(key, held, { failures, sinceMs, notBeforeMs })
  }

  /** What a loader says after its time still fills the cache, if nothing newer has answered. */
  private keepLate(
    ticket: Ticket,
    watch: Watch,
    atLast: Promise<LoadResult>,
    stale: ValueEntry | undefined,
  ): void {
    const { copies, onError } = this.parts
    atLast
      .then(async (result) => {
        if (copies.isWatched(ticket, watch)) await this.conclude(ticket, result, stale)
      })
      .catch(onError)
      .finally(() => copies.ended(ticket, watch))
  }

  /** Turns a load's result into an answer, and keeps it. */
  private async conclude(
    ticket: Ticket,
    result: LoadResult,
    stale: ValueEntry | undefined,
    memory?: Reading,
  ): Promise<{ answer: Answer; stored: boolean }> {
    if (result.kind === 'failed') return { answer: result, stored: false }
    const entry = await this.entryFrom(result, stale)
    // What was read is going to count as an entry.
    memory?.release()
    return { answer: answerOf(entry), stored: this.populate(ticket, entry) }
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
      return { kind: result.kind, loadedAtMs, expiresAtMs }
    }
    // The same bytes, under the same tag: only its life begins anew. `LoadRunner` lets this answer pass
    // only where something was being refreshed.
    const renewed = stale as ValueEntry
    const tags = result.tags ?? renewed.tags
    return { ...renewed, tags, ...this.lifeFrom(result, renewed) }
  }

  /** A life that begins now: what `own` says of it, else what `otherwise` does. */
  private lifeFrom(own: Partial<Life>, otherwise: Life) {
    const { clock, options, random } = this.parts
    const loadedAtMs = clock.now()
    const ttlMs = own.ttlMs ?? otherwise.ttlMs
    // What is never fresh is stale by its own word only: the group's windows are for what was fresh once.
    const windows = ttlMs === 0 ? { staleWhileRevalidateMs: 0, staleIfErrorMs: 0 } : otherwise
    return {
      loadedAtMs,
      ttlMs,
      expiresAtMs: loadedAtMs + Math.round(ttlMs * (1 - options.expiryJitter * random())),
      staleWhileRevalidateMs: own.staleWhileRevalidateMs ?? windows.staleWhileRevalidateMs,
      staleIfErrorMs: own.staleIfErrorMs ?? windows.staleIfErrorMs,
    }
  }
}

/** A fresh copy as an answer. */
export function hitFill(copy: Copy, nowMs: number): Fill {
  const ttlMs = endOfFreshness(copy) - nowMs
  return { answer: answerOf(copy.entry), handling: { hit: true, ttlMs, ...detailOf(copy.standIn) } }
}

function answerOf(entry: Entry): Answer {
  return entry.kind === 'value'
    ? { kind: 'value', entry }
    : { kind: entry.kind, expiresAtMs: entry.expiresAtMs }
}

export function detailOf(standIn: StandIn | undefined): Pick<CacheStatusMember, 'detail'> {
  return standIn === undefined ? {} : { detail: standIn }
}
