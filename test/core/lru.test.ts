import { describe, expect, test } from 'vitest'
import { Lru, type RemovalReason } from '../../src/core/lru.ts'

/** A cache that logs why entries leave, and holds to its bound at each removal too. */
function boundedTo(maxBytes: number) {
  const removals: RemovalReason[] = []
  const cache: Lru<string> = new Lru(maxBytes, (reason) => {
    removals.push(reason)
    expect(cache.bytes).toBeLessThanOrEqual(maxBytes)
  })
  return { cache, removals }
}

/** Three entries of 10 bytes, which fill the cache: c is the newest, a the oldest. */
function full() {
  const filled = boundedTo(30)
  for (const key of ['a', 'b', 'c']) filled.cache.set(key, key.toUpperCase(), 10)
  return filled
}

/** What is held, from the newest to the oldest. */
function contents(cache: Lru<string>): string {
  return [...cache.entries()].map(([key, value]) => `${key}=${value}`).join(' ')
}

describe('what gives way', () => {
  test('the entry that was set first, when none was used', () => {
    const { cache } = full()

    cache.set('d', 'D', 10)

    expect(contents(cache)).toBe('d=D c=C b=B')
  })

  test('not an entry that was got since', () => {
    const { cache } = full()

    expect(cache.get('a')).toBe('A')
    cache.set('d', 'D', 10)

    expect(contents(cache)).toBe('d=D a=A c=C')
  })

  test('an entry that was only peeked at', () => {
    const { cache } = full()

    expect(cache.peek('a')).toBe('A')
    cache.set('d', 'D', 10)

    expect(contents(cache)).toBe('d=D c=C b=B')
  })

  test('not an entry that was replaced since', () => {
    const { cache } = full()

    cache.set('a', 'A2', 10)
    cache.set('d', 'D', 10)

    expect(contents(cache)).toBe('d=D a=A2 c=C')
  })

  test('as many small entries as a large one needs, and no more', () => {
    const { cache, removals } = full()

    cache.set('large', 'L', 15)

    expect(contents(cache)).toBe('large=L c=C')
    expect(removals).toEqual(['capacity', 'capacity'])
    expect(cache.bytes).toBe(25)
  })

  test('other entries, when one is replaced by something larger', () => {
    const { cache, removals } = full()

    cache.set('a', 'A2', 20)

    expect(contents(cache)).toBe('a=A2 c=C')
    expect(removals).toEqual(['capacity', 'replaced'])
  })
})

describe('bytes', () => {
  test('are the sum of what is held, and never above the bound', () => {
    const { cache } = boundedTo(30)

    const held = [10, 20, 7, 30, 1, 0, 29].map((bytes, i) => {
      cache.set(`key-${i}`, '', bytes)
      return cache.bytes
    })

    expect(held).toEqual([10, 30, 27, 30, 1, 1, 30])
  })

  test('of a replaced value no longer count', () => {
    const { cache } = full()

    const held = [3, 10, 0].map((bytes) => {
      cache.set('b', 'B2', bytes)
      return cache.bytes
    })

    expect(held).toEqual([23, 30, 20])
    expect(cache.size).toBe(3)
  })
})

describe('a value above the bound', () => {
  test('is refused, and nothing gives way for it', () => {
    const { cache, removals } = full()

    expect(cache.set('huge', 'H', 31)).toBe(false)

    expect(contents(cache)).toBe('c=C b=B a=A')
    expect(removals).toEqual([])
    expect(cache.bytes).toBe(30)
  })

  test('leaves the older value of its key where it is', () => {
    const { cache } = full()

    expect(cache.set('a', 'A2', 31)).toBe(false)

    expect(contents(cache)).toBe('c=C b=B a=A')
  })

  test('is not one that fills it exactly', () => {
    const { cache } = full()

    expect(cache.set('whole', 'W', 30)).toBe(true)

    expect(contents(cache)).toBe('whole=W')
  })

  test('is any value with a weight, where the bound is 0', () => {
    const { cache } = boundedTo(0)

    expect(cache.set('one', '1', 1)).toBe(false)
    expect(cache.set('none', '0', 0)).toBe(true)

    expect(contents(cache)).toBe('none=0')
  })
})

describe('removal', () => {
  test('is told once per entry, with its reason', () => {
    const { cache, removals } = full()

    cache.set('d', 'D', 10)
    cache.delete('b', 'expired')
    cache.set('c', 'C2', 10)
    cache.clear('purged')

    expect(removals).toEqual(['capacity', 'expired', 'replaced', 'purged', 'purged'])
  })

  test('is told with the value that left, not the one that stays', () => {
    const left: string[] = []
    const cache = new Lru<string>(20, (_reason, value) => left.push(value))
    for (const key of ['a', 'b', 'c']) cache.set(key, key.toUpperCase(), 10)

    cache.set('b', 'B2', 10)
    cache.delete('c', 'expired')
    cache.clear('purged')

    expect(left).toEqual(['A', 'B', 'C', 'B2'])
  })

  test('of one key takes just that', () => {
    const { cache } = full()

    expect(cache.delete('b', 'purged')).toBe(true)

    expect(cache.get('b')).toBeUndefined()
    expect(contents(cache)).toBe('c=C a=A')
    expect(cache.bytes).toBe(20)
  })

  test('of a key that is not held does nothing', () => {
    const { cache, removals } = full()

    expect(cache.delete('z', 'purged')).toBe(false)

    expect(removals).toEqual([])
    expect(contents(cache)).toBe('c=C b=B a=A')
  })

  test('of all says how many there were, and leaves a cache that works', () => {
    const { cache } = full()

    expect(cache.clear('purged')).toBe(3)

    expect([cache.bytes, cache.size, cache.get('a')]).toEqual([0, 0, undefined])
    cache.set('d', 'D', 30)
    expect(contents(cache)).toBe('d=D')
  })
})

describe('an eviction from outside', () => {
  test('takes the least recently used entry, as one for want of capacity', () => {
    const { cache, removals } = full()
    cache.get('a')

    expect(cache.evictOldest()).toBe(true)

    expect(contents(cache)).toBe('a=A c=C')
    expect(removals).toEqual(['capacity'])
    expect(cache.bytes).toBe(20)
  })

  test('of nothing does nothing', () => {
    const { cache, removals } = boundedTo(30)

    expect(cache.evictOldest()).toBe(false)

    expect(removals).toEqual([])
  })
})

test('before it grows, a cache says by how much, beside what it holds of others', () => {
  const grown: number[][] = []
  const cache = new Lru<string>(30, undefined, (...growth) => grown.push(growth))

  cache.set('a', 'A', 10)
  cache.set('b', 'B', 20)
  cache.set('a', 'A2', 5)
  cache.set('c', 'C', 25)
  cache.set('huge', 'H', 31)

  expect(grown).toEqual([
    [0, 10],
    [10, 20],
    [20, 5],
    [5, 25],
  ])
})

test('a walk through the entries renews none', () => {
  const { cache } = full()

  expect([contents(cache), contents(cache)]).toEqual(['c=C b=B a=A', 'c=C b=B a=A'])
})

test('nothing of an entry that gave way shows in the one that took its place', () => {
  const { cache } = boundedTo(10)
  cache.set('old', 'OLD', 10)

  cache.set('new', 'NEW', 4)

  expect([cache.get('old'), cache.peek('old')]).toEqual([undefined, undefined])
  expect(cache.delete('old', 'purged')).toBe(false)
  expect(contents(cache)).toBe('new=NEW')
  expect([cache.bytes, cache.size]).toEqual([4, 1])
})
