import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import {
  type CachedEntry,
  heldBytes,
  type Policy,
  type ValueEntry,
} from '../../src/core/entry/entry.ts'
import { createStore, type Eviction, overheadBytes } from '../../src/core/eviction/policies.ts'

/** As many as make the engine's `Map` largest for what it holds, once with ghosts. */
const ENTRIES = 17_500

/** The second time every entry has taken the place of another one, and there are ghosts. */
const CASES: [Eviction, keyLength: number, rounds: number, letter?: string][] = [
  ['lru', 12, 1],
  ['lru', 12, 2],
  ['s3-fifo', 12, 1],
  ['s3-fifo', 12, 2],
  ['s3-fifo', 64, 4],
  ['s3-fifo', 96, 4],
  ['s3-fifo', 1_000, 4],
  // The engine takes two bytes for each of these, and of all others beside them.
  ['s3-fifo', 64, 4, 'ж'],
]

test.each(CASES)(
  '%s, keys of %i, rounds %i: what an entry counts as is what it takes: no less, and no more than half as much again',
  (eviction, keyLength, rounds, letter = '.') => {
    const bytes = heldBytes(keyOf(0, keyLength, letter), exampleEntry(0)) + overheadBytes(eviction)
    const copies = createStore<CachedEntry>(eviction, ENTRIES * bytes)
    const before = memoryInUse()

    for (let i = 0; i < ENTRIES * rounds; i++) {
      const key = keyOf(i, keyLength, letter)
      const entry = exampleEntry(i)
      const copy = {
        entry,
        sequence: i,
        heldFromMs: entry.loadedAtMs,
        untilMs: Number.POSITIVE_INFINITY,
      }
      copies.set(key, copy, bytes)
    }
    const measured = memoryInUse() - before

    expect(copies.size).toBe(ENTRIES)
    expect(copies.bytes).toBeGreaterThanOrEqual(measured)
    expect(copies.bytes).toBeLessThan(measured * 1.5)
  },
)

test('what a policy counts as is what it takes: no less, and no more than twice as much', () => {
  const before = memoryInUse()
  const entries = Array.from({ length: ENTRIES }, (_, i) => examplePolicy(i))
  const measured = (memoryInUse() - before) / ENTRIES
  const counted = heldBytes('', { ...exampleEntry(0), policy: entries[0] as Policy })
  const bytes = counted - heldBytes('', exampleEntry(0))

  expect(bytes).toBeGreaterThanOrEqual(measured)
  expect(bytes).toBeLessThan(measured * 2)
})

/** As it is read from a message or from disk. */
function examplePolicy(i: number): Policy {
  const figures = { staleWhileRevalidateMs: 5_000, staleIfErrorMs: 86_400_000 + i }
  return JSON.parse(
    JSON.stringify({
      lifetimeMs: 31_536_000_000 + i,
      ...figures,
      expiresMs: 1_700_000_000_000 + i,
    }),
  )
}

/** Decoded, as keys are that come in: a text that was put together takes other memory. */
function keyOf(i: number, length: number, letter: string): string {
  return decodeURIComponent(`player%2F${10_000 + i}`.padEnd(length + 2, letter))
}

function exampleEntry(i: number): ValueEntry {
  return {
    kind: 'value',
    value: new Uint8Array(200),
    contentType: 'text/plain; charset=utf-8',
    etag: `"${i.toString(16).padStart(32, '0')}"`,
    tags: [],
    ttlMs: 60_000,
    staleWhileRevalidateMs: 0,
    staleIfErrorMs: 0,
    loadedAtMs: 1_700_000_000_000 + i,
    expiresAtMs: 1_700_000_060_000 + i,
  }
}

function memoryInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let i = 0; i < 3; i++) collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
