import { describe, expect, test } from 'vitest'
import type { ValueEntry } from '../../src/core/entry.ts'
import { fakeOrigin, redirect } from '../support/fake-origin.ts'

const A = 'https://origin.example/v1/a'
const B = 'https://origin.example/v1/b'

function answer(headers: Record<string, string> = {}): () => Response {
  return () => new Response('B', { headers })
}

describe('redirects', () => {
  test('redirects within the origin are followed', async () => {
    const origin = fakeOrigin({
      'https://origin.example/v1/a': redirect('/v2/b', 308),
      'https://origin.example/v2/b': () => new Response('B'),
    })

    expect(await origin.load('a')).toMatchObject({ value: new TextEncoder().encode('B') })
  })

  test.each([
    'https://evil.example/',
    '//evil.example/',
    'http://origin.example/v1/a',
    'https://origin.example:8443/',
    'https://user@origin.example/',
    'http://169.254.169.254/latest/meta-data',
    'file:///etc/passwd',
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
    ['for good, to no word either', redirect(B, 301), {}, undefined],
  ])(
    '%s: the value lives no longer than any response on the way',
    async (_, first, headers, ttlMs) => {
      const loaded = await fakeOrigin({ [A]: first, [B]: answer(headers) }).load('a')

      expect('ttlMs' in loaded ? loaded.ttlMs : undefined).toBe(ttlMs)
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

    if (renews) expect(await load).toEqual({ kind: 'not-modified' })
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
