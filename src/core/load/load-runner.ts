/** Owns one run of a loader: its place among the others, its time limit, and that it always ends as data. */

import type { Clock } from '../clock.ts'
import type { FallbackRole, ValueEntry } from '../entry/entry.ts'
import { parseTags, TAGS_FORM } from '../entry/tags.ts'
import {
  LoadError,
  LoadTimeoutError,
  type NotFoundError,
  OriginError,
  OverloadedError,
} from '../errors.ts'
import type { BodyReservation, BodyReservationParts } from '../memory/body-reservations.ts'
import type { GroupStats } from '../stats/group-stats.ts'
import type { Circuit, CircuitPass } from './circuit.ts'
import type { Limit } from './load-limit.ts'
import type { LoadContext, Loader, LoadResult } from './loader.ts'

export interface LoadRunnerParts {
  readonly group: string
  readonly loader: Loader
  /** The longest that callers wait for the loader, in milliseconds, waiting for a place included. */
  readonly timeoutMs: number
  readonly limit: Limit
  readonly circuit: Circuit
  readonly clock: Clock
  /** The memory for what a load reads. */
  readonly beginReading: (
    parts: Omit<BodyReservationParts, 'owner' | 'canQueue'>,
  ) => BodyReservation
  readonly stats: GroupStats
  /** Told the loader's own error, for the log: it may hold what no client should see. */
  readonly onError: (error: unknown) => void
}

export interface Load {
  /** Never rejects, and settles at the latest after `timeoutMs`. */
  readonly inTime: Promise<LoadResult>
  /** What the loader itself came to, in time or not. Never rejects; may never settle. */
  readonly atLast: Promise<LoadResult>
  /** Whether the loader has been called: not when it had to wait in vain, or its origin is left alone. */
  readonly hasStarted: () => boolean
  /** To be released when the value is about to be stored, or will not be. */
  readonly memory: BodyReservation
}

/** How a load ended. */
interface Ending {
  readonly result: LoadResult
  /** Set when it counts against the origin: only for failures that no key can provoke. */
  readonly outage?: Outage | undefined
}

interface Outage {
  /** How long the origin wants to be left alone. Default: for the usual pause. */
  readonly retryAfterMs?: number
}

export class LoadRunner {
  private readonly parts: LoadRunnerParts

  constructor(parts: LoadRunnerParts) {
    this.parts = parts
  }

  /** Runs the loader once, unless too many loads are under way or its origin is left alone. */
  run(key: string, stale?: ValueEntry, fallbackRole?: FallbackRole): Load {
    const { circuit, clock, group, limit, loader, stats, timeoutMs, onError } = this.parts
    const abort = new AbortController()
    const { signal } = abort
    const endsAtMs = clock.now() + timeoutMs
    const memory = this.parts.beginReading({ signal, endsAtMs, clock })
    const context: LoadContext = {
      group,
      signal,
      memory,
      ...(stale === undefined ? {} : { stale }),
    }
    let admission: CircuitPass | undefined
    let startedAtMs = 0

    const ending = limit
      .run(signal, async (): Promise<Ending> => {
        startedAtMs = clock.now()
        admission = circuit.admit(startedAtMs)
        if (admission === undefined) return { result: leftAlone(group) }
        stats.loads++
        if (fallbackRole === 'guest') stats.guestLoads++
        if (fallbackRole === 'no-node') stats.edgeLoads++
        const result = await loader(key, context)
        if (result.kind === 'not-modified' && stale === undefined) {
          throw new LoadError('Not modified, though nothing was being refreshed.')
        }
        return { result }
      })
      .catch((error: unknown) => {
        // The loader has been called, and has what it asked for: only there was nowhere to put it.
        if (memory.wasRefused) return { result: overloaded(group) }
        return this.endingOf(error, signal, admission !== undefined)
      })

    const timedOut = Promise.withResolvers<Ending>()
    const cancelTimer = clock.after(timeoutMs, () => {
      const error = new LoadTimeoutError(`Group ${group}: no answer within ${timeoutMs} ms.`)
      const result = { kind: 'failed', code: error.code, detail: error.message } as const
      timedOut.resolve({ result })
      abort.abort(error)
      onError(error)
    })
    const inTime = Promise.race([ending, timedOut.promise]).then(({ result, outage }) => {
      cancelTimer()
      if (result.kind === 'failed' && result.code === 'load-timeout') stats.loadTimeouts++
      if (admission === undefined) stats.loadsRefused++
      else this.account(result, outage, admission, startedAtMs)
      return result
    })
    const atLast = ending.then(({ result }) => result)
    return { inTime, atLast, hasStarted: () => admission !== undefined, memory }
  }

