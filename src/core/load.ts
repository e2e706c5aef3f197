/** Owns one run of a loader: its place among the others, its time limit, and that it always ends as data. */

import type { Circuit } from './circuit.ts'
import type { Clock } from './clock.ts'
import type { StandIn, ValueEntry } from './entry.ts'
import { LoadError, LoadTimeoutError, type NotFoundError, OverloadedError } from './errors.ts'
import type { LoadLimit } from './load-limit.ts'
import type { LoadContext, Loader, LoadResult } from './loader.ts'
import type { GroupStats } from './stats.ts'

export interface LoadRunnerParts {
  readonly group: string
  readonly loader: Loader
  /** The longest that callers wait for the loader, in milliseconds, waiting for a place included. */
  readonly timeoutMs: number
  readonly limit: LoadLimit
  readonly circuit: Circuit
  readonly clock: Clock
  readonly stats: GroupStats
  /** Told the loader's own error, for the log: it may hold what no client should see. */
  readonly onError: (error: unknown) => void
}

export interface Load {
  /** Never rejects, and settles at the latest after `timeoutMs`. */
  readonly inTime: Promise<LoadResult>
  /** What the loader itself came to, in time or not. Never rejects; may never settle. */
  readonly atLast: Promise<LoadResult>
}

export class LoadRunner {
  private readonly parts: LoadRunnerParts

  constructor(parts: LoadRunnerParts) {
    this.parts = parts
  }

  /** Runs the loader once, unless too many loads are under way or its origin is left alone. */
  run(key: string, stale?: ValueEntry, standIn?: StandIn): Load {
    const { circuit, clock, group, limit, loader, stats, timeoutMs, onError } = this.parts
    const abort = new AbortController()
    const context: LoadContext = {
      group,
      signal: abort.signal,
      ...(stale === undefined ? {} : { stale }),
    }
    let startedAtMs: number | undefined

    const atLast = limit
      .run(abort.signal, async (): Promise<LoadResult> => {
        if (!circuit.admits(clock.now())) return leftAlone(group)
        startedAtMs = clock.now()
        stats.loads++
        if (standIn === 'guest') stats.guestLoads++
        if (standIn === 'no-node') stats.edgeLoads++
        const loaded = await loader(key, context)
        if (loaded.kind === 'not-modified' && stale === undefined) {
          throw new LoadError('Not modified, though nothing was being refreshed.')
        }
        return loaded
      })
      .catch((error: unknown) => this.failureOf(error, abort.signal, startedAtMs !== undefined))

    const timedOut = Promise.withResolvers<LoadResult>()
    const cancelTimer = clock.after(timeoutMs, () => {
      const error = new LoadTimeoutError(`Group ${group}: no answer within ${timeoutMs} ms.`)
      timedOut.resolve({ kind: 'failed', code: error.code, detail: error.message })
      abort.abort(error)
      onError(error)
    })
    const inTime = Promise.race([atLast, timedOut.promise]).then((result) => {
      cancelTimer()
      this.account(result, startedAtMs)
      return result
    })
    return { inTime, atLast }
  }

  /** @param hasStarted Whether the loader was called; what it throws is its own, whatever the class. */
  private failureOf(error: unknown, signal: AbortSignal, hasStarted: boolean): LoadResult {
    if (hasStarted && saysNotFound(error)) return { kind: 'not-found' }
    if (!hasStarted && error instanceof OverloadedError) {
      return { kind: 'failed', code: error.code, detail: error.message }
    }
    // A loader that was told to stop has nothing new to report.
    if (!signal.aborted) this.parts.onError(error)
    const detail = `Group ${this.parts.group}: the loader failed.`
    return { kind: 'failed', code: 'load-failed', detail }
  }

  /** @param startedAtMs When the loader was called; `undefined` when it was not. */
  private account(result: LoadResult, startedAtMs: number | undefined): void {
    const { circuit, clock, stats } = this.parts
    const timedOut = result.kind === 'failed' && result.code === 'load-timeout'
    if (timedOut) stats.loadTimeouts++
    if (startedAtMs === undefined) return
    const nowMs = clock.now()
    stats.observeLoad(nowMs - startedAtMs)
    if (result.kind === 'failed') circuit.failed(nowMs)
    else circuit.succeeded()
    if (result.kind === 'failed' && !timedOut) stats.loadErrors++
    if (result.kind === 'not-found') stats.notFound++
  }
}

/** By name and code: an error from another Worker has lost its class. */
function saysNotFound(error: unknown): boolean {
  const { name, code } = (error ?? {}) as Partial<NotFoundError>
  return name === 'NotFoundError' && code === 'not-found'
}

function leftAlone(group: string): LoadResult {
  const detail = `Group ${group}: the origin keeps failing, and is left alone for a moment.`
  return { kind: 'failed', code: 'load-failed', detail }
}
