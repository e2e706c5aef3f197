/** Owns one run of a loader: its time limit, and that it always ends as data. */

import type { Clock } from './clock.ts'
import { LoadTimeoutError, NotFoundError } from './errors.ts'
import type { LoadContext, Loader, LoadResult } from './loader.ts'

export interface LoadLimits {
  readonly group: string
  /** The longest that callers wait for the loader, in milliseconds. */
  readonly timeoutMs: number
  readonly clock: Clock
  /** Told the loader's own error, for the log: it may hold what no client should see. */
  readonly onError: (error: unknown) => void
}

/** Runs `loader` once. The promise never rejects, and settles at the latest after `timeoutMs`. */
export async function runLoad(
  loader: Loader,
  key: string,
  { group, timeoutMs, clock, onError }: LoadLimits,
): Promise<LoadResult> {
  const abort = new AbortController()
  const timedOut = Promise.withResolvers<never>()
  const cancelTimer = clock.after(timeoutMs, () => {
    const error = new LoadTimeoutError(
      `The loader of group ${group} took more than ${timeoutMs} ms.`,
    )
    timedOut.reject(error)
    abort.abort(error)
  })
  try {
    return await Promise.race([
      callLoader(loader, key, { group, signal: abort.signal }),
      timedOut.promise,
    ])
  } catch (error) {
    if (error instanceof NotFoundError) return { kind: 'not-found' }
    onError(error)
    if (error instanceof LoadTimeoutError) {
      return { kind: 'failed', code: error.code, detail: error.message }
    }
    return { kind: 'failed', code: 'load-failed', detail: `The loader of group ${group} failed.` }
  } finally {
    cancelTimer()
  }
}

/** `async`, so that a loader that throws before it returns a promise is no special case. */
async function callLoader(loader: Loader, key: string, context: LoadContext): Promise<LoadResult> {
  return loader(key, context)
}
