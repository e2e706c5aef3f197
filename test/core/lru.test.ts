import { describe, expect, test } from 'vitest'
import { Lru } from '../../src/core/eviction/lru.ts'
import { storeContract } from '../contract/store.contract.ts'

describe('as a store', () => storeContract((...parts) => new Lru(...parts)))

/** Three entries of 10 bytes, which fill the cache: c is the newest, a the oldest. */
function full() {
  const cache = new Lru<string>(30)
  for (const key of ['a', 'b', 'c']) cache.set(key, key.toUpperCase(), 10)
  return cache
}

/** What is held, from the newest to the oldest. */
function contents(cache: Lru<string>): string {
  return [...cache.entries()].map(([key, value]) => `${key}=${value}`).join(' ')
}

describe('what gives way', () => {
  test('the entry that was set first, when none was used', () => {
    const cache = full()

    cache.set('d', 'D', 10)

    expect(contents(cache)).toBe('d=D c=C b=B')
  })

  test('not an entry that was got since', () => {
    const cache = full()

    expect(cache.get('a')).toBe('A')
    cache.set('d', 'D', 10)

    expect(contents(cache)).toBe('d=D a=A c=C')
  })

  test('an entry that was only peeked at', () => {
    const cache = full()

    expect(cache.peek('a')).toBe('A')
    cache.set('d', 'D', 10)

    expect(contents(cache)).toBe('d=D c=C b=B')
  })

  test('not an entry that was replaced since', () => {
    const cache = full()

    cache.set('a', 'A2', 10)
    cache.set('d', 'D', 10)

    expect(contents(cache)).toBe('d=D a=A2 c=C')
  })
})

test('a walk through the entries renews none', () => {
  const cache = full()

  expect([contents(cache), contents(cache)]).toEqual(['c=C b=B a=A', 'c=C b=B a=A'])
})
