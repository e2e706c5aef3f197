import { describe, expect, test } from 'vitest'
import type { ValueEntry } from '../../src/core/entry/entry.ts'
import { fakeOrigin, redirect } from '../support/fake-origin.ts'

const A = 'https://origin.example/v1/a'
const B = 'https://origin.example/v1/b'

const YEAR = { 'Cache-Control': 'max-age=31536000' }

function answer(headers: Record<string, string> = {}): () => Response {
  return () => new Response('B', { headers })
}

describe('redirects', () => {
  test.each([
    ['/v1/b', 'https://origin.example/v1/b'],
    ['b', 'https://origin.example/v1/b'],
    ['../v1/b', 'https://origin.example/v1/b'],
    ['HTTPS://ORIGIN.example:443/v1/b', 'https://origin.example/v1/b'],
    ['/v1/', 'https://origin.example/v1/'],
    ['.', 'https://origin.example/v1/'],
    ['?page=../2', 'https://origin.example/v1/a?page=../2'],
    ['/v1//b', 'https://origin.example/v1//b'],
    ['/v1/caf%E9', 'https://origin.example/v1/caf%E9'],
    ['/v1/50%', 'https://origin.example/v1/50%'],
  ])('the redirect to %s, below the base URL, is followed', async (location, url) => {
    const origin = fakeOrigin({ [A]: redirect(location, 308), [url]: () => new Response('B') })

    expect(await origin.load('a')).toMatchObject({ value: new TextEncoder().encode('B') })
    expect(origin.requests.map((request) => request.url)).toEqual([A, url])
  })

  test.each([
    'https://evil.example/',
    '/v1/.%E9./b',
    '//evil.example/',
    'http://origin.example/v1/a',
    'https://origin.example:8443/',
    'https://user@origin.example/',
    'http://169.254.169.254/latest/meta-data',
    'file:///etc/passwd',
    'blob:https://origin.example/v1/b',
    'data:text/plain,b',
    // Elsewhere on the same origin: another tenant, for one.
    '/',
    '/v2/b',
    '/v1',
    '/v1-other/b',
    '/V1/b',
    '/%761/b',
    '/v1?b',
    '../b',
    '/v1/../b',
    '/v1/%2e%2e/b',
    '/v1/.%2E/b',
    '..\\b',
    '/v1/..%2fb',
    '/v1/..%5Cb',
    '/v1/%252e%252e/b',
    '/v1/%25252e./b',
    '/v1/..;/b',
    '/v1/b/..;x=1/c',
    '/v1/..%3Bx/b',
    '\\v2\\b',
    '/v\t2/b',
  ])('a redirect to %s is not followed', async (location) => {
    const origin = fakeOrigin({ 'https://origin.example/v1/a': redirect(location) })

    await expect(origin.load('a')).rejects.toThrow('redirected to elsewhere')
    expect(origin.requests).toHaveLength(1)
  })

  test('a redirect loop ends after five redirects', async () => {
    const origin = fakeOrigin({ 'https://origin.example/v1/a': redirect('/v1/a') })

    await expect(origin.load('a')).rejects.toThrow('more than 5 times')
    expect(origin.requests).toHaveLength(6)
  })

  test.each<[string, () => Response, Record<string, string>, number | undefined]>([
    ['for good, without a word', redirect(B, 308), { 'Cache-Control': 'max-age=600' }, 600_000],
    ['for now, without a word', redirect(B, 302), { 'Cache-Control': 'max-age=600' }, 60_000],
    ['for now, to a shorter life', redirect(B, 307), { 'Cache-Control': 'max-age=5' }, 5_000],
    ['for now, to no word either', redirect(B, 303), {}, 60_000],
    [
      'never to be stored',
      redirect(B, 301, { 'Cache-Control': 'no-store' }),
      { 'Cache-Control': 'max-age=600' },
      0,
    ],
    [
      'for ten seconds',
      redirect(B, 302, { 'Cache-Control': 'max-age=10' }),
      { 'Cache-Control': 'max-age=600' },
      10_000,
    ],
    ['for good, to no word either', redirect(B, 301), {}, 60_000],
    ['for longer than the value', redirect(B, 301, YEAR), {}, 60_000],
    ['already stale', redirect(B, 302, { ...YEAR, Age: '31536003' }), YEAR, -3_000],
  ])(
    '%s: the value lives no longer than any response on the way',
    async (_, first, headers, ttlMs) => {
      const loaded = await fakeOrigin({ [A]: first, [B]: answer(headers) }).load('a')

      expect('ttlMs' in loaded ? loaded.ttlMs : undefined).toBe(ttlMs)
    },
  )

  test.each<[string, Record<string, string>, Record<string, string>, object]>([
    ['the group says both', {}, {}, { staleWhileRevalidateMs: 5_000, staleIfErrorMs: 6_000 }],
    [
      'the value was never fresh',
      {},
      { 'Cache-Control': 'max-age=0' },
      { ttlMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 },
    ],
    [
      'the redirect was never fresh',
      { 'Cache-Control': 'max-age=0' },
      { 'Cache-Control': 'max-age=60' },
      { ttlMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 },
    ],
    [
      'one says less than the group',
      { 'Cache-Control': 'stale-if-error=1' },
      { 'Cache-Control': 'stale-while-revalidate=600' },
      { staleWhileRevalidateMs: 5_000, staleIfErrorMs: 1_000 },
    ],
  ])('leave a value the shortest stale windows on the way: %s', async (_, first, second, life) => {
    const origin = fakeOrigin({ [A]: redirect(B, 302, first), [B]: answer(second) })

    expect(await origin.load('a')).toMatchObject(life)
  })

  test.each([
    [{}, {}, 0, 0],
    [{}, {}, 30_000, 30_000],
    [{ 'Cache-Control': 'max-age=5' }, {}, 30_000, 5_000],
    [{ 'Cache-Control': 'max-age=600' }, {}, 0, 0],
    [{}, { 'Cache-Control': 'max-age=600' }, 30_000, 30_000],
    [{ 'Cache-Control': 'max-age=600' }, { 'Cache-Control': 'max-age=300' }, 0, 300_000],
  ])(
    'to "not found" are remembered no longer than that (%j, %j, negativeTtl %i)',
    async (first, second, negativeTtlMs, ttlMs) => {
      const answers = {
        [A]: redirect(B, 302, first as Record<string, string>),
        [B]: () => new Response('', { status: 404, headers: second as Record<string, string> }),
      }

      expect(await fakeOrigin(answers, { negativeTtlMs }).load('a')).toEqual({
        kind: 'not-found',
        ttlMs,
      })
    },
  )

  test('leave a value without validators: they are those of another URL', async () => {
    const headers = { ETag: '"1"', 'Last-Modified': 'Tue, 01 Sep 2026 09:00:00 GMT' }

    const loaded = await fakeOrigin({ [A]: redirect(B), [B]: answer(headers) }).load('a')

    expect(loaded).not.toHaveProperty('originEtag')
    expect(loaded).not.toHaveProperty('lastModified')
  })

  test('get no conditions, and a 304 after one renews nothing', async () => {
    const origin = fakeOrigin({ [A]: redirect(B), [B]: () => new Response(null, { status: 304 }) })

    await expect(origin.load('a', { originEtag: '"1"' } as ValueEntry)).rejects.toThrow('304')
    expect(origin.requests.map(({ init }) => init.headers)).toEqual([
      { 'X-Key': 'secret', 'If-None-Match': '"1"' },
      { 'X-Key': 'secret' },
      { 'X-Key': 'secret' },
      { 'X-Key': 'secret' },
    ])
  })
})

