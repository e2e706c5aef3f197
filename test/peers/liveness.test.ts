import { describe, expect, test, vi } from 'vitest'
import { Liveness } from '../../src/peers/liveness.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { settle } from '../support/settle.ts'

/** Calls that end when a test says so, and a ping that is answered or not. */
function waiting({ answersPings = true } = {}) {
  const clock = new FakeClock()
  const liveness = new Liveness(clock)
  const ping = vi.fn(() => (answersPings ? Promise.resolve() : new Promise<void>(() => {})))
  const call = () => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const outcome = liveness.await(promise, ping, 120_000).then(
      (value) => value,
      (error: Error) => error.message,
    )
    return { outcome, resolve, reject }
  }
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(100)
      await settle()
    }
  }
  return { call, clock, pass, ping }
}

const SILENT = 'No answer, not even to a ping.'

describe('a call to a node', () => {
  test('that is answered within a second needs no ping, and leaves no timer', async () => {
    const { call, clock, pass, ping } = waiting()
    const { outcome, resolve } = call()
    await pass(900)

    resolve('630')

    expect(await outcome).toBe('630')
    expect(ping).not.toHaveBeenCalled()
    expect(clock.pending).toBe(0)
  })

  test('that takes a minute is waited for, while the node answers pings', async () => {
    const { call, pass, ping } = waiting()
    const { outcome, resolve } = call()
    await pass(60_000)

    resolve('630')

    expect(await outcome).toBe('630')
    expect(ping.mock.calls.length).toBeGreaterThan(10)
    expect(ping.mock.calls.length).toBeLessThanOrEqual(60)
  })

  test('is given up after five seconds, when the node does not answer a ping either', async () => {
    const { call, clock, pass } = waiting({ answersPings: false })
    const { outcome } = call()
    const settled = vi.fn()
    outcome.then(settled)
    await pass(4_900)
    expect(settled).not.toHaveBeenCalled()

    await pass(100)

    expect(await outcome).toBe(SILENT)
    expect(clock.pending).toBe(0)
  })

  test('that is answered while the ping is not is answered', async () => {
    const { call, pass } = waiting({ answersPings: false })
    const { outcome, resolve } = call()
    await pass(1_500)

    resolve('630')

    expect(await outcome).toBe('630')
  })

  test('that fails, fails with its own reason, before or after a ping', async () => {
    const { call, pass } = waiting()
    const early = call()
    early.reject(new Error('reset'))
    expect(await early.outcome).toBe('reset')
    const late = call()
    await pass(2_000)
    late.reject(new Error('reset'))
    expect(await late.outcome).toBe('reset')
  })

  test('fails when the ping fails', async () => {
    const { call, pass, ping } = waiting()
    ping.mockRejectedValue(new Error('overloaded'))
    const { outcome } = call()
    await pass(1_000)

    expect(await outcome).toBe('overloaded')
  })
})

describe('many calls to one node', () => {
  test('cost one ping a second among them', async () => {
    const { call, pass, ping } = waiting()
    const calls = Array.from({ length: 1_000 }, call)
    await pass(10_000)

    for (const { resolve } of calls) resolve('630')

    expect(await Promise.all(calls.map(({ outcome }) => outcome))).toEqual(Array(1_000).fill('630'))
    expect(ping.mock.calls.length).toBeLessThanOrEqual(10)
  })

  test('all end soon after one of them has found the node silent', async () => {
    const { call, pass, ping } = waiting({ answersPings: false })
    const calls = Array.from({ length: 1_000 }, call)

    await pass(6_000)

    expect(await Promise.all(calls.map(({ outcome }) => outcome))).toEqual(
      Array(1_000).fill(SILENT),
    )
    expect(ping).toHaveBeenCalledTimes(1)
  })

  test('need no ping while others are answered', async () => {
    const { call, pass, ping } = waiting()
    const slow = call()
    for (let i = 0; i < 10; i++) {
      const quick = call()
      await pass(500)
      quick.resolve('quick')
      expect(await quick.outcome).toBe('quick')
    }

    slow.resolve('slow')

    expect(await slow.outcome).toBe('slow')
    expect(ping).not.toHaveBeenCalled()
  })

  test('are asked for anew once a node that was silent has been heard of', async () => {
    const { call, pass, ping } = waiting({ answersPings: false })
    const lost = call()
    await pass(5_000)
    expect(await lost.outcome).toBe(SILENT)
    ping.mockResolvedValue(undefined)

    const next = call()
    await pass(3_000)
    next.resolve('630')

    expect(await next.outcome).toBe('630')
  })
})
