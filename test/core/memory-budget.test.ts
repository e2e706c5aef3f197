import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { Lru } from '../../src/core/eviction/lru.ts'
import { type Membership, MemoryBudget } from '../../src/core/memory/memory-budget.ts'
import { FakeClock } from '../support/fake-clock.ts'

/** A cache that shares a budget, as `Copies` sets one up. */
function join(budget: MemoryBudget, shareBytes: number, name?: string) {
  const left: string[] = []
  const cache: Lru<string> = new Lru(
    shareBytes,
    (reason, value) => {
      left.push(`${value} ${reason}`)
      membership.holds(cache.bytes)
    },
    (heldBytes, bytes) => membership.take(heldBytes, bytes),
  )
  const membership: Membership = budget.join(cache, { shareBytes, name })
  return {
    cache,
    left,
    membership,
    set: (key: string, bytes: number) =>
      membership.canHold(bytes) && cache.set(key, key.toUpperCase(), bytes),
  }
}

function keysOf({ cache }: { cache: Lru<string> }): string {
  return [...cache.entries()].map(([key]) => key).join(' ')
}

describe('who gives way for the bound of all', () => {
  test('nobody, as long as all fits exactly', () => {
    const budget = new MemoryBudget(30)
    const [a, b] = [join(budget, 100), join(budget, 100)]

    a.set('a1', 10)
    b.set('b1', 20)

    expect(budget.heldBytes).toBe(30)
    expect([keysOf(a), keysOf(b)]).toEqual(['a1', 'b1'])
  })

  test('the member that holds most for its share, though another one holds more', () => {
    const budget = new MemoryBudget(50)
    const [small, large] = [join(budget, 20), join(budget, 100)]
    small.set('s1', 10)
    small.set('s2', 10)
    large.set('l1', 10)
    large.set('l2', 20)

    large.set('l3', 10)

    expect(small.left).toEqual(['S1 capacity'])
    expect(keysOf(large)).toBe('l3 l2 l1')
    expect(budget.heldBytes).toBe(50)
  })

  test('the member that stores, when it is the one', () => {
    const budget = new MemoryBudget(30)
    const [a, b] = [join(budget, 100), join(budget, 100)]
    a.set('a1', 10)
    a.set('a2', 10)
    b.set('b1', 10)

    a.set('a3', 10)

    expect(keysOf(a)).toBe('a3 a2')
    expect(keysOf(b)).toBe('b1')
  })

  test('one after the other, whoever is fullest by then', () => {
    const budget = new MemoryBudget(60)
    const [a, b, c] = [join(budget, 100), join(budget, 100), join(budget, 100)]
    for (const key of ['a1', 'a2', 'a3']) a.set(key, 10)
    for (const key of ['b1', 'b2', 'b3']) b.set(key, 10)

    c.set('c1', 30)

    // a at 30 before b at 30, as it joined first; then b; then a again, both at 20.
    expect([keysOf(a), keysOf(b), keysOf(c)]).toEqual(['a3', 'b3 b2', 'c1'])
  })

  test('of members that are equally full, the one that joined first', () => {
    const budget = new MemoryBudget(20)
    const [a, b, c] = [join(budget, 100), join(budget, 100), join(budget, 100)]
    b.set('b1', 10)
    a.set('a1', 10)

    c.set('c1', 10)

    expect([keysOf(a), keysOf(b), keysOf(c)]).toEqual(['', 'b1', 'c1'])
  })

  test('never the entry that is being stored, though its member is left with nothing else', () => {
    const budget = new MemoryBudget(30)
    const a = join(budget, 100)
    a.set('a1', 10)
    a.set('a2', 20)

    a.set('a2', 30)

    expect(keysOf(a)).toBe('a2')
    expect(a.left).toEqual(['A1 capacity', 'A2 replaced'])
    expect(budget.heldBytes).toBe(30)
  })

  test('a replaced value does not count beside the one that replaces it', () => {
    const budget = new MemoryBudget(30)
    const [a, b] = [join(budget, 100), join(budget, 100)]
    a.set('a1', 20)
    b.set('b1', 10)

    a.set('a1', 20)

    expect([keysOf(a), keysOf(b)]).toEqual(['a1', 'b1'])
    expect(budget.heldBytes).toBe(30)
  })
})

describe('an entry that is larger than the whole budget', () => {
  test('is refused, and nothing gives way for it', () => {
    const budget = new MemoryBudget(30)
    const [a, b] = [join(budget, 100), join(budget, 100)]
    a.set('a1', 20)
    b.set('b1', 10)

    expect(a.set('a2', 31)).toBe(false)

    expect([keysOf(a), keysOf(b)]).toEqual(['a1', 'b1'])
    expect(budget.heldBytes).toBe(30)
  })

  test('is not one that fills it exactly', () => {
    const budget = new MemoryBudget(30)
    const [a, b] = [join(budget, 100), join(budget, 100)]
    a.set('a1', 30)

    expect(b.set('b1', 30)).toBe(true)

    expect([keysOf(a), keysOf(b)]).toEqual(['', 'b1'])
  })
})

test('a holder that has less than it said is put right, and does not keep others from storing', () => {
  const budget = new MemoryBudget(30)
  budget.join({ evictOldest: () => false }, { shareBytes: 10 }).holds(25)
  const a = join(budget, 100)

  a.set('a1', 10)

  expect(budget.heldBytes).toBe(10)
})

