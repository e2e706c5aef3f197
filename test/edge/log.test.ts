import { afterEach, describe, expect, test, vi } from 'vitest'
import { LoadError } from '../../src/core/errors.ts'
import { logError } from '../../src/platform/log.ts'

afterEach(() => vi.restoreAllMocks())

function fail(): never {
  throw new Error('A getter of its own.')
}

function logged(error: unknown): Record<string, unknown> {
  const log = vi.spyOn(console, 'error').mockImplementation(() => {})
  logError('group failure', { group: 'scores', node: 'node-3' }, error)
  expect(log).toHaveBeenCalledTimes(1)
  return JSON.parse(log.mock.calls[0]?.[0] as string) as Record<string, unknown>
}

describe('what is logged of an error', () => {
  test('is one line of JSON that says what happened, where, and why', () => {
    const error = new LoadError('The origin answered 500.', { cause: new TypeError('deep') })

    expect(logged(error)).toEqual({
      level: 'error',
      event: 'group failure',
      group: 'scores',
      node: 'node-3',
      error: {
        name: 'LoadError',
        code: 'load-failed',
        message: 'The origin answered 500.',
        stack: expect.stringContaining('LoadError'),
        cause: { name: 'TypeError', message: 'deep', stack: expect.any(String) },
      },
    })
  })

  test('ends, though an error may be its own cause', () => {
    const error = new Error('round')
    error.cause = error

    const depth = JSON.stringify(logged(error)).split('"cause"').length - 1

    expect(depth).toBe(3)
  })

  test.each([['a text'], [undefined], [null], [42]])(
    'is there for %s, which is no error',
    (thrown) => {
      expect(logged(thrown).error).toMatchObject({ message: String(thrown) })
    },
  )

  test.each([
    ['an object that cannot be written', Object.create(null)],
    [
      'an error whose message cannot be read',
      Object.defineProperty(new Error(), 'message', { get: fail }),
    ],
    ['an error whose message is no text', Object.assign(new Error(), { message: 1n })],
    [
      'an error caused by what cannot be written',
      new LoadError('m', { cause: Object.create(null) }),
    ],
  ])('is there for %s: to log never fails', (_, thrown) => {
    expect(logged(thrown)).toMatchObject({ event: 'group failure', group: 'scores' })
  })
})
