import { describe, expect, test, vi } from 'vitest'
import { OverloadedError } from '../../src/core/errors.ts'
import { LoadLimit } from '../../src/core/load/load-limit.ts'
import { settle } from '../support/settle.ts'

function patient(): AbortSignal {
  return new AbortController().signal
}

describe('a limit on loads', () => {
  test('runs as many at once as it says, and the others in the order in which they came', async () => {
    const limit = new LoadLimit(2)
    const ends = Array.from({ length: 4 }, () => Promise.withResolvers<void>())
    const started: number[] = []
    const runs = ends.map((end, i) =>
      limit.run(patient(), () => {
        started.push(i)
        return end.promise
      }),
    )

    expect(started).toEqual([0, 1])
    ends[1]?.resolve()
    await settle()
    expect(started).toEqual([0, 1, 2])
    ends[0]?.reject(new Error('failed'))
    await expect(runs[0]).rejects.toThrow('failed')
    await settle()
    expect(started).toEqual([0, 1, 2, 3])
  })

  test('lets ten wait for each that may run, and refuses the next at once', async () => {
    const limit = new LoadLimit(1)
    const work = vi.fn(() => new Promise<never>(() => {}))
    for (let i = 0; i < 11; i++) void limit.run(patient(), work)

    await expect(limit.run(patient(), work)).rejects.toThrow(OverloadedError)
    expect(work).toHaveBeenCalledTimes(1)
  })

  test('lets the more wait the more may run', async () => {
    const limit = new LoadLimit(2)
    const hang = () => new Promise<never>(() => {})
    const refused = vi.fn()

    for (let i = 0; i < 22; i++) limit.run(patient(), hang).catch(refused)
    await settle()
    expect(refused).not.toHaveBeenCalled()

    await expect(limit.run(patient(), hang)).rejects.toThrow(OverloadedError)
  })

  test('gives the place of one that gives up waiting to the next who comes', async () => {
    const limit = new LoadLimit(1)
    const hang = () => new Promise<never>(() => {})
    const giver = new AbortController()
    void limit.run(patient(), hang)
    const waiting = Array.from({ length: 10 }, (_, i) =>
      limit.run(i === 3 ? giver.signal : patient(), hang),
    )

    giver.abort(new Error('out of time'))

    await expect(waiting[3]).rejects.toThrow('out of time')
    const late = vi.fn()
    limit.run(patient(), hang).catch(late)
    await settle()
    expect(late).not.toHaveBeenCalled()
  })

  test('counts a place as free once, whether work ends or its time does, in any order', async () => {
    const limit = new LoadLimit(1)
    const aborted = new AbortController()
    const end = Promise.withResolvers<void>()
    const first = limit.run(aborted.signal, () => end.promise)

    aborted.abort(new Error('out of time'))
    end.resolve()
    await first
    const work = vi.fn(() => new Promise<never>(() => {}))
    void limit.run(patient(), work)
    void limit.run(patient(), work)
    await settle()

    expect(work).toHaveBeenCalledTimes(1)
  })

  test('without a limit, nobody waits', () => {
    const limit = new LoadLimit(Number.POSITIVE_INFINITY)
    const work = vi.fn(() => new Promise<never>(() => {}))

    for (let i = 0; i < 5_000; i++) void limit.run(patient(), work)

    expect(work).toHaveBeenCalledTimes(5_000)
  })
})