  /** @param hasStarted Whether the loader was called; what it throws is its own, whatever the class. */
  private endingOf(error: unknown, signal: AbortSignal, hasStarted: boolean): Ending {
    if (hasStarted && saysNotFound(error)) return this.notFoundEnding(error, signal)
    if (!hasStarted && error instanceof OverloadedError) {
      return { result: { kind: 'failed', code: error.code, detail: error.message } }
    }
    // A loader that was told to stop has nothing new to report.
    if (!signal.aborted) this.parts.onError(error)
    const detail = `Group ${this.parts.group}: the loader failed.`
    const refusal =
      error instanceof OriginError && error.isRefusal ? ({ isRefusal: true } as const) : {}
    const result = { kind: 'failed', code: 'load-failed', detail, ...refusal } as const
    return { result, outage: outageIn(error) }
  }

  /** Tags that are not valid fail the load, as those of a value do: nothing could purge the answer. */
  private notFoundEnding(error: NotFoundError, signal: AbortSignal): Ending {
    // An error from another Worker may carry anything.
    const named = (error as { readonly tags?: unknown }).tags
    if (named === undefined) return { result: { kind: 'not-found' } }
    const tags = parseTags(named)
    if (tags !== undefined) return { result: { kind: 'not-found', tags } }
    const message = `The loader threw a NotFoundError with tags that are not ${TAGS_FORM}.`
    return this.endingOf(new LoadError(message, { cause: error }), signal, true)
  }

  private account(
    result: LoadResult,
    outage: Outage | undefined,
    admission: CircuitPass,
    startedAtMs: number,
  ): void {
    const { circuit, clock, stats } = this.parts
    const nowMs = clock.now()
    // A clock that was set back meanwhile says nothing of how long it took.
    stats.observeLoad(Math.max(0, nowMs - startedAtMs))
    // What a key could have provoked says nothing against the origin, a time-out neither: see `Circuit`.
    if (outage === undefined) circuit.succeeded(admission)
    else circuit.failed(admission, nowMs, outage.retryAfterMs)
    if (result.kind === 'failed' && result.code !== 'load-timeout') stats.loadErrors++
    if (result.kind === 'not-found') stats.notFound++
  }
}

/** By name and code: an error from another Worker has lost its class. */
function saysNotFound(error: unknown): error is NotFoundError {
  const { name, code } = (error ?? {}) as Partial<NotFoundError>
  return name === 'NotFoundError' && code === 'not-found'
}

/** `undefined` where a choice of keys could have provoked the error. By name and code, as above. */
function outageIn(error: unknown): Outage | undefined {
  const { name, code, retryAfterMs } = (error ?? {}) as Partial<LoadError>
  const asksForPause = name === 'LoadError' && code === 'load-failed' && isPause(retryAfterMs)
  if (asksForPause) return { retryAfterMs }
  return error instanceof OriginError && error.isUnreachable ? {} : undefined
}

/** A loader may be plain JavaScript: anything may be in the place of the number. */
function isPause(ms: unknown): ms is number {
  return typeof ms === 'number' && ms > 0
}

function overloaded(group: string): LoadResult {
  const detail = `Group ${group}: too many values are being read.`
  return { kind: 'failed', code: 'overloaded', detail }
}

function leftAlone(group: string): LoadResult {
  const detail = `Group ${group}: the origin keeps failing, and is left alone for a moment.`
  return { kind: 'failed', code: 'load-failed', detail }
}
