import { describe, expect, test } from 'vitest'
import { problemResponse, type SentRequest, textOf } from '../support/fake-http.ts'
import { answerSet, clientOf } from './setting-client.ts'

describe('the request that sets a value', () => {
  test('carries text as UTF-8, and as text', async () => {
    const { client, puts } = clientOf()

    await client.set('scores', 'Tom', 'größer')

    const [put] = puts()
    expect(textOf(put as SentRequest)).toBe('größer')
    expect(put?.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(put?.headers.has('cache-control')).toBe(false)
    expect(put?.headers.has('cache-tag')).toBe(false)
  })

  test('carries bytes as they were when set was called', async () => {
    const { client, puts } = clientOf()
    const bytes = Uint8Array.of(0, 128, 255).subarray(1)

    const done = client.set('scores', 'Tom', bytes)
    bytes.fill(7)
    await done

    const [put] = puts()
    expect(put?.body).toEqual(Uint8Array.of(128, 255))
    expect(put?.headers.get('content-type')).toBe('application/octet-stream')
  })

  test.each([
    [0, 'max-age=0'],
    [1, 'max-age=1'],
    [1000, 'max-age=1'],
    [1001, 'max-age=2'],
  ])('rounds a life of %i ms up to %s', async (ttlMs, header) => {
    const { client, puts } = clientOf()

    await client.set('scores', 'Tom', '1', { ttlMs, tags: ['a', 'b'], contentType: 'text/x-score' })

    expect(puts()[0]?.headers.get('cache-control')).toBe(header)
    expect(puts()[0]?.headers.get('cache-tag')).toBe('a,b')
    expect(puts()[0]?.headers.get('content-type')).toBe('text/x-score')
  })

  test.each([
    [{ ttlMs: -1 }],
    [{ ttlMs: Number.NaN }],
    [{ ttlMs: Number.POSITIVE_INFINITY }],
    [{ tags: ['a,b'] }],
    [{ tags: [''] }],
    [{ contentType: 'text/plain\nX-Other: 1' }],
  ])('is not sent with %j, which its headers could not say', async (options) => {
    const { client, puts } = clientOf()

    await expect(client.set('scores', 'Tom', '1', options)).rejects.toMatchObject({
      code: 'bad-request',
    })
    expect(puts()).toHaveLength(0)
  })

  test('fails for any answer but 204', async () => {
    const refusing = clientOf((request) =>
      request.method === 'PUT'
        ? problemResponse(413, 'value-too-large', 'It is too large.')
        : answerSet(request),
    )
    const captive = clientOf((request) =>
      request.method === 'PUT' ? new Response('Welcome!') : answerSet(request),
    )

    await expect(refusing.client.set('scores', 'Tom', '1')).rejects.toMatchObject({
      code: 'value-too-large',
      status: 413,
    })
    await expect(captive.client.set('scores', 'Tom', '1')).rejects.toMatchObject({
      code: 'unexpected-answer',
      status: 200,
    })
  })
})
