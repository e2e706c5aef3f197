import { describe, expect, test } from 'vitest'
import type { ValueEntry } from '../../src/core/entry/entry.ts'
import { BadKeyError } from '../../src/core/errors.ts'
import { urlOf } from '../../src/loaders/http-origin.ts'
import { BASE, fakeOrigin } from '../support/fake-origin.ts'

describe('an HTTP origin', () => {
  test('200 is a value, with what describes it', async () => {
    const headers = {
      'Content-Type': 'text/html',
      'Content-Language': 'uk',
      'Last-Modified': 'Tue, 01 Sep 2026 09:00:00 GMT',
      ETag: 'W/"1"',
      'Cache-Control': 'max-age=30, stale-if-error=60',
      'Cache-Tag': 'news, front',
    }
    const origin = fakeOrigin({
      'https://origin.example/v1/a': () => new Response('A', { headers }),
    })

    expect(await origin.load('a')).toEqual({
      kind: 'value',
      value: new TextEncoder().encode('A'),
      contentType: 'text/html',
      contentLanguage: 'uk',
      lastModified: 'Tue, 01 Sep 2026 09:00:00 GMT',
      originEtag: 'W/"1"',
      ttlMs: 30_000,
      staleIfErrorMs: 60_000,
      policy: { lifetimeMs: 30_000, staleIfErrorMs: 60_000 },
      tags: ['news', 'front'],
    })
  })

  test('a stale entry is asked for with its validators, and 304 renews it', async () => {
    const origin = fakeOrigin({
      'https://origin.example/v1/a': () =>
        new Response(null, { status: 304, headers: { 'Cache-Control': 'max-age=7' } }),
    })
    const lastModified = 'Tue, 01 Sep 2026 09:00:00 GMT'
    const stale = { originEtag: '"1"', lastModified } as ValueEntry

    expect(await origin.load('a', stale)).toEqual({
      kind: 'not-modified',
      ttlMs: 7_000,
      policy: { lifetimeMs: 7_000 },
    })
    expect(origin.requests[0]?.init.headers).toEqual({
      'X-Key': 'secret',
      'If-None-Match': '"1"',
      'If-Modified-Since': lastModified,
    })
  })

  test('a 404 that says how long it holds is remembered for that long', async () => {
    const headers = { 'Cache-Control': 'max-age=5' }
    const origin = fakeOrigin({
      'https://origin.example/v1/a': () => new Response('', { status: 404, headers }),
    })

    expect(await origin.load('a')).toEqual({ kind: 'not-found', ttlMs: 5_000 })
  })

  test('is asked with the configured headers only, past any cache of the platform', async () => {
    const origin = fakeOrigin({ 'https://origin.example/v1/a?q=1': () => new Response('A') })

    await origin.load('a?q=1')

    expect(origin.requests).toHaveLength(1)
    expect(origin.requests[0]?.init).toMatchObject({
      headers: { 'X-Key': 'secret' },
      redirect: 'manual',
      cache: 'no-store',
    })
  })

  test.each([404, 410])('%i is "not found"', async (status) => {
    const origin = fakeOrigin({ 'https://origin.example/v1/a': () => new Response('', { status }) })

    expect(await origin.load('a')).toEqual({ kind: 'not-found' })
  })

  test.each([201, 204, 206, 304, 400, 403, 500, 503])('%i is a failure', async (status) => {
    const origin = fakeOrigin({
      'https://origin.example/v1/a': () => new Response(null, { status }),
    })

    await expect(origin.load('a')).rejects.toThrow(`status is ${status}`)
  })

  test('a header that is longer than any value deserves is not kept', async () => {
    const long = 'x'.repeat(256)
    const headers = {
      'Content-Type': long,
      'Content-Language': long,
      'Last-Modified': long,
      ETag: long,
    }
    const origin = fakeOrigin({
      'https://origin.example/v1/a': () => new Response('A', { headers }),
    })

    expect(await origin.load('a')).toEqual({
      kind: 'value',
      value: new TextEncoder().encode('A'),
      contentType: 'application/octet-stream',
      tags: [],
    })
  })

  test.each(['zstd', 'x-gzip'])(
    'the content coding %s is a failure, not a garbled value',
    async (coding) => {
      const headers = { 'Content-Encoding': coding }
      const origin = fakeOrigin({
        'https://origin.example/v1/a': () => new Response('?', { headers }),
      })

      await expect(origin.load('a')).rejects.toThrow('content coding')
    },
  )

  test('a body that breaks off is a failure', async () => {
    const broken = new ReadableStream({ start: (c) => c.error(new Error('connection lost')) })
    const origin = fakeOrigin({ 'https://origin.example/v1/a': () => new Response(broken) })

    await expect(origin.load('a')).rejects.toThrow('connection lost')
  })
})

describe('the fence around the base URL', () => {
  test.each([
    'a',
    'a//b',
    '/evil.example/x',
    'http://evil.example/',
    'a?q=../x',
    'a%2Fb',
    '@evil.example',
  ])('the key %j stays below it', (key) => {
    const url = urlOf(BASE, key)

    expect(url.origin).toBe('https://origin.example')
    expect(url.pathname.startsWith('/v1/')).toBe(true)
  })

  test.each(['../admin', '..', '%2e%2e/admin', 'a/../../admin', '..\\admin', 'a\tb', ' a', 'a b'])(
    'the key %j is refused even where nothing has checked it before',
    (key) => {
      expect(() => urlOf(BASE, key)).toThrow(BadKeyError)
    },
  )
})
