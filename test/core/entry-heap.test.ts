import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { type Copy, heldBytes, type ValueEntry } from '../../src/core/entry.ts'
import { Lru } from '../../src/core/lru.ts'

const ENTRIES = 50_000

test('what an entry counts as is what it takes: no less, and no more than half as much again', () => {
  const copies = new Lru<Copy>(Number.MAX_SAFE_INTEGER)
  const before = memoryInUse()

  for (let i = 0; i < ENTRIES; i++) {
    const key = `player/${i}`
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
})

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
