import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SimulatedClock } from './simulated-clock.ts'

test('timers run at their moments, in order, and those of one moment as they were set', () => {
  const delays = fc.array(fc.nat(20), { maxLength: 60, size: 'max' })
  fc.assert(
    fc.property(delays, (delaysMs) => {
      const clock = new SimulatedClock()
      const startMs = clock.now()
      const ran: [delayMs: number, number: number][] = []
      delaysMs.forEach((delayMs, number) => {
        clock.after(delayMs, () => {
          expect(clock.now()).toBe(startMs + delayMs)
          ran.push([delayMs, number])
        })
      })
      while (clock.runNext(startMs + 100));

      const expected = delaysMs.map((delayMs, number) => [delayMs, number] as const)
      expect(ran).toEqual(expected.toSorted(([a, i], [b, j]) => a - b || i - j))
      expect(clock.now()).toBe(startMs + 100)
    }),
    { seed: 1 },
  )
})

test('a timer that was cancelled does not run, and one beyond the end waits', () => {
  const clock = new SimulatedClock()
  const ran: string[] = []
  const cancel = clock.after(1, () => ran.push('cancelled'))
  clock.after(5, () => ran.push('later'))
  cancel()

  expect(clock.runNext(clock.now() + 4)).toBe(false)
  expect(ran).toEqual([])
  expect(clock.runNext(clock.now() + 1)).toBe(true)
  expect(ran).toEqual(['later'])
})
