/** Owns the form that an entry has on disk: the columns of its row, and the chunks of its value. */

import {
  DamagedEntryError,
  removableAtMs,
  type StoredEntry,
  storedBytes,
} from '../core/durable/entry-store.ts'
import { staleUntilMs, type ValueEntry } from '../core/entry/entry.ts'
import { murmur3, murmur3Bytes } from '../core/hash.ts'

/** A row of at most 2 MB is what the platform takes; its local stand-in takes more. */
export const CHUNK_BYTES = 1024 * 1024

/** The columns of an entry. A type, not an interface: only that fits `SqlStorage.exec`. */
export type StoredRow = {
  group_name: string
  key: string
  description: string
  tags: string
  etag: string
  held_from: number
  expires_at: number
  stale_ms: number
  is_purged_softly: number
  body: number
  length: number
  checksum: number
  bytes: number
  used_at: number
  gone_at: number
}

export const COLUMNS = [
  'group_name',
  'key',
  'description',
  'tags',
  'etag',
  'held_from',
  'expires_at',
  'stale_ms',
  'is_purged_softly',
  'body',
  'length',
  'checksum',
  'bytes',
  'used_at',
  'gone_at',
] as const satisfies readonly (keyof StoredRow)[]

/** What has no column of its own. */
type Description = Omit<ValueEntry, 'value' | 'tags' | 'etag' | 'expiresAtMs'>

export function rowOf(group: string, key: string, body: number, stored: StoredEntry): StoredRow {
  const { entry, heldFromMs, isPurgedSoftly, usedAtMs } = stored
  const { value, tags: tagList, etag, expiresAtMs, ...description } = entry
  const texts = { description: JSON.stringify(description), tags: JSON.stringify(tagList), etag }
  return {
    group_name: group,
    key,
    ...texts,
    held_from: heldFromMs,
    expires_at: expiresAtMs,
    stale_ms: staleUntilMs(entry) - expiresAtMs,
    is_purged_softly: isPurgedSoftly ? 1 : 0,
    body,
    length: value.byteLength,
    checksum: checksumOf({ key, ...texts }, value),
    bytes: storedBytes(key, entry),
    used_at: usedAtMs,
    gone_at: removableAtMs(entry),
  }
}

/** Throws `DamagedEntryError` where row and chunks are not those that were written. */
export function storedEntryOf(row: StoredRow, chunks: readonly ArrayBuffer[]): StoredEntry {
  const value = joined(chunks)
  const isWhole = value.byteLength === row.length && checksumOf(row, value) === row.checksum
  // What may change while it is stored has no checksum, and SQLite takes any type for any column.
  const times = [row.expires_at, row.held_from, row.used_at]
  if (!isWhole || !times.every(Number.isFinite)) {
    throw new DamagedEntryError('An entry on disk is not what was written.')
  }
  const entry: ValueEntry = {
    ...(JSON.parse(row.description) as Description),
    value,
    tags: JSON.parse(row.tags),
    etag: row.etag,
    expiresAtMs: row.expires_at,
  }
  return {
    entry,
    heldFromMs: row.held_from,
    isPurgedSoftly: row.is_purged_softly !== 0,
    usedAtMs: row.used_at,
  }
}

/** At least one, which is what takes the number of the body: of no bytes, if need be. */
export function chunksOf(value: Uint8Array): Uint8Array[] {
  const count = Math.max(1, Math.ceil(value.byteLength / CHUNK_BYTES))
  return Array.from({ length: count }, (_, i) => {
    return value.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES)
  })
}

/** The only chunk, as it is for most values, is not copied. */
function joined(chunks: readonly ArrayBuffer[]): Uint8Array<ArrayBuffer> {
  const [only] = chunks
  if (only !== undefined && chunks.length === 1) return new Uint8Array(only)
  const value = new Uint8Array(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let offset = 0
  for (const chunk of chunks) {
    value.set(new Uint8Array(chunk), offset)
    offset += chunk.byteLength
  }
  return value
}

type Checked = Pick<StoredRow, 'key' | 'description' | 'tags' | 'etag'>

/** Of what does not change while it is stored. Not the entity tag: SHA-256 is not to be had synchronously. */
function checksumOf({ key, description, tags, etag }: Checked, value: Uint8Array): number {
  const texts = [key, description, tags, etag].join('\n')
  return murmur3Bytes(value, murmur3(texts))
}
