/** What every `EntryStore` promises, run on the one in SQLite and on the one in memory alike. */

import { describe, expect, test } from 'vitest'
import {
  type EntryStore,
  RENEWABLE_FOR_MS,
  removableAtMs,
  type StoredEntry,
  storedBytes,
} from '../../src/core/durable/entry-store.ts'
import type { ValueEntry } from '../../src/core/entry/entry.ts'

const NOW_MS = 1_700_000_000_000

type Parts = Partial<Omit<ValueEntry, 'kind' | 'value'>> & { readonly value?: string }

/** An entry that is fresh for a second, and stale for another. */
export function storedEntry(parts: Parts = {}, row: Partial<StoredEntry> = {}): StoredEntry {
  const { value = '630', ...others } = parts
  return {
    entry: {
      kind: 'value',
      contentType: 'text/plain',
      etag: `"${value}"`,
      tags: [],
      loadedAtMs: NOW_MS,
      ttlMs: 1_000,
      expiresAtMs: NOW_MS + 1_000,
      staleWhileRevalidateMs: 500,
      staleIfErrorMs: 1_000,
      ...others,
      value: new Uint8Array(new TextEncoder().encode(value)),
    },
    heldFromMs: NOW_MS,
    isPurgedSoftly: false,
    usedAtMs: NOW_MS,
    ...row,
  }
}

