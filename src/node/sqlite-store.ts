/** Owns the entries of one group in a node's SQLite: each is a row, and its value is in chunks. */

import type { EntryStore, StoredEntry } from '../core/durable/entry-store.ts'
import type { PurgeTarget } from '../core/entry/purge.ts'
import { MOST_CHUNKS } from './schema.ts'
import { COLUMNS, chunksOf, rowOf, type StoredRow, storedEntryOf } from './stored-row.ts'

/** Which rows are meant, and what is to be bound to that. Never a part of a statement: keys and tags. */
interface Condition {
  readonly where: string
  readonly bindings: readonly (string | number)[]
}

interface Totals {
  bytes: number
  items: number
  earliestRemovableMs: number
}

const WRITE = `
  INSERT INTO entries (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})
  ON CONFLICT (group_name, key) DO UPDATE SET
    ${COLUMNS.map((column) => `${column} = excluded.${column}`).join(', ')}`

export class SqliteStore implements EntryStore {
  private readonly storage: DurableObjectStorage
  private readonly sql: SqlStorage
  private readonly group: string
  /** Counted when they are asked for first: a node that only answers need not read all it has. */
  private known: Totals | undefined

  /** On tables that `migrate` has made. */
  constructor(storage: DurableObjectStorage, group: string) {
    this.storage = storage
    this.sql = storage.sql
    this.group = group
  }

  get bytes(): number {
    return this.totals.bytes
  }

  get items(): number {
    return this.totals.items
  }

  get earliestRemovableMs(): number {
    return this.totals.earliestRemovableMs
  }

  read(key: string, nowMs: number): StoredEntry | undefined {
    const row = this.sql
      .exec<StoredRow>(
        'SELECT * FROM entries WHERE group_name = ? AND key = ? AND gone_at > ?',
        this.group,
        key,
        nowMs,
      )
      .toArray()[0]
    return row && storedEntryOf(row, this.chunksOf(row))
  }

  bytesOf(key: string): number | undefined {
    return this.rowOf(key)?.bytes
  }

  write(key: string, stored: StoredEntry): void {
    const older = this.rowOf(key)
    const row = rowOf(this.group, key, older?.body ?? this.nextBody(), stored)
    this.storage.transactionSync(() => {
      if (older?.etag !== row.etag || older.length !== row.length) {
        this.writeChunks(row.body, stored.entry.value)
      }
      this.writeTags(key, older?.tags, stored.entry.tags)
      this.sql.exec(WRITE, ...COLUMNS.map((column) => row[column]))
    })
    const known = this.knownBefore(older?.bytes)
    if (known === undefined) return
    known.bytes += row.bytes - (older?.bytes ?? 0)
    known.items += older === undefined ? 1 : 0
    known.earliestRemovableMs = Math.min(known.earliestRemovableMs, row.gone_at)
  }

  touch(key: string, usedAtMs: number): void {
    this.sql.exec(
      'UPDATE entries SET used_at = ? WHERE group_name = ? AND key = ?',
      usedAtMs,
      this.group,
      key,
    )
  }

  *keysOf(which: PurgeTarget): Iterable<string> {
    const { where, bindings } = this.conditionOf(which)
    const rows = this.sql.exec<{ key: string }>(
      `SELECT key FROM entries WHERE ${where}`,
      ...bindings,
    )
    for (const { key } of rows) yield key
  }

  delete(which: PurgeTarget): number {
    return this.deleteWhere(this.conditionOf(which))
  }

  makeStale(which: PurgeTarget, fromMs: number): void {
    const { where, bindings } = this.conditionOf(which)
    try {
      this.storage.transactionSync(() => {
        this.deleteWhere({ where: `stale_ms = 0 AND ${where}`, bindings })
        this.sql.exec(
          `UPDATE entries SET expires_at = min(expires_at, ?), is_purged_softly = 1 WHERE ${where}`,
          fromMs,
          ...bindings,
        )
      })
    } catch (error) {
      // What was deleted is there again.
      this.known = undefined
      throw error
    }
  }

  leastRecentlyUsed(exceptKey: string): string | undefined {
    const rows = this.sql.exec<{ key: string }>(
      'SELECT key FROM entries WHERE group_name = ? AND key <> ? ORDER BY used_at LIMIT 1',
      this.group,
      exceptKey,
    )
    return rows.toArray()[0]?.key
  }

