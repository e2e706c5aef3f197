import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { HeldTags, SOFT_TAG_BYTES } from '../../src/core/cache/held-tags.ts'
import { PurgeLog, TAG_MARK_BYTES } from '../../src/core/cache/purge-log.ts'
import { type CachedEntry, heldBytes, type ValueEntry } from '../../src/core/entry/entry.ts'
import { createStore } from '../../src/core/eviction/policies.ts'

/** Just above a power of two, where the engine's `Map` is largest for what it holds. */
const MARKS = 33_000
const AMPLE = { takeMarks: () => true, freeMarks: () => {} }
const LONGEST_TAG = 1_024

/** What was measured stays, or its end would count in what is measured next. */
const kept: unknown[] = []

test('the purge of a tag during a load takes no more than it counts as, however long the tag', () => {
  const log = new PurgeLog(AMPLE)
  kept.push(log)
  const load = log.next()
  const before = memoryInUse()

  for (let i = 0; i < MARKS; i++) log.markTag(tagOf(i, LONGEST_TAG), load)
  const measured = memoryInUse() - before

  // Two tags of one hash have one mark.
  expect(log.tagMarks).toBeGreaterThan(MARKS - 10)
  expect(MARKS * TAG_MARK_BYTES).toBeGreaterThanOrEqual(measured)
  expect(MARKS * TAG_MARK_BYTES).toBeLessThan(measured * 2)
})

test('the soft purges of a tag that is held take no more than they count as', () => {
  const tags = new HeldTags(AMPLE)
  kept.push(Array.from({ length: MARKS }, (_, i) => tags.add([tagOf(i, 12)], i)))
  const before = memoryInUse()

  // More often than is remembered.
  for (let n = 1; n <= 10; n++) {
    for (let i = 0; i < MARKS; i++) tags.purgeSoftly(tagOf(i, 12), n * MARKS + i, NOW_MS + n)
  }
  const measured = memoryInUse() - before

  expect(MARKS * SOFT_TAG_BYTES).toBeGreaterThanOrEqual(measured)
  expect(MARKS * SOFT_TAG_BYTES).toBeLessThan(measured * 2)
})

test.each([
  ['one tag each', 17_500, 1, 12],
  ['ten tags each', 3_300, 10, 12],
  ['a hundred tags each', 330, 100, 40],
  ['long tags', 2_200, 16, LONGEST_TAG],
  ['"not found" with ten tags each', 3_300, 10, 12],
])(
  'entries with %s of their own take no more than they count as, purged or not',
  (name, entries, tagsEach, length) => {
    const tags = new HeldTags(AMPLE)
    const copies = createStore<CachedEntry>('lru', Number.POSITIVE_INFINITY)
    kept.push(tags, copies)
    const isMarker = name.startsWith('"not found"')
    const before = memoryInUse()

    for (let i = 0; i < entries; i++) {
      const names = Array.from({ length: tagsEach }, (_, n) => tagOf(i * tagsEach + n, length))
      const key = decodeURIComponent(`player%2F${10_000 + i}`)
      const entry = isMarker ? exampleMarker(names) : exampleEntry(i, names)
      const copy: CachedEntry = {
        entry,
        sequence: i,
        heldFromMs: NOW_MS,
        untilMs: Number.POSITIVE_INFINITY,
        tags: tags.add(names, i),
      }
      copies.set(key, copy, heldBytes(key, entry))
    }
    for (let i = 0; i < entries * tagsEach; i++) tags.purge(tagOf(i, length), entries + i)
    const measured = memoryInUse() - before

    expect(copies.bytes).toBeGreaterThanOrEqual(measured)
    expect(copies.bytes).toBeLessThan(measured * 1.6)
  },
)

const NOW_MS = 1_700_000_000_000

/** As it is cut from a header, which it then keeps in memory. */
function tagOf(i: number, length: number): string {
  return decodeURIComponent(`tag%2D${i}`.padEnd(length + 2, '.'))
}

function exampleEntry(i: number, tags: readonly string[]): ValueEntry {
  return {
    kind: 'value',
    value: new Uint8Array(200),
    contentType: 'text/plain; charset=utf-8',
    etag: `"${i.toString(16).padStart(32, '0')}"`,
    tags,
    ttlMs: 60_000,
    staleWhileRevalidateMs: 0,
    staleIfErrorMs: 0,
    loadedAtMs: NOW_MS,
    expiresAtMs: NOW_MS + 60_000,
  }
}

function exampleMarker(tags: readonly string[]) {
  return { kind: 'not-found', tags, loadedAtMs: NOW_MS, expiresAtMs: NOW_MS + 60_000 } as const
}

function memoryInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let i = 0; i < 3; i++) collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
