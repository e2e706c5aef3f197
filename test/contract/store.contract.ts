/** What every `Store` promises, whichever entry its policy lets go first. */

import { describe, expect, test } from 'vitest'
import type { OnGrow, OnRemove, RemovalReason, Store } from '../../src/core/eviction/bounded-map.ts'

export type CreateStore = <V>(maxBytes: number, onRemove?: OnRemove<V>, onGrow?: OnGrow) => Store<V>

export function storeContract(create: CreateStore): void {
  /** A store that logs why entries leave, and holds to its bound at each removal too. */
  function boundedTo(maxBytes: number) {
    const removals: RemovalReason[] = []
    const store: Store<string> = create(maxBytes, (reason) => {
      removals.push(reason)
      expect(store.bytes).toBeLessThanOrEqual(maxBytes)
    })
    return { store, removals }
  }

  /** Three entries of 10 bytes, which fill the store. */
  function full() {
    const filled = boundedTo(30)
    for (const key of ['a', 'b', 'c']) filled.store.set(key, key.toUpperCase(), 10)
    return filled
  }

  describe('what gives way', () => {
    test('is first the oldest of what was never used', () => {
      const { store } = full()

      store.set('d', 'D', 10)

      expect(contents(store)).toBe('b=B c=C d=D')
    })

    test('is as many small entries as a large one needs, and no more', () => {
      const { store, removals } = full()

      store.set('large', 'L', 15)

      expect(contents(store)).toBe('c=C large=L')
      expect(removals).toEqual(['capacity', 'capacity'])
      expect(store.bytes).toBe(25)
    })

    test('is other entries, when one is replaced by something larger', () => {
      const { store, removals } = full()

      store.set('a', 'A2', 20)

      expect(contents(store)).toBe('a=A2 c=C')
      expect(removals).toEqual(['capacity', 'replaced'])
    })

    test('is one entry at a time, when room is wanted elsewhere', () => {
      const { store, removals } = full()

      const evicted = [1, 2, 3, 4].map(() => store.evictOldest())

      expect(evicted).toEqual([true, true, true, false])
      expect(removals).toEqual(['capacity', 'capacity', 'capacity'])
      expect([store.bytes, store.size]).toEqual([0, 0])
    })
  })

  describe('bytes', () => {
    test('are the sum of what is held, and never above the bound', () => {
      const { store } = boundedTo(30)

      const held = [10, 20, 7, 30, 1, 0, 29].map((bytes, i) => {
        store.set(`key-${i}`, '', bytes)
        return store.bytes
      })

      expect(held).toEqual([10, 30, 27, 30, 1, 1, 30])
    })

    test('of a replaced value no longer count', () => {
      const { store } = full()

      const held = [3, 10, 0].map((bytes) => {
        store.set('b', 'B2', bytes)
        return store.bytes
      })

      expect(held).toEqual([23, 30, 20])
      expect(store.size).toBe(3)
    })
  })

  describe('a value above the bound', () => {
    test('is refused, and nothing gives way for it', () => {
      const { store, removals } = full()

      expect(store.set('huge', 'H', 31)).toBe(false)

      expect(contents(store)).toBe('a=A b=B c=C')
      expect(removals).toEqual([])
      expect(store.bytes).toBe(30)
    })

    test('leaves the older value of its key where it is', () => {
      const { store } = full()

      expect(store.set('a', 'A2', 31)).toBe(false)

      expect(contents(store)).toBe('a=A b=B c=C')
    })

    test('is not one that fills it exactly', () => {
      const { store } = full()

      expect(store.set('whole', 'W', 30)).toBe(true)

      expect(contents(store)).toBe('whole=W')
    })

    test('is any value with a weight, where the bound is 0', () => {
      const { store } = boundedTo(0)

      expect(store.set('one', '1', 1)).toBe(false)
      expect(store.set('none', '0', 0)).toBe(true)

      expect(contents(store)).toBe('none=0')
    })
  })

  describe('growth', () => {
    test('is told before it happens, beside what is held of others', () => {
      const grown: number[][] = []
      const store = create<string>(30, undefined, (...growth) => grown.push(growth))

      store.set('a', 'A', 10)
      store.set('b', 'B', 20)
      store.set('a', 'A2', 5)
      store.set('c', 'C', 25)
      store.set('huge', 'H', 31)

      expect(grown.slice(0, 3)).toEqual([
        [0, 10],
        [10, 20],
        [20, 5],
      ])
      expect(grown).toHaveLength(4)
      expect(grown[3]?.[0]).toBeLessThanOrEqual(5)
      expect(grown[3]?.[1]).toBe(25)
    })

    test('may let entries go, but never the one that is being stored', () => {
      const store: Store<string> = create(30, undefined, (heldBytes, bytes) => {
        while (heldBytes > 0 && store.bytes + bytes > 20 && store.evictOldest());
      })
      const sets: [key: string, bytes: number][] = [
        ['a', 10],
        ['b', 10],
        ['c', 10],
        ['c', 20],
        ['d', 5],
        ['d', 30],
      ]

      const held = sets.map(([key, bytes]) => {
        store.set(key, key.toUpperCase(), bytes)
        return `${contents(store)} of ${store.bytes}`
      })

      expect(held).toEqual([
        'a=A of 10',
        'a=A b=B of 20',
        'b=B c=C of 20',
        'c=C of 20',
        'd=D of 5',
        'd=D of 30',
      ])
    })
  })

  describe('removal', () => {
    test('is told once per entry, with its reason', () => {
      const { store, removals } = full()

      store.set('d', 'D', 10)
      store.delete('b', 'expired')
      store.set('c', 'C2', 10)
      store.clear('purged')

      expect(removals).toEqual(['capacity', 'expired', 'replaced', 'purged', 'purged'])
    })

    test('is told with the value that left, not the one that stays', () => {
      const left: string[] = []
      const store = create<string>(20, (_reason, value) => left.push(value))
      for (const key of ['a', 'b', 'c']) store.set(key, key.toUpperCase(), 10)

      store.set('b', 'B2', 10)
      store.delete('c', 'expired')
      store.clear('purged')

      expect(left).toEqual(['A', 'B', 'C', 'B2'])
    })

    test('of one key takes just that', () => {
      const { store } = full()

      expect(store.delete('b', 'purged')).toBe(true)

      expect(store.get('b')).toBeUndefined()
      expect(contents(store)).toBe('a=A c=C')
      expect(store.bytes).toBe(20)
    })

    test('of a key that is not held does nothing', () => {
      const { store, removals } = full()

      expect(store.delete('z', 'purged')).toBe(false)

      expect(removals).toEqual([])
      expect(contents(store)).toBe('a=A b=B c=C')
    })

    test('of all says how many there were, and leaves a store that works', () => {
      const { store } = full()

      expect(store.clear('purged')).toBe(3)

      expect([store.bytes, store.size, store.get('a')]).toEqual([0, 0, undefined])
      store.set('d', 'D', 30)
      expect(contents(store)).toBe('d=D')
    })
  })

  test('nothing of an entry that gave way shows in the one that took its place', () => {
    const { store } = boundedTo(10)
    store.set('old', 'OLD', 10)

    store.set('new', 'NEW', 4)

    expect([store.get('old'), store.peek('old')]).toEqual([undefined, undefined])
    expect(store.delete('old', 'purged')).toBe(false)
    expect(contents(store)).toBe('new=NEW')
    expect([store.bytes, store.size]).toEqual([4, 1])
  })
}

/** What is held, by key. */
function contents(store: Store<string>): string {
  return [...store.entries()]
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(' ')
}