describe('304', () => {
  const notModified =
    (headers = {}) =>
    () =>
      new Response(null, { status: 304, headers })

  test('to a request without conditions renews nothing, stale value or not', async () => {
    const origin = fakeOrigin({ [A]: notModified() })

    await expect(origin.load('a', { contentType: 'text/plain' } as ValueEntry)).rejects.toThrow(
      '304',
    )
    expect(origin.requests[0]?.init.headers).toEqual({ 'X-Key': 'secret' })
  })

  test.each([
    ['"1"', true],
    ['W/"1"', true],
    ['"2"', false],
  ])('with the entity tag %s, for a value held under "1", renews it: %s', async (etag, renews) => {
    const origin = fakeOrigin({ [A]: notModified({ ETag: etag }) })
    const load = origin.load('a', { originEtag: '"1"' } as ValueEntry)

    if (renews) expect(await load).toEqual({ kind: 'not-modified', originEtag: etag })
    else await expect(load).rejects.toThrow('304')
  })

  test('about another response than the one held has the value asked for once more, unconditionally', async () => {
    let asked = 0
    const origin = fakeOrigin({
      [A]: () => (++asked === 1 ? notModified({ ETag: '"2"' })() : answer({ ETag: '"2"' })()),
    })

    const loaded = await origin.load('a', { originEtag: '"1"' } as ValueEntry)

    expect(loaded).toMatchObject({ kind: 'value', originEtag: '"2"' })
    expect(origin.requests.map(({ init }) => init.headers)).toEqual([
      { 'X-Key': 'secret', 'If-None-Match': '"1"' },
      { 'X-Key': 'secret' },
    ])
  })

  test('brings new tags, and keeps the old where it says nothing of them', async () => {
    const held = { originEtag: '"1"' } as ValueEntry

    expect(await fakeOrigin({ [A]: notModified({ 'Cache-Tag': 'new' }) }).load('a', held)).toEqual({
      kind: 'not-modified',
      tags: ['new'],
    })
    expect(await fakeOrigin({ [A]: notModified() }).load('a', held)).toEqual({
      kind: 'not-modified',
    })
  })
})

