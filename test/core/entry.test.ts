import { describe, expect, test } from 'vitest'
import {
  type CachedEntry,
  ENTRY_OVERHEAD_BYTES,
  type Freshness,
  freshnessAt,
  hasValidator,
  heldBytes,
  mayServeOnError,
  mayServeWhileRevalidating,
  type ValueEntry,
} from '../../src/core/entry/entry.ts'

const LOADED_MS = 1_000

/** Fresh for 100 ms, then 50 ms for while-revalidate and 80 ms for if-error. */
function copyOf(changes: Partial<CachedEntry> = {}): CachedEntry {
  return {
    entry: ENTRY,
    sequence: 1,
    heldFromMs: LOADED_MS,
    untilMs: Number.POSITIVE_INFINITY,
    ...changes,
  }
}

const ENTRY: ValueEntry = {
  kind: 'value',
  value: new Uint8Array(10),
  contentType: 'text/plain',
  etag: '"1"',
  tags: [],
  loadedAtMs: LOADED_MS,
  expiresAtMs: LOADED_MS + 100,
  ttlMs: 100,
  staleWhileRevalidateMs: 50,
  staleIfErrorMs: 80,
}

describe('freshness', () => {
  test.each<[number, Freshness]>([
    [0, 'fresh'],
    [99, 'fresh'],
    [100, 'stale'],
    [179, 'stale'],
    [180, 'expired'],
    [-1, 'expired'],
  ])('%i ms after the load an entry is %s', (ageMs, freshness) => {
    expect(freshnessAt(copyOf(), LOADED_MS + ageMs)).toBe(freshness)
  })

  test('a copy that must end is expired then, stale windows or not', () => {
    const copy = copyOf({ untilMs: LOADED_MS + 60 })

    expect(freshnessAt(copy, LOADED_MS + 59)).toBe('fresh')
    expect(freshnessAt(copy, LOADED_MS + 60)).toBe('expired')
  })

  test('"not found" is never stale', () => {
    const copy = copyOf({
      entry: { kind: 'not-found', loadedAtMs: LOADED_MS, expiresAtMs: LOADED_MS + 5 },
    })

    expect(freshnessAt(copy, LOADED_MS + 4)).toBe('fresh')
    expect(freshnessAt(copy, LOADED_MS + 5)).toBe('expired')
    expect(mayServeOnError(copy, LOADED_MS)).toBe(false)
  })

  test('the two stale windows begin together and end each by itself', () => {
    const copy = copyOf()

    expect(mayServeWhileRevalidating(copy, LOADED_MS + 149)).toBe(true)
    expect(mayServeWhileRevalidating(copy, LOADED_MS + 150)).toBe(false)
    expect(mayServeOnError(copy, LOADED_MS + 179)).toBe(true)
    expect(mayServeOnError(copy, LOADED_MS + 180)).toBe(false)
  })
})

test('either validator is enough to ask the origin by, and "not found" has none', () => {
  expect(hasValidator({ ...ENTRY, originEtag: '"1"' })).toBe(true)
  expect(hasValidator({ ...ENTRY, lastModified: 'Tue, 01 Sep 2026 10:00:00 GMT' })).toBe(true)
  expect(hasValidator(ENTRY)).toBe(false)
  expect(hasValidator({ kind: 'not-found', loadedAtMs: 0, expiresAtMs: 1 })).toBe(false)
})

describe('weight', () => {
  test('is that of the key in UTF-8, the buffer, the texts, the tags and the overhead', () => {
    const described = {
      ...ENTRY,
      contentLanguage: 'uk',
      lastModified: 'x'.repeat(29),
      originEtag: '"22"',
    }

    expect(heldBytes('ключ', described)).toBe(8 + 10 + 10 + 2 + 29 + 4 + ENTRY_OVERHEAD_BYTES)
    expect(heldBytes('k', { ...ENTRY, tags: ['a', 'bb'] }) - heldBytes('k', ENTRY)).toBe(
      3 + 2 * 160,
    )
  })

  test('counts all of a buffer that the value shows a part of', () => {
    const part = { ...ENTRY, value: new Uint8Array(100).subarray(0, 10) }

    expect(heldBytes('k', part) - heldBytes('k', ENTRY)).toBe(90)
  })

  test('of "not found" is that of the key and the overhead', () => {
    expect(heldBytes('k', { kind: 'not-found', loadedAtMs: 0, expiresAtMs: 1 })).toBe(
      1 + ENTRY_OVERHEAD_BYTES,
    )
  })
})
