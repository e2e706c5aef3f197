/** Owns how recorded requests are read from files. */

import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Workload } from './workload.ts'

/** What a cache that meets the trace holds. */
export type Capacity =
  | { readonly unit: 'entries'; readonly count: number }
  | { readonly unit: 'bytes'; readonly count: number }

/** Throws an `Error` that says what is wrong with the file. */
export function readTrace(file: string, capacity: Capacity): Workload {
  const bytes = readFileSync(file)
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
  const text = (isGzip ? gunzipSync(bytes) : bytes).toString('utf8')
  const name = `${basename(file).replace(/\..*$/, '')} @${capacity.count} ${capacity.unit}`
  return { name, ...parseTrace(text, capacity), capacity: capacity.count }
}

/**
 * One request a line: a key, or in every line a key and its size, with a blank, a tab or a comma between.
 * In entries, sizes do not count.
 */
export function parseTrace(text: string, { unit }: Capacity): Pick<Workload, 'keys' | 'sizes'> {
  const lines = text.split(/\r?\n/).filter((line) => line !== '')
  const pairs = lines.map((line) => /^(.+?)[ \t,]+(\d+)$/.exec(line))
  const areSized = pairs.length > 0 && pairs.every((pair) => pair !== null)
  if (unit === 'bytes' && !areSized) throw new Error('--bytes needs a size in every line')
  if (!areSized) return { keys: once(lines) }
  const keys = once(pairs.map((pair) => pair?.[1] ?? ''))
  if (unit === 'entries') return { keys }
  return { keys, sizes: pairs.map((pair) => Number(pair?.[2])) }
}

/** Equal keys as one string each, as few as the file has different ones. */
function once(keys: readonly string[]): string[] {
  const known = new Map<string, string>()
  return keys.map((key) => {
    const same = known.get(key)
    if (same !== undefined) return same
    known.set(key, key)
    return key
  })
}
