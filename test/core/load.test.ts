import { describe, expect, test, vi } from 'vitest'
import type { ValueEntry } from '../../src/core/entry/entry.ts'
import { LoadTimeoutError, NotFoundError, OverloadedError } from '../../src/core/errors.ts'
import { Circuit, FAILURES_TO_OPEN } from '../../src/core/load/circuit.ts'
import { LoadLimit } from '../../src/core/load/load-limit.ts'
import { LoadRunner } from '../../src/core/load/load-runner.ts'
import type { LoadContext, LoadedValue, Loader } from '../../src/core/load/loader.ts'
import {
  BodyReservation,
  type BodyReservationParts,
} from '../../src/core/memory/body-reservations.ts'
import { GroupStats } from '../../src/core/stats/group-stats.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { ampleMemory } from '../support/load-memory.ts'
import { settle } from '../support/settle.ts'

const TIMEOUT_MS = 1_000
const VALUE: LoadedValue = { kind: 'value', value: new Uint8Array([1]), contentType: 'text/plain' }
const FAILED = { kind: 'failed', code: 'load-failed', detail: 'Group users: the loader failed.' }
const TIMED_OUT = {
  kind: 'failed',
  code: 'load-timeout',
  detail: 'Group users: no answer within 1000 ms.',
}
const SECRET = new Error('password is hunter2')

function start(loader: Loader, stale?: ValueEntry) {
  const { runner, ...rest } = createRunner(loader)
  const { inTime: result, atLast } = runner.run('k', stale)
  return { ...rest, result, atLast }
}

function createRunner(loader: Loader, maxLoads = Number.POSITIVE_INFINITY) {
  const clock = new FakeClock()
  const onError = vi.fn<(error: unknown) => void>()
  const stats = new GroupStats()
  const circuit = new Circuit({ longestProbeMs: TIMEOUT_MS, random: () => 0 })
  const limit = new LoadLimit(maxLoads)
  const parts = {
    group: 'users',
    loader,
    timeoutMs: TIMEOUT_MS,
    limit,
    circuit,
    clock,
    beginReading: (parts: Omit<BodyReservationParts, 'owner' | 'canQueue'>) =>
      ampleMemory(parts.signal),
    stats,
    onError,
  }
  return { runner: new LoadRunner(parts), circuit, clock, onError, stats }
}

/** A loader that never answers of itself, and what it was given. */
function hanging() {
  const answer = Promise.withResolvers<LoadedValue>()
  const loader = vi.fn((_key: string, _context: LoadContext) => answer.promise)
  return { answer, loader, signal: () => loader.mock.calls[0]?.[1].signal as AbortSignal }
}

const rejects: Loader = () => Promise.reject(SECRET)
const throwsAtOnce: Loader = () => {
  throw SECRET
}

describe('a loader that answers', () => {
  test('is called once, with the key, the group and a signal that has not fired', async () => {
    const loader = vi.fn(async (_key: string, _context: LoadContext) => VALUE)

    await start(loader).result

    expect(loader).toHaveBeenCalledTimes(1)
    expect(loader).toHaveBeenCalledWith('k', {
      group: 'users',
      signal: expect.any(AbortSignal),
      memory: expect.any(BodyReservation),
    })
    expect(loader.mock.calls[0]?.[1].signal.aborted).toBe(false)
  })

  test.each([
    ['a value', VALUE],
    ['not found', { kind: 'not-found' } as const],
  ])('has its answer passed on: %s', async (_what, answer) => {
    const { result, onError } = start(async () => answer)

    expect(await result).toBe(answer)
    expect(onError).not.toHaveBeenCalled()
  })

  test('may say "not found" by throwing, which is no error', async () => {
    const { result, onError } = start(() => Promise.reject(new NotFoundError('no such user')))

    expect(await result).toEqual({ kind: 'not-found' })
    expect(onError).not.toHaveBeenCalled()
  })
})

test('"not found" thrown by another Worker, which has lost its class, says the same', async () => {
  const remote = Object.assign(new Error('no such user'), {
    name: 'NotFoundError',
    code: 'not-found',
  })

  expect(await start(() => Promise.reject(remote)).result).toEqual({ kind: 'not-found' })
})

describe('a loader that fails', () => {
  test.each([
    ['later', rejects],
    ['at once', throwsAtOnce],
  ])('%s ends as a failure that keeps its error from the client', async (_when, loader) => {
    const { result, onError } = start(loader)

    expect(await result).toEqual(FAILED)
    expect(JSON.stringify(await result)).not.toContain(SECRET.message)
    expect(onError.mock.calls).toEqual([[SECRET]])
  })
})

test('a loader that throws an error of ours says nothing to clients by it', async () => {
  for (const error of [
    new LoadTimeoutError('db-7.internal'),
    new OverloadedError('db-7.internal'),
  ]) {
    const { result, stats } = start(() => Promise.reject(error))

    expect(await result).toEqual(FAILED)
    expect(stats).toMatchObject({ loadErrors: 1, loadTimeouts: 0 })
  }
})

test.each<[how: string, loader: Loader]>([
  ['with a value', async () => VALUE],
  ['with "not found"', () => Promise.reject(new NotFoundError('no such user'))],
  ['with an error', rejects],
  ['with an error thrown at once', throwsAtOnce],
])('a loader that ends in time %s leaves no timer', async (_how, loader) => {
  const { clock, result } = start(loader)
  const pendingBefore = clock.pending

  await result

  expect([pendingBefore, clock.pending]).toEqual([1, 0])
})