/** @param withStore Runs a test on an empty store. */
export function entryStoreContract(
  withStore: (run: (store: EntryStore) => void) => Promise<void>,
): void {
  const on = (name: string, run: (store: EntryStore) => void) => test(name, () => withStore(run))
  const all = (store: EntryStore) => [...store.keysOf({ all: true })].sort()
  const bytesOf = (entries: Record<string, StoredEntry>) =>
    Object.entries(entries).reduce((sum, [key, { entry }]) => sum + storedBytes(key, entry), 0)

  on('is empty at first', (store) => {
    expect(store).toMatchObject({
      bytes: 0,
      items: 0,
      earliestRemovableMs: Number.POSITIVE_INFINITY,
    })
    expect(store.read('Tom', NOW_MS)).toBeUndefined()
    expect(store.bytesOf('Tom')).toBeUndefined()
    expect(store.leastRecentlyUsed('')).toBeUndefined()
    expect(all(store)).toEqual([])
    expect(store.delete({ all: true })).toBe(0)
  })

  on('reads what was written, in every part', (store) => {
    const stored = storedEntry(
      {
        contentLanguage: 'de',
        lastModified: 'Sun, 06 Nov 1994 08:49:37 GMT',
        originEtag: 'W/"☃"',
        policy: { lifetimeMs: 1_000, staleIfErrorMs: 0, expiresMs: NOW_MS },
        tags: ['a', "b'; --"],
        staleIfErrorMs: 0,
      },
      { heldFromMs: NOW_MS + 1, isPurgedSoftly: true, usedAtMs: NOW_MS + 2 },
    )
    store.write("ключ'; DROP TABLE entries", stored)

    expect(store.read("ключ'; DROP TABLE entries", NOW_MS)).toEqual(stored)
    expect(store.read("ключ'; DROP TABLE entries", NOW_MS)?.entry.value.buffer.byteLength).toBe(3)
  })

  on('takes a value of no bytes, and of many', (store) => {
    const sizes = [0, 1, 1024 * 1024, 1024 * 1024 + 1, 3 * 1024 * 1024]
    for (const size of sizes) {
      store.write(`of ${size}`, storedEntry({ value: 'x'.repeat(size), etag: `"${size}"` }))
    }

    for (const size of sizes) {
      const value = store.read(`of ${size}`, NOW_MS)?.entry.value
      expect([size, value?.byteLength]).toEqual([size, size])
      expect(value?.every((byte) => byte === 0x78)).toBe(true)
    }
  })

  on('keeps one entry per key: the last', (store) => {
    for (const value of ['a longer one', '', 'new', 'x'.repeat(2_000_000), 'newer']) {
      const stored = storedEntry({ value, tags: [value.slice(0, 3)] })
      store.write('Tom', stored)

      expect(store.read('Tom', NOW_MS)).toEqual(stored)
      expect(store).toMatchObject({ items: 1, bytes: storedBytes('Tom', stored.entry) })
      expect([...store.keysOf({ tag: value.slice(0, 3) })]).toEqual(['Tom'])
    }
    expect([...store.keysOf({ tag: 'new' })]).toEqual(['Tom'])
    expect([...store.keysOf({ tag: 'a l' })]).toEqual([])
  })

  on('renews an entry with the same bytes', (store) => {
    store.write('Tom', storedEntry({ tags: ['a', 'b'] }))
    const renewed = storedEntry({ tags: ['b', 'c'], expiresAtMs: NOW_MS + 9_000 })
    store.write('Tom', renewed)

    expect(store.read('Tom', NOW_MS)).toEqual(renewed)
    expect(['a', 'b', 'c'].map((tag) => [...store.keysOf({ tag })])).toEqual([[], ['Tom'], ['Tom']])
  })

  on('reads nothing that is gone, but has it', (store) => {
    const { entry } = storedEntry()
    store.write('Tom', storedEntry())
    store.write('Sam', storedEntry({ originEtag: '"o"' }))

    expect(removableAtMs(entry)).toBe(NOW_MS + 2_000)
    expect(store.read('Tom', NOW_MS + 1_999)).toBeDefined()
    expect(store.read('Tom', NOW_MS + 2_000)).toBeUndefined()
    expect(store.read('Sam', NOW_MS + 1_999 + RENEWABLE_FOR_MS)).toBeDefined()
    expect(store.read('Sam', NOW_MS + 2_000 + RENEWABLE_FOR_MS)).toBeUndefined()
    expect(store.bytesOf('Tom')).toBe(storedBytes('Tom', entry))
  })

  on('counts bytes and entries through every change', (store) => {
    const a = storedEntry({ tags: ['x'] })
    const b = storedEntry({ value: 'longer', tags: ['x', 'y'] })
    store.write('a', a)
    expect(store).toMatchObject({ items: 1, bytes: bytesOf({ a }) })
    store.write('b', b)
    expect(store).toMatchObject({ items: 2, bytes: bytesOf({ a, b }) })
    expect(store.delete({ key: 'a' })).toBe(1)
    expect(store.delete({ key: 'a' })).toBe(0)
    expect(store).toMatchObject({ items: 1, bytes: bytesOf({ b }) })
    store.touch('b', NOW_MS)
    store.touch('none', NOW_MS)
    expect(store).toMatchObject({ items: 1, bytes: bytesOf({ b }) })
    store.delete({ all: true })
    expect(store).toMatchObject({
      items: 0,
      bytes: 0,
      earliestRemovableMs: Number.POSITIVE_INFINITY,
    })
  })

  describe('of several entries', () => {
    const fill = (store: EntryStore) => {
      store.write('a', storedEntry({ tags: ['x'] }))
      store.write('b', storedEntry({ tags: ['x', 'y'] }))
      store.write('c', storedEntry({ tags: ['y'], staleWhileRevalidateMs: 0, staleIfErrorMs: 0 }))
      store.write('d', storedEntry())
    }

    on('finds and deletes those of a tag', (store) => {
      fill(store)

      expect([...store.keysOf({ tag: 'x' })].sort()).toEqual(['a', 'b'])
      expect(store.delete({ tag: 'x' })).toBe(2)
      expect(all(store)).toEqual(['c', 'd'])
      expect([...store.keysOf({ tag: 'y' })]).toEqual(['c'])
      expect(store.delete({ tag: 'none' })).toBe(0)
    })

    on('deletes one, or all', (store) => {
      fill(store)

      expect([...store.keysOf({ key: 'a' }), ...store.keysOf({ key: 'e' })]).toEqual(['a'])
      store.delete({ key: 'a' })
      expect(all(store)).toEqual(['b', 'c', 'd'])
      expect(store.delete({ all: true })).toBe(3)
      expect(all(store)).toEqual([])
      store.write('e', storedEntry({ value: 'new' }))
      expect(store.read('e', NOW_MS)?.entry.etag).toBe('"new"')
    })

    on('makes some stale, and deletes what cannot be', (store) => {
      fill(store)

      store.makeStale({ tag: 'y' }, NOW_MS + 400)
      store.makeStale({ key: 'd' }, NOW_MS + 1_400)

      expect(all(store)).toEqual(['a', 'b', 'd'])
      const states = ['a', 'b', 'd'].map((key) => {
        const stored = store.read(key, NOW_MS)
        return [stored?.isPurgedSoftly, (stored?.entry.expiresAtMs ?? 0) - NOW_MS]
      })
      expect(states).toEqual([
        [false, 1_000],
        [true, 400],
        [true, 1_000],
      ])
      store.makeStale({ all: true }, NOW_MS)
      expect(store.read('a', NOW_MS)?.isPurgedSoftly).toBe(true)
      expect(store.items).toBe(3)
    })

    on('tells which was used longest ago', (store) => {
      fill(store)
      store.touch('a', NOW_MS + 3)
      store.touch('b', NOW_MS + 1)
      store.touch('c', NOW_MS + 2)
      store.touch('d', NOW_MS + 4)

      expect([store.leastRecentlyUsed('a'), store.leastRecentlyUsed('b')]).toEqual(['b', 'c'])
    })

    on('deletes what is gone, a few at a time', (store) => {
      for (const i of [1, 2, 3, 4]) {
        store.write(`${i}`, storedEntry({ expiresAtMs: NOW_MS + i * 1_000 }))
      }

      expect(store.earliestRemovableMs).toBe(NOW_MS + 2_000)
      expect(store.deleteRemovable(NOW_MS + 1_999, 10)).toBe(0)
      expect(store.deleteRemovable(NOW_MS + 4_000, 2)).toBe(2)
      expect(store.deleteRemovable(NOW_MS + 4_000, 2)).toBe(1)
      expect(all(store)).toEqual(['4'])
      expect(store).toMatchObject({ items: 1, earliestRemovableMs: NOW_MS + 5_000 })
    })
  })
}
