/** What a failure of an HTTP origin says beyond having failed: to a stale value, and to the circuit. */

import { describe, expect, test } from 'vitest'
import { OriginError } from '../../src/core/errors.ts'
import { functionLoader } from '../../src/loaders/function-loader.ts'
import { httpOriginLoader } from '../../src/loaders/http-origin.ts'
import { BASE, fakeOrigin, NOW_MS, redirect } from '../support/fake-origin.ts'
import { ampleMemory } from '../support/load-memory.ts'

const A = 'https://origin.example/v1/a'
const B = 'https://origin.example/v1/b'

/** What the load of `a` throws. */
async function failureOf(answers: Record<string, () => Response>): Promise<unknown> {
  const origin = fakeOrigin(answers)
  return origin.load('a').then(
    () => expect.unreachable('The load has succeeded.'),
    (error: unknown) => error,
  )
}

function status(status: number, headers: Record<string, string> = {}): () => Response {
  return () => new Response('', { status, headers })
}

function throwing(): Response {
  throw new TypeError('Network connection lost.')
}

/** An answer whose body breaks off. */
function brokenOff(): Response {
  const body = new ReadableStream({ pull: (controller) => controller.error(new Error('reset')) })
  return new Response(body)
}

const NOTHING = { isRefusal: false, isUnreachable: false, retryAfterMs: undefined }

describe('a status', () => {
  test.each([429, 500, 502, 503, 504])(
    'of %i says "not now": a stale value may stand in',
    async (code) => {
      expect(await failureOf({ [A]: status(code) })).toMatchObject(NOTHING)
    },
  )

  test.each([
    204, 206, 300, 304, 400, 401, 402, 403, 405, 408, 409, 412, 416, 418, 421, 425, 426, 431, 451,
    501, 505, 506, 507, 508, 511, 599,
  ])('of %i is a refusal, which ends the stale value', async (code) => {
    const answer = () => new Response(null, { status: code })

    expect(await failureOf({ [A]: answer })).toMatchObject({ ...NOTHING, isRefusal: true })
  })

  test.each([
    [500, false],
    [403, true],
  ])('of %i says the same in a Response of a function', async (code, isRefusal) => {
    const load = functionLoader(status(code), {})

    await expect(load('a', contextOfLoad())).rejects.toMatchObject({ ...NOTHING, isRefusal })
  })
})

describe('Retry-After', () => {
  test.each<[number, string, number]>([
    [429, '5', 5_000],
    [503, '120', 120_000],
    [503, '0', 0],
    [429, 'Tue, 01 Sep 2026 10:00:30 GMT', 30_000],
    [503, 'Tue, 01 Sep 2026 09:59:00 GMT', 0],
  ])('with %i and %j asks for a pause of %i ms', async (code, retryAfter, retryAfterMs) => {
    const headers = { 'Retry-After': retryAfter }

    expect(await failureOf({ [A]: status(code, headers) })).toMatchObject({ retryAfterMs })
  })

  test.each([
    [500, '5'],
    [502, '5'],
    [504, '5'],
    [403, '5'],
    [408, '5'],
    [429, '-5'],
    [429, '1.5'],
    [429, '+5'],
    [429, '5, 5'],
    [503, 'soon'],
    [503, ''],
  ])('with %i and %j asks for none', async (code, retryAfter) => {
    const headers = { 'Retry-After': retryAfter }

    expect(await failureOf({ [A]: status(code, headers) })).toMatchObject({
      retryAfterMs: undefined,
    })
  })

  test('of where a redirect leads to does not count: the key may have chosen it', async () => {
    const answers = { [A]: redirect(B), [B]: status(503, { 'Retry-After': '5' }) }

    expect(await failureOf(answers)).toMatchObject(NOTHING)
  })

  test.each([
    [false, 5_000],
    [true, undefined],
  ])('in a Response of a function, redirected: %s', async (redirected, retryAfterMs) => {
    const load = functionLoader(() => {
      const response = status(503, { 'Retry-After': '5' })()
      return Object.defineProperty(response, 'redirected', { value: redirected })
    }, {})

    await expect(load('a', contextOfLoad())).rejects.toMatchObject({ retryAfterMs })
  })
})

describe('an origin that cannot be reached', () => {
  test('is one whose connection fails, with the reason as the cause', async () => {
    expect(await failureOf({ [A]: throwing, [BASE.href]: throwing })).toMatchObject({
      ...NOTHING,
      isUnreachable: true,
      cause: new TypeError('Network connection lost.'),
    })
  })

  test.each([200, 404, 405, 500, 503])(
    'is not one that answers a request without a key with %i: the key makes it fail',
    async (code) => {
      const answers = { [A]: throwing, [BASE.href]: status(code) }

      expect(await failureOf(answers)).toMatchObject(NOTHING)
    },
  )

  test("is asked without a key once a second at most, and with the group's headers", async () => {
    let nowMs = NOW_MS
    const origin = fakeOrigin({ [A]: throwing, [BASE.href]: throwing }, { now: () => nowMs })
    const probes = () => origin.requests.filter(({ url }) => url === BASE.href)

    for (let i = 0; i < 30; i++) await origin.load('a').catch(() => {})
    expect(probes()).toHaveLength(1)
    expect(probes()[0]?.init).toMatchObject({ method: 'HEAD', headers: { 'X-Key': 'secret' } })
    nowMs += 1_000
    await origin.load('a').catch(() => {})
    expect(probes()).toHaveLength(2)
    // The clock is set back.
    nowMs -= 60_000
    await origin.load('a').catch(() => {})
    expect(probes()).toHaveLength(3)
  })

  test('is not one that a redirect leads to', async () => {
    expect(await failureOf({ [A]: redirect(B), [B]: throwing })).not.toBeInstanceOf(OriginError)
  })

  test('is not one whose body breaks off', async () => {
    expect(await failureOf({ [A]: brokenOff })).not.toBeInstanceOf(OriginError)
  })

  test('is not one that nobody waits for any longer', async () => {
    const abort = new AbortController()
    const { signal } = abort
    const fetch = () =>
      new Promise<Response>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
      })
    const life = { ttlMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 }
    const parts = { fetch, now: () => NOW_MS, warn: () => {} }
    const load = httpOriginLoader({ baseUrl: BASE, headers: {}, life }, parts)

    const loading = load('a', { ...contextOfLoad(), signal })
    const reason = new Error('time is up')
    abort.abort(reason)

    await expect(loading).rejects.toBe(reason)
  })
})

describe('a redirect that is not followed', () => {
  test.each([
    'https://evil.example/',
    '//evil.example/',
    'http://origin.example/v1/b',
    'file:///etc/passwd',
  ])('to %s is a refusal', async (location) => {
    expect(await failureOf({ [A]: redirect(location) })).toMatchObject({
      ...NOTHING,
      isRefusal: true,
    })
  })

  test('as there were too many is a refusal', async () => {
    expect(await failureOf({ [A]: redirect(A) })).toMatchObject({ ...NOTHING, isRefusal: true })
  })
})

test('a body in a coding that nobody decodes is no answer: a stale value may stand in', async () => {
  const headers = { 'Content-Encoding': 'zstd' }

  expect(await failureOf({ [A]: status(200, headers) })).not.toBeInstanceOf(OriginError)
})

function contextOfLoad() {
  return { signal: new AbortController().signal, group: 'pages', memory: ampleMemory() }
}
