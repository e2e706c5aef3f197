import { describe, expect, test, vi } from 'vitest'
import { OverloadedError } from '../../src/core/errors.ts'
import { EdgeLoadLimit } from '../../src/core/load/edge-load-limit.ts'
import { FakeClock } from '../support/fake-clock.ts'

const LEASE_MS = 11_000

/** A limit of two, both of whose places are taken by work that never ends. */
function fullLimit() {
  const clock = new FakeClock()
  const limit = new EdgeLoadLimit(2, LEASE_MS, clock)
  const run = (work: () => Promise<string>) => limit.run(new AbortController().signal, work)
  const hanging = () => run(() => new Promise<never>(() => {}))
  void hanging()
  void hanging()
  return { clock, hanging, limit, run }
}

const done = async () => 'done'

describe('a limit whose places are leased', () => {
  test('refuses at once what has no place, and does not begin it', async () => {
    const { run } = fullLimit()
    const work = vi.fn(done)

    await expect(run(work)).rejects.toThrow(OverloadedError)
    expect(work).not.toHaveBeenCalled()
  })

  test('gives a place back when its work has ended, well or not', async () => {
    const limit = new EdgeLoadLimit(1, LEASE_MS, new FakeClock())
    const { signal } = new AbortController()

    expect(await limit.run(signal, done)).toBe('done')
    await expect(limit.run(signal, () => Promise.reject(new Error('down')))).rejects.toThrow('down')
    expect(await limit.run(signal, done)).toBe('done')
  })

  test('takes back the place of work that never ends, when the lease is over and not before', async () => {
    const { clock, run } = fullLimit()

    clock.advance(LEASE_MS - 1)
    await expect(run(done)).rejects.toThrow(OverloadedError)
    clock.advance(1)

    expect(await run(done)).toBe('done')
  })

  test('takes back only those places whose lease is over', async () => {
    const clock = new FakeClock()
    const limit = new EdgeLoadLimit(2, LEASE_MS, clock)
    const { signal } = new AbortController()
    const hang = () => void limit.run(signal, () => new Promise<never>(() => {}))
    hang()
    clock.advance(1_000)
    hang()

    clock.advance(LEASE_MS - 1_000)
    hang()

    await expect(limit.run(signal, done)).rejects.toThrow(OverloadedError)
  })

  test('is not given one place too many by work that ends after its lease', async () => {
    const clock = new FakeClock()
    const limit = new EdgeLoadLimit(1, LEASE_MS, clock)
    const { signal } = new AbortController()
    const late = Promise.withResolvers<string>()
    const first = limit.run(signal, () => late.promise)
    clock.advance(LEASE_MS)
    void limit.run(signal, () => new Promise<never>(() => {}))

    late.resolve('late')
    expect(await first).toBe('late')

    await expect(limit.run(signal, done)).rejects.toThrow(OverloadedError)
  })

  test('keeps the place of work that says that it goes on, and gives it to nobody after its release', () => {
    const clock = new FakeClock()
    const limit = new EdgeLoadLimit(1, LEASE_MS, clock)
    const lease = limit.take()

    clock.advance(LEASE_MS - 1)
    lease.renew()
    clock.advance(LEASE_MS - 1)
    expect(() => limit.take()).toThrow(OverloadedError)
    lease.release()
    lease.renew()

    expect(limit.take()).toBeDefined()
    lease.release()
    expect(() => limit.take()).toThrow(OverloadedError)
  })

  test('does not keep a place for longer because the clock was set back', async () => {
    const { clock, run } = fullLimit()

    clock.goBack(3_600_000)

    expect(await run(done)).toBe('done')
  })

  test('does not begin what has been given up', async () => {
    const limit = new EdgeLoadLimit(1, LEASE_MS, new FakeClock())
    const work = vi.fn(done)

    await expect(limit.run(AbortSignal.abort(new Error('gone')), work)).rejects.toThrow('gone')
    expect(work).not.toHaveBeenCalled()
  })
})
