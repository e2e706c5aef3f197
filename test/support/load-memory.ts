/** Owns the memory that a load gets where a test is about something else. */

import type { BodyReservation } from '../../src/core/memory/body-reservations.ts'
import { MemoryBudget } from '../../src/core/memory/memory-budget.ts'
import { FakeClock } from './fake-clock.ts'

/** A reading of its own, for which there is always room. */
export function ampleMemory(signal = new AbortController().signal): BodyReservation {
  const membership = new MemoryBudget(64 * 1024 * 1024).join(
    { evictOldest: () => false },
    { shareBytes: 1 },
  )
  const endsAtMs = Number.POSITIVE_INFINITY
  return membership.beginReading({ signal, endsAtMs, clock: new FakeClock(), canQueue: true })
}
