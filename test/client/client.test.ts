import { describe, expect, test } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { fakeHttp, jsonOf, type SentRequest } from '../support/fake-http.ts'

type Answer = (request: SentRequest) => Response | Promise<Response>

function clientOf(answer: Answer) {
  const http = fakeHttp(answer)
  const client = createClient({ baseUrl: 'https://cache.test', fetch: http.fetch })
  return { client, requests: http.requests }
}

function keysOf(request: SentRequest): string[] {
  return (jsonOf(request) as { keys: string[] }).keys
}

function valueEntry(key: string, value: Uint8Array = new TextEncoder().encode(`value of ${key}`)) {
  return {
    key,
    status: 200,
    contentType: 'text/plain; charset=utf-8',
    etag: '"1"',
    value: Buffer.from(value).toString('base64'),
    ageMs: 5,
    expiresAtMs: 60_000,
    cacheStatus: 'node-1; hit; ttl=60',
  }
}

function batch(entries: readonly unknown[], keyForm = 'text'): Response {
  return Response.json({ entries, keyForm })
}

const answerAll: Answer = (request) => batch(keysOf(request).map((key) => valueEntry(key)))

describe('get', () => {
  test('asks for one key in a batch, and gives the value as the wire has it', async () => {
    const { client, requests } = clientOf(answerAll)

    const got = await client.get('scores', 'a/b?ключ')

    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST https://cache.test/cache/scores',
    ])
    expect(requests[0]?.headers.get('content-type')).toBe('application/json')
    expect(keysOf(requests[0] as SentRequest)).toEqual(['a/b?ключ'])
    expect(got).toEqual({
      value: new TextEncoder().encode('value of a/b?ключ'),
      contentType: 'text/plain; charset=utf-8',
      etag: '"1"',
      ageMs: 5,
      expiresAtMs: 60_000,
      status: 'node-1; hit; ttl=60',
    })
  })

  test.each([
    ['no bytes', new Uint8Array()],
    ['every value of a byte', Uint8Array.from({ length: 256 }, (_, i) => i)],
    ['1 MiB', Uint8Array.from({ length: 1024 * 1024 }, (_, i) => (i * 31) >> 3)],
  ])('gives %s as they were', async (_, bytes) => {
    const { client } = clientOf(() => batch([valueEntry('k', bytes)]))

    const got = await client.get('scores', 'k')

    expect(Buffer.compare(got?.value as Uint8Array, bytes)).toBe(0)
  })

  test('is null for a key that does not exist', async () => {
    const { client } = clientOf(() => batch([{ key: 'k', status: 404, code: 'not-found' }]))

    expect(await client.get('scores', 'k')).toBeNull()
  })

  test("throws a key's failure with its code and status", async () => {
    const entry = { key: 'k', status: 504, code: 'load-timeout', detail: 'It took too long.' }
    const { client } = clientOf(() => batch([entry]))

    await expect(client.get('scores', 'k')).rejects.toMatchObject({
      name: 'GroupcacheError',
      code: 'load-timeout',
      status: 504,
      message: 'It took too long.',
    })
  })
})

describe('getMany', () => {
  test('asks for 2,500 keys in three requests, and keeps their order', async () => {
    const keys = Array.from({ length: 2500 }, (_, i) => `key ${i}`)
    const second = Promise.withResolvers<void>()
    const { client, requests } = clientOf(async (request) => {
      // The first piece is answered after the second.
      if (keysOf(request)[0] === 'key 0') await second.promise
      if (keysOf(request)[0] === 'key 1000') second.resolve()
      return answerAll(request)
    })

    const results = await client.getMany('scores', keys)

    expect(requests.map((request) => keysOf(request).length)).toEqual([1000, 1000, 500])
    expect(results.map(({ key }) => key)).toEqual(keys)
    expect(results.map((result) => result.kind === 'value' && textOfValue(result.value))).toEqual(
      keys.map((key) => `value of ${key}`),
    )
  })

  test('says of each key what became of it, under the name it was asked for', async () => {
    const { client } = clientOf(() =>
      batch([
        valueEntry('A%2F'),
        { key: 'b', status: 404, code: 'not-found' },
        { key: 'c', status: 502, code: 'load-failed', detail: 'The origin is down.' },
      ]),
    )

    const results = await client.getMany('pages', ['A%2f', 'b', 'c'])

    expect(results).toMatchObject([{ key: 'A%2f', kind: 'value' }, {}, {}])
    expect(results.slice(1)).toEqual([
      { key: 'b', kind: 'not-found' },
      { key: 'c', kind: 'failed', code: 'load-failed', message: 'The origin is down.' },
    ])
  })

  test('of no keys asks nothing', async () => {
    const { client, requests } = clientOf(answerAll)

    expect(await client.getMany('scores', [])).toEqual([])
    expect(requests).toHaveLength(0)
  })
})

function textOfValue(value: Uint8Array): string {
  return new TextDecoder().decode(value)
}