  deleteRemovable(nowMs: number, most: number): number {
    const deleted = this.deleteWhere({
      where: `group_name = ? AND key IN
        (SELECT key FROM entries WHERE group_name = ? AND gone_at <= ? LIMIT ?)`,
      bindings: [this.group, this.group, nowMs, most],
    })
    // When the next one will be gone has to be counted anew.
    this.known = undefined
    return deleted
  }

  private get totals(): Totals {
    this.known ??= this.count({ where: 'group_name = ?', bindings: [this.group] })
    return this.known
  }

  /** The totals, as long as `bytes` can be taken from them: with a damaged row they have to be counted anew. */
  private knownBefore(bytes = 0): Totals | undefined {
    if (!Number.isSafeInteger(bytes)) this.known = undefined
    return this.known
  }

  private count({ where, bindings }: Condition): Totals {
    const counted = this.sql
      .exec<{ items: number; bytes: number; earliest: number | null }>(
        `SELECT count(*) AS items, coalesce(sum(bytes), 0) AS bytes, min(gone_at) AS earliest
          FROM entries WHERE ${where}`,
        ...bindings,
      )
      .one()
    const { items, bytes, earliest } = counted
    return { items, bytes, earliestRemovableMs: earliest ?? Number.POSITIVE_INFINITY }
  }

  private deleteWhere(condition: Condition): number {
    const { bytes, items } = this.count(condition)
    // Rows that are not there cost nothing, but a transaction would delay the answer.
    if (items === 0) return 0
    this.sql.exec(`DELETE FROM entries WHERE ${condition.where}`, ...condition.bindings)
    const known = this.knownBefore(bytes)
    if (known !== undefined) {
      known.bytes -= bytes
      known.items -= items
      if (known.items === 0) known.earliestRemovableMs = Number.POSITIVE_INFINITY
    }
    return items
  }

  private conditionOf(which: PurgeTarget): Condition {
    const { group } = this
    if ('key' in which) return { where: 'group_name = ? AND key = ?', bindings: [group, which.key] }
    if ('all' in which) return { where: 'group_name = ?', bindings: [group] }
    return {
      where: 'group_name = ? AND key IN (SELECT key FROM tags WHERE group_name = ? AND tag = ?)',
      bindings: [group, group, which.tag],
    }
  }

  private rowOf(key: string) {
    return this.sql
      .exec<Pick<StoredRow, 'body' | 'bytes' | 'etag' | 'length' | 'tags'>>(
        'SELECT body, bytes, etag, length, tags FROM entries WHERE group_name = ? AND key = ?',
        this.group,
        key,
      )
      .toArray()[0]
  }

  private nextBody(): number {
    const { last } = this.sql
      .exec<{ last: number | null }>('SELECT max(id) AS last FROM chunks')
      .one()
    return Math.floor((last ?? 0) / MOST_CHUNKS) + 1
  }

  private writeChunks(body: number, value: Uint8Array): void {
    const chunks = chunksOf(value)
    if (chunks.length > MOST_CHUNKS) throw new RangeError('The value is too large for a disk.')
    const first = body * MOST_CHUNKS
    for (const [i, chunk] of chunks.entries()) {
      this.sql.exec('REPLACE INTO chunks VALUES (?, ?)', first + i, chunk)
    }
    this.sql.exec(
      'DELETE FROM chunks WHERE id BETWEEN ? AND ?',
      first + chunks.length,
      first + MOST_CHUNKS - 1,
    )
  }

  private writeTags(key: string, olderTags: string | undefined, tags: readonly string[]): void {
    const newer = new Set(tags)
    for (const tag of newer) {
      this.sql.exec('INSERT OR IGNORE INTO tags VALUES (?, ?, ?)', this.group, tag, key)
    }
    for (const tag of parseTags(olderTags)) {
      if (newer.has(tag)) continue
      this.sql.exec(
        'DELETE FROM tags WHERE group_name = ? AND tag = ? AND key = ?',
        this.group,
        tag,
        key,
      )
    }
  }

  private chunksOf({ body }: StoredRow): ArrayBuffer[] {
    const rows = this.sql.exec<{ bytes: ArrayBuffer }>(
      'SELECT bytes FROM chunks WHERE id BETWEEN ? AND ? ORDER BY id',
      body * MOST_CHUNKS,
      body * MOST_CHUNKS + MOST_CHUNKS - 1,
    )
    return Array.from(rows, ({ bytes }) => bytes)
  }
}

/** Of a damaged list none: a purge by one of them takes an entry that need not go, no more. */
function parseTags(tags = '[]'): string[] {
  try {
    return JSON.parse(tags)
  } catch {
    return []
  }
}
