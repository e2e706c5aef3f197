import { describe, expect, test } from 'vitest'
import { type Membership, MemoryBudget } from '../../src/core/memory/memory-budget.ts'
import type { Sendable } from '../../src/core/memory/send-reservations.ts'
import { FakeClock } from '../support/fake-clock.ts'

/** Values that are also held may take 6,000 of these bytes, others 4,000. */
const BUDGET_BYTES = 8_000

let tags = 0

function valueWith(bytes: number, etag = `"${++tags}"`): Sendable {
  return { etag, value: new Uint8Array(bytes) }
}

function createRoom() {
  const clock = new FakeClock()
  const budget = new MemoryBudget(BUDGET_BYTES)
  const evicted: Sendable[] = []
  const held: Sendable[] = []
  // What a group does with its entries, as far as the budget sees it.
  const holder = {
    evictOldest() {
      const oldest = held.shift()
      if (oldest === undefined) return false
      evicted.push(oldest)
      membership.holds(sum(held))
      membership.dropsSent(oldest)
      return true
    },
  }
  const membership: Membership = budget.join(holder, { shareBytes: 1 })
  const hold = (value: Sendable) => {
    membership.take(sum(held), value.value.byteLength)
    held.push(value)
    membership.holdsSent(value)
    return value
  }
  const send = (value: Sendable) => membership.beginSending(value, held.includes(value), clock)
  const { signal } = new AbortController()
  const read = (bytes: number, canQueue = true) => {
    const reading = membership.beginReading({
      signal,
      endsAtMs: Number.POSITIVE_INFINITY,
      clock,
      canQueue: canQueue,
    })
    return { reading, turn: reading.reserve(bytes) }
  }
  return { budget, clock, evicted, holder, hold, send, read }
}

function sum(values: readonly Sendable[]): number {
  return values.reduce((bytes, { value }) => bytes + value.byteLength, 0)
}

describe('a value that is sent', () => {
  test('counts once, as an entry while it is held, and by itself after that', () => {
    const { budget, hold, holder, send } = createRoom()
    const value = hold(valueWith(2_000))

    const sendings = [send(value), send(value), send(value)]
    expect(budget.heldBytes).toBe(2_000)
    holder.evictOldest()
    expect(budget.heldBytes).toBe(2_000)

    sendings[0]?.release()
    sendings[1]?.release()
    sendings[1]?.release()
    expect(budget.heldBytes).toBe(2_000)
    sendings[2]?.release()
    expect(budget.heldBytes).toBe(0)
  })

  test('that was never held counts until it has been sent, and evicts others', () => {
    const { budget, evicted, hold, send } = createRoom()
    for (let i = 0; i < 4; i++) hold(valueWith(2_000))

    const sending = send(valueWith(3_000))

    expect(evicted).toHaveLength(2)
    expect(budget.heldBytes).toBe(4_000 + 3_000)
    sending?.release()
    expect(budget.heldBytes).toBe(4_000)
  })

  test('that is held again, as a renewal is, counts as its entry again', () => {
    const { budget, hold, holder, send } = createRoom()
    const value = hold(valueWith(2_000))
    const sending = send(value)

    holder.evictOldest()
    hold(value)

    expect(budget.heldBytes).toBe(2_000)
    sending?.release()
    expect(budget.heldBytes).toBe(2_000)
  })

  test('shares the buffer of another with the same bytes', () => {
    const { budget, send } = createRoom()
    const first = { etag: '"same"', value: new Uint8Array([1, 2, 3]) }
    const second = { etag: '"same"', value: new Uint8Array([1, 2, 3]) }

    send(first)
    const sending = send(second)
    first.value[0] = 9

    expect([...(sending?.piece(0, 2) ?? [])]).toEqual([9, 2])
    expect(budget.heldBytes).toBe(3)
  })

  test('gives pieces of their own, so that who is slow keeps no more than one', () => {
    const { send } = createRoom()

    const piece = send(valueWith(1_000))?.piece(100, 200)

    expect(piece?.buffer.byteLength).toBe(100)
  })
})

