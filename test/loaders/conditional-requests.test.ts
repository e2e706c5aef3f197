import { describe, expect, test } from 'vitest'
import type { ValueEntry } from '../../src/core/entry/entry.ts'
import { OverloadedError } from '../../src/core/errors.ts'
import { MemoryBudget } from '../../src/core/memory/memory-budget.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { BASE, fakeOrigin, redirect } from '../support/fake-origin.ts'

const A = `${BASE.href}a`
const B = `${BASE.href}b`
const HELD = { originEtag: '"1"' } as ValueEntry

function isConditional({ headers }: RequestInit): boolean {
  const sent = new Headers(headers)
  return sent.has('if-none-match') || sent.has('if-modified-since')
}

/** Answers one way to requests with a condition, and another to those without. */
function originWith(conditional: () => Response, plain = () => new Response('new')) {
  const origin = fakeOrigin({
    [A]: () => (isConditional(origin.requests.at(-1)?.init ?? {}) ? conditional() : plain()),
  })
  return origin
}

function brokenBody(afterBytes = 0): ReadableStream {
  return new ReadableStream({
    pull(controller) {
      if (afterBytes > 0) controller.enqueue(new Uint8Array(afterBytes))
      controller.error(new Error('connection lost'))
    },
  })
}

describe('a conditional request', () => {
  test.each<[string, () => Response]>([
    ...[201, 204, 206, 300, 302, 400, 401, 403, 405, 409, 412, 413, 416, 422, 431, 451, 500, 501]
      .concat([505, 507])
      .map((status): [string, () => Response] => [
        `status ${status}`,
        () => new Response(null, { status }),
      ]),
    [
      'a refused connection',
      () => {
        throw new TypeError('refused')
      },
    ],
    ['a body that breaks off', () => new Response(brokenBody())],
    [
      'a coding that is still there',
      () => new Response('?', { headers: { 'Content-Encoding': 'x-gzip' } }),
    ],
    ['a redirect to elsewhere', redirect('https://elsewhere.example/')],
    ['redirects without end', redirect('a')],
    [
      '304 about another value',
      () => new Response(null, { status: 304, headers: { ETag: '"2"' } }),
    ],
  ])('that is answered by %s is made once more, without its condition', async (_, answer) => {
    const origin = originWith(answer)

    expect(await origin.load('a', HELD)).toMatchObject({
      kind: 'value',
      value: new TextEncoder().encode('new'),
    })
    expect(origin.requests.filter(({ init }) => isConditional(init))).toHaveLength(1)
    expect(isConditional(origin.requests.at(-1)?.init ?? {})).toBe(false)
  })

  test.each([408, 425, 429, 502, 503, 504])(
    'that is answered by %i is not: the origin would answer the same',
    async (status) => {
      const origin = originWith(() => new Response(null, { status }))

      await expect(origin.load('a', HELD)).rejects.toThrow(`${status}`)
      expect(origin.requests).toHaveLength(1)
    },
  )

  test.each([
    [200, 'value'],
    [304, 'not-modified'],
    [404, 'not-found'],
    [410, 'not-found'],
  ])('that is answered by %i has its answer: %s', async (status, kind) => {
    const body = status === 200 ? 'A' : null
    const origin = originWith(() => new Response(body, { status }))

    expect(await origin.load('a', HELD)).toMatchObject({ kind })
    expect(origin.requests).toHaveLength(1)
  })

  test.each([304, 400, 500, 503])(
    'is made no more than once more: then %i is a failure',
    async (status) => {
      const origin = originWith(
        () => new Response(null, { status: 400 }),
        () => new Response(null, { status }),
      )

      await expect(origin.load('a', HELD)).rejects.toThrow(`${status}`)
      expect(origin.requests).toHaveLength(2)
    },
  )

  test.each([404, 410])('may be answered by %i the second time', async (status) => {
    const origin = originWith(
      () => new Response(null, { status: 412 }),
      () => new Response(null, { status }),
    )

    expect(await origin.load('a', HELD)).toEqual({ kind: 'not-found' })
  })

  test.each([
    [500, 4],
    [304, 4],
    [503, 2],
  ])('that was redirected to %i is made once more from the start', async (status, requests) => {
    const answers = { [A]: redirect(B), [B]: () => new Response(null, { status }) }
    const origin = fakeOrigin(answers)

    await expect(origin.load('a', HELD)).rejects.toThrow(`${status}`)
    expect(origin.requests).toHaveLength(requests)
    expect(origin.requests.map(({ init }) => isConditional(init))).toEqual(
      [true, false, false, false].slice(0, requests),
    )
  })

  test('is not made once more when its load is out of time', async () => {
    const abort = new AbortController()
    const origin = fakeOrigin({
      [A]: () => {
        abort.abort(new Error('out of time'))
        throw abort.signal.reason
      },
    })

    await expect(origin.load('a', HELD, { signal: abort.signal })).rejects.toThrow('out of time')
    expect(origin.requests).toHaveLength(1)
  })

  test('is not made once more for want of memory', async () => {
    const origin = originWith(() => new Response('A'))
    const memory = {
      makeRoom: () => {},
      maxBytes: 1024,
      reserve: () => {
        throw new OverloadedError('full')
      },
    }

    await expect(origin.load('a', HELD, { memory })).rejects.toThrow('full')
    expect(origin.requests).toHaveLength(1)
  })

  test('is not made for a key that is none', async () => {
    const origin = fakeOrigin({})

    await expect(origin.load('../a', HELD)).rejects.toMatchObject({ code: 'bad-key' })
    expect(origin.requests).toHaveLength(0)
  })

  test('whose body broke off leaves its memory to the second', async () => {
    const KiB = 1024
    const headers = { 'Content-Length': String(24 * KiB) }
    const origin = originWith(
      () => new Response(brokenBody(24 * KiB), { headers }),
      () => new Response(new Uint8Array(25 * KiB)),
    )
    const budget = new MemoryBudget(64 * KiB)

    const loaded = await origin.load('a', HELD, { memory: readingIn(budget) })

    expect(loaded).toMatchObject({ kind: 'value', value: { byteLength: 25 * KiB } })
    expect(budget.heldBytes).toBe(25 * KiB)
  })
})

