import { describe, expect, test } from 'vitest'
import { hotHits } from '../../bench/support/hot-copies.ts'

const CACHE = { requestsPerSecond: 10, valueBytes: 1_024, hotTtlMs: 1_000, maxHotBytes: 1_048_576 }

describe.each(['lru', 's3-fifo'] as const)('the simulated hot copies under %s', (eviction) => {
  test('answer until `hotTtl` has passed since they were asked for, and not at its end', () => {
    // One request each 100 ms: the first of each ten asks the node.
    expect(hotHits(Array(20).fill('a'), eviction, CACHE)).toBe(18)
    expect(hotHits(Array(11).fill('a'), eviction, CACHE)).toBe(9)
  })

  test('end sooner, in requests, where there are fewer requests a second', () => {
    expect(hotHits(Array(20).fill('a'), eviction, { ...CACHE, requestsPerSecond: 5 })).toBe(16)
  })

  test('are no more than have room', () => {
    const keys = ['a', 'b', 'a', 'b']

    expect(hotHits(keys, eviction, { ...CACHE, maxHotBytes: 2 * 2_178 })).toBe(2)
    expect(hotHits(keys, eviction, { ...CACHE, maxHotBytes: 3_000 })).toBe(0)
  })
})
