import { describe, expect, test, vi } from 'vitest'
import { NoSharing, Singleflight } from '../../src/core/load/singleflight.ts'

const failing: [how: string, work: () => Promise<string>][] = [
  ['rejects', () => Promise.reject(new Error('broken'))],
  [
    'throws at once',
    () => {
      throw new Error('broken')
    },
  ],
]

describe('callers of one key', () => {
  test('cause one load, ten of them', async () => {
    const flights = new Singleflight<string>()
    const origin = Promise.withResolvers<string>()
    const load = vi.fn(() => origin.promise)

    const callers = Array.from({ length: 10 }, () => flights.run('k', load))
    origin.resolve('v')

    expect(await Promise.all(callers)).toEqual(Array(10).fill('v'))
    expect(load).toHaveBeenCalledTimes(1)
  })

  test('share no load with callers of another', async () => {
    const flights = new Singleflight<string>()

    const callers = ['a', 'b'].map((key) => flights.run(key, async () => `of ${key}`))

    expect(flights.size).toBe(2)
    expect(await Promise.all(callers)).toEqual(['of a', 'of b'])
  })

  test('share no load when the first has ended', async () => {
    const flights = new Singleflight<number>()
    const load = vi.fn(() => load.mock.calls.length)

    const loaded = [await flights.run('k', load), await flights.run('k', load)]

    expect(loaded).toEqual([1, 2])
  })

  test.each(failing)('all fail with the same error when the load %s', async (_how, work) => {
    const flights = new Singleflight<string>()
    const load = vi.fn(work)

    const outcomes = await Promise.allSettled([flights.run('k', load), flights.run('k', load)])

    const failure = { status: 'rejected', reason: new Error('broken') }
    expect(outcomes).toEqual([failure, failure])
    expect(load).toHaveBeenCalledTimes(1)
  })

  test('share a failure that comes later, of one load', async () => {
    const flights = new Singleflight<string>()
    const origin = Promise.withResolvers<string>()
    const load = vi.fn(() => origin.promise)

    const callers = [flights.run('k', load), flights.run('k', load)]
    origin.reject(new Error('broken'))

    const outcomes = await Promise.allSettled(callers)
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(load).toHaveBeenCalledTimes(1)
  })

  test('find themselves: work that asks for its own key joins itself', async () => {
    const flights = new Singleflight<string>()
    const origin = Promise.withResolvers<string>()
    const again = vi.fn(async () => 'again')
    const inner = Promise.withResolvers<string>()

    // The work must not wait for the inner call, which waits for the work.
    const outer = flights.run('k', () => {
      inner.resolve(flights.run('k', again))
      return origin.promise
    })
    origin.resolve('v')

    expect(await Promise.all([outer, inner.promise])).toEqual(['v', 'v'])
    expect(again).not.toHaveBeenCalled()
  })
})

describe('a key', () => {
  test('is taken while its load is under way, and no other is', async () => {
    const flights = new Singleflight<string>()
    const origin = Promise.withResolvers<string>()

    const caller = flights.run('k', () => origin.promise)

    expect([flights.has('k'), flights.has('other'), flights.size]).toEqual([true, false, 1])
    origin.resolve('v')
    await caller
  })

  test('is free in the first continuation of a load that succeeded', async () => {
    const flights = new Singleflight<string>()

    const taken = await flights.run('k', () => 'v').then(() => flights.has('k'))

    expect(taken).toBe(false)
    expect(flights.size).toBe(0)
  })

  test.each(failing)('is free in the first continuation of a load that %s', async (_how, work) => {
    const flights = new Singleflight<string>()

    const taken = await flights.run('k', work).catch(() => `taken: ${flights.has('k')}`)

    expect(taken).toBe('taken: false')
    expect(await flights.run('k', () => 'v')).toBe('v')
  })
})

describe('forget', () => {
  test('lets later callers load anew, while earlier ones wait on', async () => {
    const flights = new Singleflight<string>()
    const origins = [Promise.withResolvers<string>(), Promise.withResolvers<string>()] as const

    const early = flights.run('k', () => origins[0].promise)
    flights.forget('k')
    const late = flights.run('k', () => origins[1].promise)
    origins[1].resolve('new')
    origins[0].resolve('old')

    expect(await Promise.all([early, late])).toEqual(['old', 'new'])
  })

  test('keeps the newer load when the forgotten one ends', async () => {
    const flights = new Singleflight<string>()
    const origins = [Promise.withResolvers<string>(), Promise.withResolvers<string>()] as const
    const early = flights.run('k', () => origins[0].promise)
    flights.forget('k')
    const late = flights.run('k', () => origins[1].promise)

    origins[0].resolve('old')
    await early
    const joined = flights.run('k', () => 'a third')
    origins[1].resolve('new')

    expect(await Promise.all([late, joined])).toEqual(['new', 'new'])
  })

  test('of all does so for every key', async () => {
    const flights = new Singleflight<string>()
    const origin = Promise.withResolvers<string>()
    const early = ['a', 'b'].map((key) => flights.run(key, () => origin.promise))

    flights.forgetAll()
    const late = ['a', 'b'].map((key) => flights.run(key, async () => 'new'))
    origin.resolve('old')

    expect(await Promise.all([...early, ...late])).toEqual(['old', 'old', 'new', 'new'])
  })

  test('of a key that is free does nothing', () => {
    const flights = new Singleflight<string>()

    flights.forget('k')

    expect(flights.has('k')).toBe(false)
  })
})

describe('UnsharedFlights', () => {
  test('gives each caller its own load', async () => {
    const flights = new NoSharing<number>()
    const load = vi.fn(async () => load.mock.calls.length)

    const callers = [flights.run('k', load), flights.run('k', load)]

    expect(flights.has()).toBe(false)
    expect(load).toHaveBeenCalledTimes(2)
    await Promise.all(callers)
  })

  test.each(failing)('rejects when the load %s', async (_how, work) => {
    const flights = new NoSharing<string>()

    await expect(flights.run('k', work)).rejects.toThrow('broken')
  })

  test('has nothing to forget', async () => {
    const flights = new NoSharing<string>()
    const caller = flights.run('k', async () => 'v')

    flights.forget()
    flights.forgetAll()

    expect(await caller).toBe('v')
  })
})