describe('the conditions', () => {
  const DATE = 'Tue, 01 Sep 2026 09:00:00 GMT'

  test.each<[Partial<ValueEntry>, Record<string, string>]>([
    [{}, {}],
    [{ originEtag: '"1"' }, { 'If-None-Match': '"1"' }],
    [{ lastModified: DATE }, { 'If-Modified-Since': DATE }],
    [
      { originEtag: 'W/"1"', lastModified: DATE },
      { 'If-None-Match': 'W/"1"', 'If-Modified-Since': DATE },
    ],
    [{ lastModified: DATE.toLowerCase() }, { 'If-Modified-Since': DATE.toLowerCase() }],
    [{ lastModified: '0' }, {}],
    [{ lastModified: '2026-09-01' }, {}],
    [{ lastModified: 'Mon, 31 Feb 2026 09:00:00 GMT' }, {}],
    [{ lastModified: `${DATE}, ${DATE}` }, {}],
    [{ lastModified: `${DATE}\x01` }, {}],
    [{ lastModified: '0', originEtag: '"1"' }, { 'If-None-Match': '"1"' }],
    // What was kept before control characters were dropped.
    [{ originEtag: '"1\x01"', lastModified: DATE }, { 'If-Modified-Since': DATE }],
    [{ originEtag: '"1\x7f"' }, {}],
  ])('of %j are %j', async (held, conditions) => {
    const origin = fakeOrigin({ [A]: () => new Response('A') })

    await origin.load('a', held as ValueEntry)

    expect(origin.requests.map(({ init }) => init.headers)).toEqual([
      { 'X-Key': 'secret', ...conditions },
    ])
  })
})

function readingIn(budget: MemoryBudget) {
  const membership = budget.join({ evictOldest: () => false }, { shareBytes: 1 })
  const { signal } = new AbortController()
  const parts = { signal, endsAtMs: Number.POSITIVE_INFINITY, clock: new FakeClock() }
  return membership.beginReading({ ...parts, canQueue: false })
}
