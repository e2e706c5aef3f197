import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { type Copy, heldBytes, type ValueEntry } from '../../src/core/entry.ts'
import { createStore, type Eviction } from '../../src/core/eviction.ts'

const ENTRIES = 40_000

/** The second time every entry has taken the place of another one, and there are ghosts. */
const CASES: [Eviction, rounds: number][] = [
  ['lru', 1],
  ['lru', 2],
  ['s3-fifo', 1],
  ['s3-fifo', 2],
]

test.each(CASES)(
  '%s, round %i: what an entry counts as is what it takes: no less, and no more than half as much again',
  (eviction, rounds) => {
    const maxBytes = ENTRIES * heldBytes('player/10000', exampleEntry(0))
    const copies = createStore<Copy>(eviction, maxBytes)
    const before = memoryInUse()

    for (let i = 0; i < ENTRIES * rounds; i++) {
      // All keys are of one length, so that as many fit.
      const key = `player/${10_000 + i}`
      const entry = exampleEntry(i)
      const copy = {
        entry,
        sequence: i,
        heldFromMs: entry.loadedAtMs,
        untilMs: Number.POSITIVE_INFINITY,
      }
      copies.set(key, copy, heldBytes(key, entry))
    }
    const measured = memoryInUse() - before

    expect(copies.size).toBe(ENTRIES)
    expect(copies.bytes).toBeGreaterThanOrEqual(measured)
    expect(copies.bytes).toBeLessThan(measured * 1.5)
  },
)

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