describe('a loader that does not answer in time', () => {
  test('ends as a timeout after exactly the timeout, not before', async () => {
    const { clock, result } = start(hanging().loader)
    const settled = vi.fn()
    void result.then(settled)

    clock.advance(TIMEOUT_MS - 1)
    await settle()
    expect(settled).not.toHaveBeenCalled()

    clock.advance(1)
    await settle()
    expect(settled.mock.calls).toEqual([[TIMED_OUT]])
    expect(clock.pending).toBe(0)
  })

  test('is told by its signal, with the timeout as the reason', async () => {
    const { loader, signal } = hanging()
    const { clock, onError, result } = start(loader)

    clock.advance(TIMEOUT_MS)
    await result

    expect(signal().aborted).toBe(true)
    expect(signal().reason).toBeInstanceOf(LoadTimeoutError)
    expect(onError.mock.calls).toEqual([[signal().reason]])
  })

  test('ends as a timeout too when it heeds the signal by rejecting', async () => {
    const { clock, onError, result } = start(
      (_key, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new DOMException('Aborted', 'AbortError')))
        }),
    )

    clock.advance(TIMEOUT_MS)

    expect(await result).toEqual(TIMED_OUT)
    expect(onError.mock.calls).toEqual([[expect.any(LoadTimeoutError)]])
  })

  test.each<[how: string, end: (answer: PromiseWithResolvers<LoadedValue>) => void]>([
    ['answer', (answer) => answer.resolve(VALUE)],
    ['error', (answer) => answer.reject(SECRET)],
  ])('changes nothing by a late %s', async (_how, end) => {
    const { answer, loader } = hanging()
    const { clock, onError, result } = start(loader)
    clock.advance(TIMEOUT_MS)

    // Late, though before anyone could look: the timeout has the first word.
    end(answer)

    expect(await result).toEqual(TIMED_OUT)
    await settle()
    expect(onError.mock.calls).toEqual([[expect.any(LoadTimeoutError)]])
  })
})

test('an answer just before the timeout counts, though the timer fires before anyone looks', async () => {
  const { answer, loader } = hanging()
  const { clock, onError, result } = start(loader)

  answer.resolve(VALUE)
  await settle()
  clock.advance(TIMEOUT_MS)

  expect(await result).toBe(VALUE)
  expect(onError).not.toHaveBeenCalled()
})

test('a late answer is still there for whoever waits for it', async () => {
  const { answer, loader } = hanging()
  const { atLast, clock, result } = start(loader)
  clock.advance(TIMEOUT_MS)
  await result

  answer.resolve(VALUE)

  expect(await atLast).toBe(VALUE)
})

describe('"not modified"', () => {
  const loader: Loader = async () => ({ kind: 'not-modified' })

  test('is an answer where something was being refreshed', async () => {
    expect(await start(loader, {} as ValueEntry).result).toEqual({ kind: 'not-modified' })
  })

  test('is a failure where nothing was', async () => {
    expect(await start(loader).result).toEqual(FAILED)
  })
})

describe('the limit on loads', () => {
  test('lets a load wait for its turn, within its own time', async () => {
    const { answer, loader } = hanging()
    const { clock, runner, stats } = createRunner(loader, 1)
    const first = runner.run('first')
    clock.advance(600)
    const second = runner.run('second')
    const third = runner.run('third')

    answer.resolve(VALUE)
    const results = await Promise.all([first, second, third].map(({ inTime }) => inTime))

    expect(results).toEqual([VALUE, VALUE, VALUE])
    expect(loader.mock.calls.map(([key]) => key)).toEqual(['first', 'second', 'third'])
    expect(stats.loads).toBe(3)
  })

  test('refuses what is too much, which is no load and no failure of the origin', async () => {
    const { loader } = hanging()
    const { circuit, runner, stats } = createRunner(loader, 1)
    for (let i = 0; i < 11; i++) runner.run(`waiting-${i}`)

    const results = await Promise.all(
      Array.from({ length: FAILURES_TO_OPEN }, (_, i) => runner.run(`refused-${i}`).inTime),
    )

    for (const result of results)
      expect(result).toMatchObject({ kind: 'failed', code: 'overloaded' })
    expect(loader).toHaveBeenCalledTimes(1)
    expect(stats).toMatchObject({ loads: 1, loadErrors: 0, loadsRefused: FAILURES_TO_OPEN })
    expect(circuit.state).toBe('closed')
  })

  test('frees the place of a load that has run out of time', async () => {
    const { loader } = hanging()
    const { clock, runner } = createRunner(loader, 1)
    const first = runner.run('first')
    clock.advance(600)
    const second = runner.run('second')

    clock.advance(400)
    expect(await first.inTime).toEqual(TIMED_OUT)
    await settle()
    expect(loader.mock.calls.map(([key]) => key)).toEqual(['first', 'second'])

    clock.advance(600)
    expect(await second.inTime).toEqual(TIMED_OUT)
  })

  test('does not start a load whose time has passed while it waited', async () => {
    const { loader } = hanging()
    const { clock, runner, stats } = createRunner(loader, 1)
    const results = [runner.run('first'), runner.run('second')].map(({ inTime }) => inTime)

    clock.advance(TIMEOUT_MS)

    expect(await Promise.all(results)).toEqual([TIMED_OUT, TIMED_OUT])
    await settle()
    expect(loader).toHaveBeenCalledTimes(1)
    expect(stats).toMatchObject({ loads: 1, loadTimeouts: 2 })
  })
})
