import { describe, expect, test } from 'vitest'
import { systemClock, withTimeout } from '../../src/core/clock.ts'
import { FakeClock } from '../support/fake-clock.ts'

describe('within a limit', () => {
  test('an outcome in time is passed on, and leaves no timer', async () => {
    const clock = new FakeClock()

    expect(await withTimeout(clock, 50, Promise.resolve('in time'))).toBe('in time')
    expect(clock.pending).toBe(0)
  })

  test('a failure in time is passed on, and leaves no timer', async () => {
    const clock = new FakeClock()

    await expect(withTimeout(clock, 50, Promise.reject(new Error('down')))).rejects.toThrow('down')
    expect(clock.pending).toBe(0)
  })

  test('without end there is no timer at all: the platform would run it at once', () => {
    const clock = new FakeClock()

    void withTimeout(clock, Number.POSITIVE_INFINITY, new Promise(() => {}))

    expect(clock.pending).toBe(0)
  })
})

describe("the system's clock", () => {
  test("is the platform's", () => {
    const before = Date.now()
    const nowMs = systemClock.now()

    expect(nowMs).toBeGreaterThanOrEqual(before)
    expect(nowMs).toBeLessThanOrEqual(Date.now())
  })

  test('runs what is due in the order of the calls, and not what was cancelled', async () => {
    const ran: string[] = []
    const last = Promise.withResolvers<void>()

    systemClock.after(0, () => ran.push('first'))
    systemClock.after(0, () => ran.push('cancelled'))()
    systemClock.after(0, () => {
      ran.push('last')
      last.resolve()
    })
    await last.promise

    expect(ran).toEqual(['first', 'last'])
  })
})
