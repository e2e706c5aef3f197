import { expect, test } from 'vitest'
import { beladyHits } from '../../bench/support/belady.ts'
import { replay } from '../../bench/support/replay.ts'
import { createStore, type Eviction } from '../../src/core/eviction/policies.ts'

test('the example of textbooks: nine faults with three frames', () => {
  const keys = [...'70120304230321201701'.replace(/\s/g, '')]

  expect(beladyHits({ name: 'textbook', keys, capacity: 3 })).toBe(keys.length - 9)
})

test('of a loop of four with room for three, every third request misses after the first round', () => {
  const keys = Array.from({ length: 40 }, (_, i) => `key-${i % 4}`)

  expect(beladyHits({ name: 'loop', keys, capacity: 3 })).toBe(36 - 36 / 3)
})

test('what is too large is no hit, and takes no room', () => {
  const keys = ['a', 'huge', 'a', 'huge']

  expect(beladyHits({ name: 'sizes', keys, sizes: [5, 11, 5, 11], capacity: 10 })).toBe(1)
})

test.each<Eviction>(['lru', 's3-fifo'])('%s never hits more often', (eviction) => {
  const keys = Array.from({ length: 2_000 }, (_, i) => `key-${(i * i * 7 + (i % 13)) % 97}`)

  for (const capacity of [1, 2, 5, 20, 96]) {
    const workload = { name: 'scattered', keys, capacity }
    const hits = replay(
      createStore<number>(eviction, capacity, () => {}),
      workload,
    )
    expect(hits).toBeLessThanOrEqual(beladyHits(workload))
  }
})
