import { describe, expect, test } from 'vitest'
import type { Store } from '../../src/core/eviction/bounded-map.ts'
import { Lru } from '../../src/core/eviction/lru.ts'
import { S3Fifo } from '../../src/core/eviction/s3-fifo.ts'
import { storeContract } from '../contract/store.contract.ts'

describe('as a store', () => storeContract((...parts) => new S3Fifo(...parts)))

/** As a read-through cache does it: got, and set where it was missing. Returns how many were hits. */
function askFor(cache: Store<string>, keys: Iterable<string>): number {
  let hits = 0
  for (const key of keys) {
    if (cache.get(key) === undefined) cache.set(key, key.toUpperCase(), 1)
    else hits++
  }
  return hits
}

/** The main queue, then the small one, each from the newest to the oldest. */
function keysOf(cache: Store<string>): string {
  return [...cache.entries()].map(([key]) => key).join('')
}

/** Keys a to j, which fill it: room for 1 in the small queue and for 9 in the main one. */
function full() {
  const cache = new S3Fifo<string>(10)
  askFor(cache, 'abcdefghij')
  return cache
}

describe('the queues, worked out by hand', () => {
  test('new entries enter the small queue, and leave it in the order in which they came', () => {
    const cache = full()

    askFor(cache, 'kl')

    expect(keysOf(cache)).toBe('lkjihgfedc')
  })

  test('one use is not enough to stay, two are', () => {
    const cache = full()
    askFor(cache, 'aabccc')

    askFor(cache, 'klm')

    // a moves to the main queue and b gives way; c moves, and d and e give way.
    expect(keysOf(cache)).toBe('camlkjihgf')
  })

  test('what left the small queue goes to the main one when it comes back', () => {
    const cache = full()
    askFor(cache, 'k')

    askFor(cache, 'a')

    expect(keysOf(cache)).toBe('akjihgfedc')
  })

  test('only the latest nine tenths of what left are remembered', () => {
    const cache = full()
    // a to j give way: all but a are remembered.
    askFor(cache, 'klmnopqrst')
    expect(cache.ghostCount).toBe(9)

    askFor(cache, 'ab')

    // a enters the small queue, b the main one.
    expect(keysOf(cache)[0]).toBe('b')
    expect(keysOf(cache)[1]).toBe('a')
  })

  test('a full main queue lets go what was not used since it went round last', () => {
    const cache = full()
    // All prove themselves; a is the first to go, as the main queue is above its part.
    askFor(cache, 'aabbccddeeffgghhiijj')
    askFor(cache, 'kkk')
    expect(keysOf(cache)).toBe('jihgfedcbk')

    askFor(cache, 'bcl')

    // k comes into the main queue; b and c get another round, and d gives way.
    expect(keysOf(cache)).toBe('cbkjihgfel')
  })
})

test('a row of keys asked for once takes the place of none that is in use', () => {
  const scan = Array.from({ length: 1_000 }, (_, i) => `page-${i}`)
  const inUse = Array.from({ length: 50 }, (_, i) => `user-${i}`)
  const [lru, s3Fifo] = [new Lru<string>(100), new S3Fifo<string>(100)]
  for (const cache of [lru, s3Fifo]) {
    askFor(cache, [...inUse, ...inUse, ...inUse])
    askFor(cache, scan)
  }

  expect(askFor(lru, inUse)).toBe(0)
  expect(askFor(s3Fifo, inUse)).toBe(50)
})

test('a loop larger than the cache hits no less often than with an LRU', () => {
  const loop = Array.from({ length: 20 * 120 }, (_, i) => `page-${i % 120}`)

  const [lru, s3Fifo] = [new Lru<string>(100), new S3Fifo<string>(100)]

  expect(askFor(lru, loop)).toBe(0)
  expect(askFor(s3Fifo, loop)).toBeGreaterThan(1_000)
})

test('an entry in use that has expired is in the main queue again once it is loaded again', () => {
  const cache = full()
  askFor(cache, 'aa')

  cache.delete('a', 'expired')
  askFor(cache, 'a')

  expect(keysOf(cache)).toBe('ajihgfedcb')
})

test('a new value is no use of its key', () => {
  const cache = full()
  for (const value of ['1', '2', '3']) cache.set('a', value, 1)
  cache.set('b', 'B2', 1)

  askFor(cache, 'klmnopqr')

  // Both are as new as if they had come last before k, and still in the small queue.
  expect(keysOf(cache)).toBe('rqponmlkba')
})

test('an entry larger than the small queue is held, and is the first to go', () => {
  const cache = new S3Fifo<string>(100)
  askFor(cache, 'aaabbbccc')
  cache.set('large', 'LARGE', 97)
  expect(cache.size).toBe(4)

  cache.set('d', 'D', 1)

  expect(keysOf(cache)).toBe('cbad')
})

test('what is cleared is not remembered', () => {
  const cache = full()
  askFor(cache, 'klm')

  cache.clear('purged')

  expect(cache.ghostCount).toBe(0)
})

test('of long keys fewer are remembered: no more than 48 characters for each place', () => {
  const cache = new S3Fifo<string>(10)
  const keys = Array.from({ length: 20 }, (_, i) => String.fromCharCode(97 + i).repeat(200))

  askFor(cache, keys)

  // 9 places of 48 characters are 432: room for 2 keys.
  expect([cache.size, cache.ghostCount]).toEqual([10, 2])
})

test('there are never more ghosts than entries', () => {
  const cache = full()
  askFor(cache, 'klmnopqrst')

  for (const key of 'klmnopqr') cache.delete(key, 'purged')

  expect([cache.size, cache.ghostCount]).toEqual([2, 2])
})