describe('clients that stall', () => {
  test('are refused more than their part, by how much is held', () => {
    const { hold, send } = createRoom()

    expect(send(valueWith(2_000))).toBeDefined()
    expect(send(valueWith(2_001))).toBeUndefined()
    expect(send(valueWith(2_000))).toBeDefined()
    expect(send(hold(valueWith(2_001)))).toBeUndefined()
    expect(send(hold(valueWith(2_000)))).toBeDefined()
  })

  test('lose their values after five seconds without a step, where room is needed, and not before', () => {
    const { clock, send } = createRoom()
    const [stalled, other] = [send(valueWith(2_000)), send(valueWith(2_000))]

    clock.advance(4_999)
    expect(send(valueWith(2_000))).toBeUndefined()
    expect(stalled?.piece(0, 0)).toBeDefined()
    other?.release()
    const young = send(valueWith(2_000))
    clock.advance(4_999)

    expect(send(valueWith(2_000))).toBeDefined()
    expect(stalled?.piece(0, 1)).toBeUndefined()
    expect(young?.piece(0, 1)).toBeDefined()
  })

  test.each([
    [128 * 1024, true],
    [128 * 1024 - 1, false],
  ])('keep them after ten seconds at %i bytes a second: %s', (bytesPerSecond, keeps) => {
    const { clock, send } = createRoom()
    const [reader, other] = [send(valueWith(2_000)), send(valueWith(2_000))]
    for (let second = 0; second < 10; second++) {
      reader?.piece(0, bytesPerSecond)
      other?.piece(0, 128 * 1024)
      clock.advance(1_000)
    }

    expect(send(valueWith(2_000)) === undefined).toBe(keeps)
    expect(reader?.piece(0, 1) !== undefined).toBe(keeps)
    expect(other?.piece(0, 1)).toBeDefined()
  })

  test('keep them for half a minute where nothing else needs the room', () => {
    const { budget, clock, send } = createRoom()
    const stalled = send(valueWith(1_000))

    clock.jump(29_999)
    send(valueWith(10))
    expect(budget.heldBytes).toBe(1_010)
    clock.jump(1)
    send(valueWith(20))

    expect(budget.heldBytes).toBe(1_010 + 20 - 1_000)
    expect(stalled?.piece(0, 1)).toBeUndefined()
  })

  test('never bring what is read and sent above the bound; a load waits for them and goes on', async () => {
    const { budget, clock, hold, holder, read, send } = createRoom()
    for (let i = 0; i < 3; i++) send(hold(valueWith(2_000)))
    while (holder.evictOldest());

    expect(read(1_000).turn).toBeUndefined()
    const { reading, turn } = read(2_000)
    expect(reading.isWaiting).toBe(true)
    expect(() => read(2_000, false)).toThrow()
    expect(budget.heldBytes).toBe(7_000)

    clock.advance(5_000)
    await turn
    expect(budget.heldBytes).toBe(3_000)
  })

  test('keep their values in a full cache, where entries are evicted', () => {
    const { budget, clock, evicted, hold, holder, read, send } = createRoom()
    for (let i = 0; i < 3; i++) hold(valueWith(2_000))
    const stalled = send(hold(valueWith(2_000)))
    clock.advance(20_000)

    expect(read(500).turn).toBeUndefined()
    expect(holder.evictOldest()).toBe(true)

    expect(stalled?.piece(0, 1)).toBeDefined()
    expect([evicted.length, budget.heldBytes]).toEqual([2, 4_500])
  })

  test('make a load wait, rather than evict in vain what they read', async () => {
    const { budget, clock, evicted, hold, read, send } = createRoom()
    const sendings = Array.from({ length: 3 }, () => send(hold(valueWith(2_000))))

    const { reading, turn } = read(2_500)
    expect([reading.isWaiting, evicted.length, budget.heldBytes]).toEqual([true, 0, 6_000])
    sendings[0]?.release()

    await turn
    expect(budget.heldBytes).toBeLessThanOrEqual(BUDGET_BYTES)
    expect(evicted).toHaveLength(1)
    clock.advance(5_000)
  })

  test('who read on keep their values, and a load waits until one has been sent', async () => {
    const { budget, clock, read, send } = createRoom()
    const [first, second] = [send(valueWith(2_000)), send(valueWith(2_000))]
    read(2_500)
    const { reading, turn } = read(2_000)

    for (let second5 = 0; second5 < 4; second5++) {
      clock.advance(4_000)
      first?.piece(0, 1024 * 1024)
      second?.piece(0, 1024 * 1024)
    }
    expect(reading.isWaiting).toBe(true)
    second?.release()

    await turn
    expect(budget.heldBytes).toBe(2_000 + 2_500 + 2_000)
  })
})
