import { describe, expect, test } from 'vitest'
import { createClient, GroupcacheError } from '../../src/client/client.ts'
import { fakeHttp, problemResponse } from '../support/fake-http.ts'

const TOKEN = 'correct-horse'
/** A good answer to one key. */
const NOT_FOUND = '{"keyForm":"text","entries":[{"status":404,"code":"not-found"}]}'

function clientOf(answer: () => Response | Promise<Response>) {
  return createClient({ baseUrl: 'https://cache.test', fetch: fakeHttp(answer).fetch })
}

async function failureOf(call: Promise<unknown>): Promise<GroupcacheError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(GroupcacheError)
  return error as GroupcacheError
}

describe('a call that fails', () => {
  test('has the code and the detail of the problem, and the status of the answer', async () => {
    const client = clientOf(() => problemResponse(401, 'unauthorized', 'Send the token.'))

    const calls = [client.get('g', 'k'), client.stats(), client.purge('g', { all: true })]

    for (const error of await Promise.all(calls.map(failureOf))) {
      expect(error).toMatchObject({ code: 'unauthorized', status: 401, message: 'Send the token.' })
    }
  })

  test('has the code network, the cause and no status when no answer came', async () => {
    const cause = new TypeError('fetch failed')
    const client = clientOf(() => Promise.reject(cause))

    const error = await failureOf(client.get('g', 'k'))

    expect(error).toMatchObject({ code: 'network', status: undefined })
    expect(error.cause).toBe(cause)
  })

  test.each([200, 503])('has the code network when an answer of %i breaks off', async (status) => {
    const type = status === 200 ? 'application/json' : 'application/problem+json'
    const broken = new ReadableStream({
      pull: (controller) => controller.error(new TypeError('terminated')),
    })
    const client = clientOf(
      () => new Response(broken, { status, headers: { 'Content-Type': type } }),
    )

    expect(await failureOf(client.stats())).toMatchObject({ code: 'network', status: undefined })
  })

  test.each([
    ['a page in its place', 200, 'text/html', '<h1>secret</h1>'],
    ['an error page', 404, 'text/html', '<h1>secret</h1>'],
    [
      'an error in JSON of another kind',
      500,
      'application/json',
      '{"code":"secret","detail":"secret"}',
    ],
    ['an answer that is an error too', 500, 'application/json', NOT_FOUND],
    ['an answer of another type', 200, 'text/plain', NOT_FOUND],
    ['a problem without a code', 500, 'application/problem+json', '{"detail":"secret"}'],
    ['a problem that is no JSON', 500, 'application/problem+json', 'secret'],
    ['JSON that is none', 200, 'application/json', '{secret'],
    ['null', 200, 'application/json', 'null'],
    ['no entries', 200, 'application/json', '{"keyForm":"text"}'],
    ['fewer entries', 200, 'application/json', '{"keyForm":"text","entries":[]}'],
    ['an entry that is none', 200, 'application/json', '{"keyForm":"text","entries":[null]}'],
    ['an entry too many', 200, 'application/json', NOT_FOUND.replace('[', '[null,')],
    ['no form of keys', 200, 'application/json', '{"entries":[{"code":"not-found"}]}'],
    ['a value without fields', 200, 'application/json', entry({ contentType: undefined })],
    ['a value that is no base64', 200, 'application/json', entry({ value: 'secret!' })],
    ['a failure without a code', 200, 'application/json', entry({ status: 502, detail: 'secret' })],
    ['a failure without words', 200, 'application/json', entry({ status: 502, code: 'secret' })],
  ])('has the code unexpected-answer for %s, and quotes nothing', async (_, status, type, body) => {
    const client = clientOf(() => new Response(body, { status, headers: { 'Content-Type': type } }))

    const error = await failureOf(client.get('g', 'k'))

    expect(error).toMatchObject({ code: 'unexpected-answer', status })
    expect(error.cause).toBeUndefined()
    expect(error.message).not.toContain('secret')
  })

  test('reads a media type in any case, with parameters', async () => {
    const headers = { 'Content-Type': 'Application/Problem+JSON; charset=utf-8' }
    const body = JSON.stringify({ code: 'overloaded', detail: 'Too much.' })
    const client = clientOf(() => new Response(body, { status: 503, headers }))

    expect(await failureOf(client.ring())).toMatchObject({ code: 'overloaded', status: 503 })
  })
})

function entry(changes: Record<string, unknown>): string {
  const value = { key: 'k', status: 200, contentType: 'a/b', etag: '"1"', value: '' }
  const times = { ageMs: 0, expiresAtMs: 0, cacheStatus: 'edge; hit' }
  return JSON.stringify({ keyForm: 'text', entries: [{ ...value, ...times, ...changes }] })
}

describe('the token', () => {
  test('goes with every request, when there is one', async () => {
    const http = fakeHttp(() => problemResponse(403, 'admin-disabled', 'It is off.'))
    const client = createClient({ baseUrl: 'http://cache.test', token: TOKEN, fetch: http.fetch })

    const calls = [client.get('g', 'k'), client.set('g', 'k', '1'), client.purge('g', { keys: [] })]
    await Promise.allSettled([...calls, client.ring(), client.stats()])

    expect(http.requests).toHaveLength(5)
    for (const { headers } of http.requests) {
      expect(headers.get('authorization')).toBe(`Bearer ${TOKEN}`)
    }
  })

  test('goes with none when there is none', async () => {
    const http = fakeHttp(() => problemResponse(401, 'unauthorized', 'Send the token.'))
    const client = createClient({ baseUrl: 'http://cache.test', fetch: http.fetch })

    await failureOf(client.stats())

    expect(http.requests[0]?.headers.has('authorization')).toBe(false)
  })

  test.each(['', 'two words', 'line\nbreak', 'ключ'])('%j is refused, and not quoted', (token) => {
    const create = () => createClient({ baseUrl: 'http://cache.test', token })

    expect(create).toThrow(TypeError)
    expect(create).toThrow(/^token must have printable ASCII characters/)
  })
})

describe('baseUrl', () => {
  test.each([
    ['http://cache.test', 'http://cache.test/admin/stats'],
    ['http://cache.test/', 'http://cache.test/admin/stats'],
    ['HTTPS://Cache.test:8443', 'https://cache.test:8443/admin/stats'],
    ['https://cache.test/a/b', 'https://cache.test/a/b/admin/stats'],
    ['https://cache.test/a/b/', 'https://cache.test/a/b/admin/stats'],
    [new URL('https://cache.test/a'), 'https://cache.test/a/admin/stats'],
  ])('%s puts the counters at %s', async (baseUrl, url) => {
    const http = fakeHttp(() => Response.json({ nodes: [], sum: {}, failed: [] }))

    await createClient({ baseUrl, fetch: http.fetch }).stats()

    expect(http.requests.map((request) => request.url)).toEqual([url])
  })

  test.each([
    '',
    '/cache',
    'cache.test',
    'ftp://cache.test',
    'file:///cache',
    'https://user:secret@cache.test',
    'https://cache.test/?q=secret',
    'https://cache.test/#secret',
  ])('%j is refused, and not quoted', (baseUrl) => {
    const create = () => createClient({ baseUrl })

    expect(create).toThrow(TypeError)
    expect(create).toThrow(
      'baseUrl must be an absolute http or https URL, without credentials, query and fragment.',
    )
  })
})
