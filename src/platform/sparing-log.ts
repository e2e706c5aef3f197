/**
 * A bound on what is logged. Clients choose keys, and a key can make a load fail each time that it is asked
 * for: without a bound anyone could fill the log, which is billed by the line.
 */

import type { Platform } from './platform.ts'

/** The window for which errors are counted, in milliseconds. */
const WINDOW_MS = 60_000

/** Errors of one event and place that are logged within a window. */
const MOST_LINES = 10

/** The errors of one event and place. */
interface Window {
  sinceMs: number
  lines: number
  /** How many errors were left out since the last line. */
  leftOut: number
}

/**
 * The same platform, with a log that writes at most ten errors of each event and place a minute. The next line
 * says how many were left out before it, as `leftOut`.
 */
export function withSparingLog(platform: Platform): Platform {
  const windows = new Map<string, Window>()
  return {
    ...platform,
    logError(event, where, error) {
      const window = windowOf(windows, JSON.stringify([event, where]), platform.clock.now())
      if (window.lines === MOST_LINES) {
        window.leftOut++
        return
      }
      window.lines++
      const { leftOut } = window
      window.leftOut = 0
      platform.logError(event, leftOut === 0 ? where : { ...where, leftOut }, error)
    },
  }
}

/** Places are groups and nodes, so there are few of them. */
function windowOf(windows: Map<string, Window>, kind: string, nowMs: number): Window {
  const window = windows.get(kind) ?? { sinceMs: nowMs, lines: 0, leftOut: 0 }
  windows.set(kind, window)
  // A clock that was set back must not silence the log.
  const isOver = nowMs >= window.sinceMs + WINDOW_MS || nowMs < window.sinceMs
  if (isOver) {
    window.sinceMs = nowMs
    window.lines = 0
  }
  return window
}
