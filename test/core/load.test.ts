import { describe, expect, test, vi } from 'vitest'
import { LoadTimeoutError, NotFoundError } from '../../src/core/errors.ts'
import { runLoad } from '../../src/core/load.ts'
import type { LoadContext, LoadedValue, Loader } from '../../src/core/loader.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { settle } from '../support/settle.ts'

const TIMEOUT_MS = 1_000
const VALUE: LoadedValue = { kind: 'value', value: new Uint8Array([1]), contentType: 'text/plain' }
const FAILED = { kind: 'failed', code: 'load-failed', detail: 'The loader of group users failed.' }
const TIMED_OUT = {
  kind: 'failed',
  code: 'load-timeout',
  detail: 'The loader of group users took more than 1000 ms.',
}
const SECRET = new Error('password is hunter2')

function start(loader: Loader) {
  const clock = new FakeClock()
  const onError = vi.fn<(error: unknown) => void>()
  const result = runLoad(loader, 'k', { group: 'users', timeoutMs: TIMEOUT_MS, clock, onError })
  return { clock, onError, result }
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
    expect(loader).toHaveBeenCalledWith('k', { group: 'users', signal: expect.any(AbortSignal) })
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
