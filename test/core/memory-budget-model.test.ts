import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Lru } from '../../src/core/eviction/lru.ts'
import type { BodyReservation } from '../../src/core/memory/body-reservations.ts'
import { type Membership, MemoryBudget } from '../../src/core/memory/memory-budget.ts'
import { FakeClock } from '../support/fake-clock.ts'

const SHARES = [40, 40, 80, 160]
const BUDGETS = [32, 64, 200]

interface Held {
  readonly key: string
  readonly bytes: number
}

/** What the budget has to do, as plain lists, the oldest entry of each member first. */
class ListBudget {
  readonly members: Held[][] = SHARES.map(() => [])
  readonly evictions = SHARES.map(() => 0)
  readingBytes = 0
  private readonly maxBytes: number

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  get bytes(): number {
    return this.readingBytes + this.members.reduce((sum, _, i) => sum + this.bytesOf(i), 0)
  }

  set(member: number, key: string, bytes: number): boolean {
    if (bytes > this.maxBytes - this.readingBytes || bytes > (SHARES[member] as number))
      return false
    this.delete(member, key)
    while (this.bytesOf(member) + bytes > (SHARES[member] as number)) this.evict(member)
    this.makeRoom(bytes)
    this.members[member]?.push({ key, bytes })
    return true
  }

  use(member: number, key: string): void {
    const held = this.members[member]?.find((entry) => entry.key === key)
    if (held === undefined) return
    this.delete(member, key)
    this.members[member]?.push(held)
  }

  delete(member: number, key: string): void {
    const entries = this.members[member] as Held[]
    this.members[member] = entries.filter((entry) => entry.key !== key)
  }

  makeRoom(bytes: number): void {
    while (this.bytes + bytes > this.maxBytes) {
      const fullness = SHARES.map((share, i) => this.bytesOf(i) / share)
      this.evict(fullness.indexOf(Math.max(...fullness)))
    }
  }

  private evict(member: number): void {
    this.members[member]?.shift()
    const evictions = this.evictions[member] as number
    this.evictions[member] = evictions + 1
  }

  private bytesOf(member: number): number {
    return (this.members[member] as Held[]).reduce((sum, { bytes }) => sum + bytes, 0)
  }
}

/** The real thing: real caches in a real budget, which is never above its bound, whenever one looks. */
function realBudget(maxBytes: number) {
  const budget = new MemoryBudget(maxBytes)
  const evictions = SHARES.map(() => 0)
  const members = SHARES.map((shareBytes, member) => {
    const cache: Lru<null> = new Lru(
      shareBytes,
      (reason) => {
        if (reason === 'capacity') evictions[member] = (evictions[member] as number) + 1
        membership.holds(cache.bytes)
        expect(budget.heldBytes).toBeLessThanOrEqual(maxBytes)
      },
      (heldBytes, bytes) => {
        membership.take(heldBytes, bytes)
        expect(budget.heldBytes).toBeLessThanOrEqual(maxBytes)
      },
    )
    const membership: Membership = budget.join(cache, { shareBytes })
    return { cache, membership }
  })
  return { budget, members, evictions }
}

const anyStep = fc.record({
  kind: fc.constantFrom('set', 'set', 'set', 'set', 'use', 'delete', 'read', 'end'),
  member: fc.nat({ max: SHARES.length - 1 }),
  key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
  bytes: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 220 })),
})

test('after every step the budget is what plain lists would be, and never above its bound', () => {
  const steps = fc.array(anyStep, { minLength: 1, maxLength: 80, size: 'max' })
  const property = fc.property(fc.constantFrom(...BUDGETS), steps, (maxBytes, run) => {
    const model = new ListBudget(maxBytes)
    const { budget, members, evictions } = realBudget(maxBytes)
    const readings: BodyReservation[] = []
    const clock = new FakeClock()

    for (const { kind, member, key, bytes } of run) {
      const { cache, membership } = members[member] as (typeof members)[number]
      if (kind === 'set') {
        const isStored = membership.canHold(bytes) && cache.set(key, null, bytes)
        expect(isStored).toBe(model.set(member, key, bytes))
      } else if (kind === 'use') {
        cache.get(key)
        model.use(member, key)
      } else if (kind === 'delete') {
        cache.delete(key, 'purged')
        model.delete(member, key)
      } else if (kind === 'read') {
        const { signal } = new AbortController()
        const endsAtMs = Number.POSITIVE_INFINITY
        const reading = membership.beginReading({ signal, endsAtMs, clock, canQueue: false })
        if (isGranted(reading, bytes)) {
          readings.push(reading)
          model.makeRoom(bytes)
          model.readingBytes += bytes
        }
      } else {
        const reading = readings.shift()
        model.readingBytes -= reading?.bytes ?? 0
        reading?.release()
      }
      expect(budget.heldBytes).toBe(model.bytes)
      expect(budget.heldBytes).toBeLessThanOrEqual(maxBytes)
      expect(members.map(({ cache: { bytes: held } }) => held)).toEqual(
        model.members.map((entries) => entries.reduce((sum, entry) => sum + entry.bytes, 0)),
      )
      expect(members.map((one) => [...one.cache.entries()].map(([k]) => k).reverse())).toEqual(
        model.members.map((entries) => entries.map((entry) => entry.key)),
      )
      expect(evictions).toEqual(model.evictions)
    }
  })

  fc.assert(property, { seed: 11, numRuns: 1_000 })
})

/** Which readings have room is what test/core/reading-room.test.ts is about. */
function isGranted(reading: BodyReservation, bytes: number): boolean {
  try {
    return reading.reserve(bytes) === undefined
  } catch {
    return false
  }
}
