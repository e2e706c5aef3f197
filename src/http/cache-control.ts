/** Owns the syntax of `Cache-Control` (RFC 9111, section 5.2). What a directive means is its reader's business. */

import { LONGEST_MS } from '../core/units.ts'

export type Directives = ReadonlyMap<string, string>

/** A quoted argument may hold anything, escaped quotes and commas too (RFC 9110, section 5.6.4). */
const DIRECTIVE = /([^\s=,"]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/g

/** Directive names in lower case, each with its first argument, or "". */
export function parseCacheControl(header: string): Directives {
  const directives = new Map<string, string>()
  for (const [, name, quoted, token] of header.matchAll(DIRECTIVE)) {
    const key = (name as string).toLowerCase()
    if (!directives.has(key)) directives.set(key, quoted ?? token ?? '')
  }
  return directives
}

/**
 * A number of seconds (section 1.2.2), in milliseconds, up to ten years. An argument that is no number
 * is 0, as it makes a response stale (section 4.2.1); none at all is `undefined`.
 */
export function deltaMs(seconds: string | undefined): number | undefined {
  if (seconds === undefined) return undefined
  return /^\d+$/.test(seconds) ? Math.min(Number(seconds) * 1000, LONGEST_MS) : 0
}
