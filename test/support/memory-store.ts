/** Owns a store of entries in memory, for tests of what keeps entries on disk. */

import {
  type EntryStore,
  removableAtMs,
  type StoredEntry,
  storedBytes,
} from '../../src/core/durable/entry-store.ts'
import type { PurgeTarget } from '../../src/core/entry/purge.ts'

export class MemoryStore implements EntryStore {
  /** The calls that throw from now on: the disk fails. */
  readonly broken = new Set<'read' | 'write' | 'delete'>()
  readonly writes: string[] = []
  private readonly rows = new Map<string, StoredEntry>()

  get bytes(): number {
    let bytes = 0
    for (const [key, { entry }] of this.rows) bytes += storedBytes(key, entry)
    return bytes
  }

  get items(): number {
    return this.rows.size
  }

  get earliestRemovableMs(): number {
    return Math.min(...Array.from(this.rows.values(), ({ entry }) => removableAtMs(entry)))
  }

  read(key: string, nowMs: number): StoredEntry | undefined {
    this.failIf('read')
    const row = this.rows.get(key)
    return row === undefined || nowMs >= removableAtMs(row.entry) ? undefined : row
  }

  bytesOf(key: string): number | undefined {
    const row = this.rows.get(key)
    return row && storedBytes(key, row.entry)
  }

  write(key: string, stored: StoredEntry): void {
    this.failIf('write')
    this.writes.push(key)
    this.rows.set(key, stored)
  }

  touch(key: string, usedAtMs: number): void {
    const row = this.rows.get(key)
    if (row !== undefined) this.rows.set(key, { ...row, usedAtMs })
  }

  *keysOf(which: PurgeTarget): Iterable<string> {
    for (const [key, { entry }] of this.rows) {
      if ('key' in which ? which.key !== key : 'tag' in which && !entry.tags.includes(which.tag)) {
        continue
      }
      yield key
    }
  }

  delete(which: PurgeTarget): number {
    this.failIf('delete')
    const keys = [...this.keysOf(which)]
    for (const key of keys) this.rows.delete(key)
    return keys.length
  }

  makeStale(which: PurgeTarget, fromMs: number): void {
    this.failIf('write')
    for (const key of [...this.keysOf(which)]) {
      const row = this.rows.get(key) as StoredEntry
      const { entry } = row
      if (entry.staleWhileRevalidateMs + entry.staleIfErrorMs === 0) this.rows.delete(key)
      else {
        const expiresAtMs = Math.min(entry.expiresAtMs, fromMs)
        this.rows.set(key, { ...row, entry: { ...entry, expiresAtMs }, isPurgedSoftly: true })
      }
    }
  }

  leastRecentlyUsed(exceptKey: string): string | undefined {
    const others = [...this.rows].filter(([key]) => key !== exceptKey)
    return others.sort(([, a], [, b]) => a.usedAtMs - b.usedAtMs)[0]?.[0]
  }

  deleteRemovable(nowMs: number, most: number): number {
    this.failIf('delete')
    const gone = [...this.rows]
      .filter(([, { entry }]) => nowMs >= removableAtMs(entry))
      .slice(0, most)
    for (const [key] of gone) this.rows.delete(key)
    return gone.length
  }

  private failIf(call: 'read' | 'write' | 'delete'): void {
    if (this.broken.has(call)) throw new Error(`The disk cannot ${call}.`)
  }
}
