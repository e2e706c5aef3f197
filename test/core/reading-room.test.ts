import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OverloadedError } from '../../src/core/errors.ts'
import {
  type BodyReservation,
  type BodyReservationParts,
  BodyReservations,
} from '../../src/core/memory/body-reservations.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { settle } from '../support/settle.ts'

/** 3,200 apart, 2,400 in the pool, of which what is over 100 gets 1,600. */
const BUDGET_BYTES = 6_400

function createRoom() {
  const asked: number[] = []
  const clock = new FakeClock()
  const room = new BodyReservations(BUDGET_BYTES, (bytes) => asked.push(bytes))
  const begin = (parts: Partial<BodyReservationParts> = {}) => {
    const { signal } = new AbortController()
    const endsAtMs = Number.POSITIVE_INFINITY
    return room.begin({ owner: room, signal, endsAtMs, clock, canQueue: true, ...parts })
  }
  return { room, begin, clock, asked }
}

/** Whether it was granted at once. */
function reserve(reading: BodyReservation, bytes: number): boolean {
  const turn = reading.reserve(bytes)
  turn?.catch(() => {})
  return turn === undefined
}

/** Someone has the place apart, and the pool has no room for what grows large. */
function crowded() {
  const crowd = createRoom()
  const [pooled, apart] = [crowd.begin(), crowd.begin()]
  reserve(pooled, 1_600)
  reserve(apart, 3_200)
  return { ...crowd, pooled, apart }
}

describe('a value that is read', () => {
  test('counts as it grows, and has room made for it, until its load has ended', () => {
    const { room, begin, asked } = createRoom()
    const reading = begin()

    expect([reserve(reading, 60), reserve(reading, 40)]).toEqual([true, true])

    expect(room.bytes).toBe(100)
    expect(asked).toEqual([60, 40])
    reading.release()
    reading.release()
    expect(room.bytes).toBe(0)
  })

  test('may be as large as the place apart, and no larger', () => {
    const { room, begin } = createRoom()
    const reading = begin()

    expect(reserve(reading, reading.maxBytes)).toBe(true)

    expect(() => reading.reserve(1)).toThrow(OverloadedError)
    expect(reading.wasRefused).toBe(true)
    expect(room.bytes).toBe(3_200)
  })

  test('waits when neither the pool nor the place apart has room, and is told when there is', async () => {
    const { room, begin, apart } = crowded()
    const reading = begin()

    const turn = reading.reserve(200)

    expect(turn).toBeInstanceOf(Promise)
    expect([reading.isWaiting, room.bytes]).toEqual([true, 4_800])
    apart.release()
    await turn
    expect([reading.isWaiting, room.bytes]).toEqual([false, 1_800])
  })

  test('finds room where it is small, though large ones wait', () => {
    const { begin } = crowded()
    reserve(begin(), 200)

    const small = Array.from({ length: 9 }, () => reserve(begin(), 100))

    expect(small).toEqual([...Array(8).fill(true), false])
  })

  test('never waits once it has the place apart', () => {
    const { begin, room } = createRoom()
    const first = begin()
    const others = Array.from({ length: 40 }, () => begin())
    reserve(first, 1_700)
    for (const other of others) reserve(other, 100)

    expect(reserve(first, 1_500)).toBe(true)

    expect(room.bytes).toBe(3_200 + 2_400)
  })

  test('takes along what it has when it gets the place apart', async () => {
    const { begin, room, apart, pooled } = crowded()
    const reading = begin()
    reserve(reading, 100)
    const turn = reading.reserve(100)

    apart.release()
    await turn

    expect(room.bytes).toBe(1_800)
    // All of the pool that the large may have is left to the next one.
    pooled.release()
    expect(reserve(begin(), 1_600)).toBe(true)
  })

  test('comes before those who have waited less long', async () => {
    const { begin, apart } = crowded()
    const readings = [begin(), begin(), begin()] as const
    const order: number[] = []
    readings.forEach((reading, i) => {
      reading.reserve(2_000)?.then(() => order.push(i))
    })

    apart.release()
    await settle()
    expect(order).toEqual([0])
    readings[0].release()
    await settle()
    expect(order).toEqual([0, 1])
  })

  test('is refused at once where nothing may wait', () => {
    const { begin, room } = crowded()
    const reading = begin({ canQueue: false })

    expect(() => reading.reserve(200)).toThrow(OverloadedError)

    expect([reading.wasRefused, reading.isWaiting, room.bytes]).toEqual([true, false, 4_800])
  })
})