describe('Cache-Tag', () => {
  const tagged = (tags: string, status = 200) => {
    const body = status === 200 ? 'B' : null
    return () => new Response(body, { status, headers: { 'Cache-Tag': tags } })
  }
  const C = 'https://origin.example/v1/c'

  test.each([200, 404, 410])(
    'of each redirect tags what it led to, of status %i',
    async (status) => {
      const origin = fakeOrigin({
        [A]: redirect(B, 302, { 'Cache-Tag': 'first, shared' }),
        [B]: redirect(C, 301, { 'Cache-Tag': 'second' }),
        [C]: tagged('shared,own', status),
      })

      expect(await origin.load('a')).toMatchObject({ tags: ['first', 'shared', 'second', 'own'] })
    },
  )

  test('tags "not found", and a value that is too large', async () => {
    const large = { 'Cache-Tag': 'own', 'Content-Length': String(64 * 1024 * 1024) }
    const origin = fakeOrigin({ [A]: tagged('own', 404), [B]: answer(large) })

    expect(await origin.load('a')).toEqual({ kind: 'not-found', tags: ['own'] })
    expect(await origin.load('b')).toEqual({ kind: 'too-large', tags: ['own'] })
  })

  test('that is not valid keeps "not found", and a value too large, from being remembered', async () => {
    const large = { 'Cache-Tag': 'a b', 'Content-Length': String(64 * 1024 * 1024) }
    const origin = fakeOrigin({ [A]: tagged('a b', 404), [B]: answer(large) })

    expect(await origin.load('a')).toEqual({ kind: 'not-found', ttlMs: 0 })
    expect(await origin.load('b')).toEqual({ kind: 'too-large', ttlMs: 0 })
    // Once a minute, however many keys are of that kind.
    expect(origin.warnings).toHaveLength(1)
  })

  test.each([
    ['a redirect', 'a b', 'own'],
    ['the value', 'first', 'a b'],
    ['all together, of which there are too many', 'first', manyTags()],
  ])(
    'that is not valid, of %s, keeps what is there from being stored',
    async (_, first, second) => {
      const origin = fakeOrigin({
        [A]: redirect(B, 302, { 'Cache-Tag': first }),
        [B]: answer({ 'Cache-Tag': second, 'Cache-Control': 'max-age=60' }),
      })

      expect(await origin.load('a')).toMatchObject({
        ttlMs: 0,
        staleWhileRevalidateMs: 0,
        staleIfErrorMs: 0,
        tags: [],
      })
    },
  )

  test('that is not valid keeps the value from being stored, and is warned of', async () => {
    const origin = fakeOrigin({
      [A]: answer({ 'Cache-Tag': 'a b', 'Cache-Control': 'max-age=60' }),
    })

    expect(await origin.load('a')).toMatchObject({
      ttlMs: 0,
      staleWhileRevalidateMs: 0,
      staleIfErrorMs: 0,
      tags: [],
    })
    expect(origin.warnings).toHaveLength(1)
  })
})

/** As many tags as one entry may have. */
function manyTags(): string {
  return Array.from({ length: 1_000 }, (_, i) => `tag-${i}`).join(',')
}