describe('what is being read', () => {
  function beginReading({ membership }: { membership: Membership }, clock: FakeClock) {
    const { signal } = new AbortController()
    return membership.beginReading({
      signal,
      endsAtMs: clock.now() + 1_000,
      clock,
      canQueue: false,
    })
  }

  test('counts, and leaves room for no entry that does not fit beside it, until it is overdue', () => {
    const budget = new MemoryBudget(640)
    const clock = new FakeClock()
    const a = join(budget, 640)
    beginReading(a, clock).reserve(300)

    expect([a.set('large', 341), a.set('small', 340)]).toEqual([false, true])
    expect(budget.heldBytes).toBe(640)
    clock.advance(1_000)

    expect(a.set('large', 341)).toBe(true)
    expect(budget.heldBytes).toBe(341)
  })

  test('counts no more when the node whose it is has lost its memory', () => {
    const budget = new MemoryBudget(640)
    const clock = new FakeClock()
    beginReading(join(budget, 640, 'node-0'), clock).reserve(300)
    const other = beginReading(join(budget, 640, 'node-1'), clock)
    other.reserve(100)

    join(budget, 640, 'node-0')

    expect(budget.heldBytes).toBe(100)
  })
})

describe('a member that is gone', () => {
  test('counts no more once another one joins under its name', () => {
    const budget = new MemoryBudget(100)
    join(budget, 100, 'node-0').set('old', 60)
    join(budget, 100, 'node-1').set('other', 20)

    const successor = join(budget, 100, 'node-0')

    expect(budget.heldBytes).toBe(20)
    successor.set('new', 80)
    expect(budget.heldBytes).toBe(100)
    expect(budget.size).toBe(2)
  })

  test('may still be at work for a moment, and holds nothing new then', () => {
    const budget = new MemoryBudget(100)
    const former = join(budget, 100, 'node-0')
    former.set('old', 60)
    former.set('older', 20)
    join(budget, 100, 'node-0')

    expect(former.set('late', 10)).toBe(false)
    former.cache.delete('old', 'purged')

    expect(budget.heldBytes).toBe(0)
  })

  test('does not take the place of its successor along when it is collected', async () => {
    const budget = new MemoryBudget(100)
    joinAndForget(budget, 'node-0')
    const successor = join(budget, 100, 'node-0')
    successor.set('new', 40)
    await collected()

    expect(budget.heldBytes).toBe(40)
    join(budget, 100, 'node-0')
    expect([budget.heldBytes, budget.size]).toEqual([0, 1])
  })

  test('is not kept in memory, and counts no more when it has been collected', async () => {
    const budget = new MemoryBudget(100)
    const [place] = Array.from({ length: 50 }, () => joinAndForget(budget))

    for (let turn = 0; turn < 20 && budget.size > 0; turn++) await collected()

    expect([budget.heldBytes, budget.size]).toEqual([0, 0])
    expect(place?.deref()).toBeUndefined()
  })

  test('gives way as any other until it is collected', () => {
    const budget = new MemoryBudget(100)
    joinAndForget(budget)
    const a = join(budget, 100)

    a.set('a1', 99)

    expect(budget.heldBytes).toBe(99)
  })
})

/** In a frame of its own, so that nothing keeps the cache. */
function joinAndForget(budget: MemoryBudget, name?: string): WeakRef<object> {
  const { cache, set } = join(budget, 100, name)
  set('old', 2)
  return new WeakRef(cache)
}

/** A full collection, and the turns in which the engine says what it has collected. */
async function collected(): Promise<void> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  await new Promise((resolve) => setImmediate(resolve))
}

describe('purge marks', () => {
  test('count beside the entries, and evict them', () => {
    const budget = new MemoryBudget(160)
    const [a, b] = [join(budget, 200), join(budget, 200)]
    a.set('a1', 100)
    b.set('b1', 60)

    expect(a.membership.takeMarks(5)).toBe(true)
    expect([a.left, budget.heldBytes]).toEqual([['A1 capacity'], 65])
    expect(a.membership.canHold(155)).toBe(true)
    expect(a.membership.canHold(156)).toBe(false)
    expect(a.set('a2', 100)).toBe(true)
    expect(keysOf(b)).toBe('')

    a.membership.freeMarks(5)
    expect(budget.heldBytes).toBe(100)
  })

  test('have no more than a sixteenth of the bound, all together', () => {
    const budget = new MemoryBudget(160)
    const [a, b] = [join(budget, 100), join(budget, 100)]

    expect(a.membership.takeMarks(11)).toBe(false)
    expect(a.membership.takeMarks(6)).toBe(true)
    expect(b.membership.takeMarks(5)).toBe(false)
    expect(b.membership.takeMarks(4)).toBe(true)
    expect(budget.heldBytes).toBe(10)
  })

  test('go with a node that has lost its memory, and has no more say', () => {
    const budget = new MemoryBudget(160)
    const before = join(budget, 100, 'node-0')
    before.membership.takeMarks(8)

    const after = join(budget, 100, 'node-0')
    expect(budget.heldBytes).toBe(0)
    after.membership.takeMarks(8)

    before.membership.freeMarks(8)
    expect(before.membership.takeMarks(1)).toBe(false)
    expect(budget.heldBytes).toBe(8)
  })
})