describe('a reading whose load is over', () => {
  test('frees what it has when its signal fires, and gives up waiting with the reason', async () => {
    const { begin, room } = crowded()
    const abort = new AbortController()
    const reading = begin({ signal: abort.signal })
    reserve(reading, 100)
    const turn = reading.reserve(100)

    abort.abort(new Error('out of time'))

    await expect(turn).rejects.toThrow('out of time')
    expect([reading.isWaiting, reading.wasRefused, room.bytes]).toEqual([false, false, 4_800])
  })

  test('leaves its turn to the next one, and takes no room when that one is done', async () => {
    const { begin, room, apart } = crowded()
    const abort = new AbortController()
    begin({ signal: abort.signal })
      .reserve(200)
      ?.catch(() => {})
    const next = begin()
    const turn = next.reserve(300)

    abort.abort(new Error('out of time'))
    apart.release()
    await turn
    next.release()

    expect(room.bytes).toBe(1_600)
  })

  test('goes on uncounted while it is small, and is broken off when it grows', () => {
    const { begin, room } = createRoom()
    const abort = new AbortController()
    const reading = begin({ signal: abort.signal })
    abort.abort(new Error('out of time'))

    expect(reserve(reading, 60)).toBe(true)
    expect(reserve(reading, 40)).toBe(true)

    expect(() => reading.reserve(1)).toThrow('out of time')
    expect(room.bytes).toBe(0)
  })

  test('ends by the clock where nobody is left to say so', () => {
    const { begin, clock, room } = createRoom()
    const lost = begin({ endsAtMs: clock.now() + 1_000 })
    reserve(lost, 3_200)
    reserve(begin(), 1_600)

    clock.advance(999)
    expect(() => begin({ canQueue: false }).reserve(200)).toThrow(OverloadedError)
    clock.advance(1)
    expect(reserve(begin({ canQueue: false }), 200)).toBe(true)
    expect(room.bytes).toBe(1_800)
  })

  test('ends with its owner, and with no other one', async () => {
    const { begin, room, apart } = crowded()
    const owner = {}
    const [holding, waiting] = [begin({ owner }), begin({ owner })]
    reserve(holding, 100)
    const turn = waiting.reserve(200)

    room.dismiss(owner)

    await expect(turn).rejects.toThrow(OverloadedError)
    expect(room.bytes).toBe(4_800)
    expect(reserve(apart, 0)).toBe(true)
    expect(() => holding.reserve(101)).toThrow(OverloadedError)
  })
})

/** Bodies of some length, in pieces of some length, which come in any order. */
const anyBody = fc.record({
  bytes: fc.integer({ min: 1, max: 3_200 }),
  pieces: fc.integer({ min: 1, max: 12 }),
})

test('however many are read at once, each comes to its end, and the bounds hold all along', async () => {
  const bodies = fc.array(anyBody, { minLength: 1, maxLength: 20, size: 'max' })
  const property = fc.asyncProperty(bodies, fc.infiniteStream(fc.nat()), async (all, choices) => {
    const { room, begin } = createRoom()
    const running = all.map(({ bytes, pieces }) => ({
      reading: begin(),
      left: bytes,
      piece: Math.ceil(bytes / pieces),
    }))

    while (running.length > 0) {
      await settle()
      const active = running.filter(({ reading }) => !reading.isWaiting)
      // Were there none, they would wait for each other for ever.
      expect(active.length).toBeGreaterThan(0)
      const body = active[(choices.next().value as number) % active.length] as (typeof running)[0]
      if (body.left === 0) {
        body.reading.release()
        running.splice(running.indexOf(body), 1)
      } else {
        const bytes = Math.min(body.piece, body.left)
        body.left -= bytes
        reserve(body.reading, bytes)
      }
      expect(room.bytes).toBeLessThanOrEqual((BUDGET_BYTES * 7) / 8)
    }
    expect(room.bytes).toBe(0)
  })

  await fc.assert(property, { seed: 3, numRuns: 300 })
})
