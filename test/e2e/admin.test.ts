import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'

const TOKEN = 'correct-horse'
const AUTHORIZED = { Authorization: `Bearer ${TOKEN}` }

let origin: HttpOriginServer
let worker: WorkerServer

beforeAll(async () => {
  origin = await startHttpOrigin()
  origin.answer = (request, response) => {
    response.setHeader('Cache-Tag', 'pages, all')
    response.end(`${origin.countOf(request.url ?? '')} of ${request.url}`)
  }
  const GROUPS = {
    pages: { origin: origin.url, hotTtl: '0s', maxValueBytes: '1KiB' },
    lasting: { origin: origin.url, hotTtl: '0s', staleWhileRevalidate: '1h' },
  }
  worker = await startWorker({ vars: { GROUPS, ADMIN_TOKEN: TOKEN } })
})

afterAll(async () => {
  await worker.close()
  await origin.close()
})

function put(path: string, body: BodyInit, headers: Record<string, string> = {}) {
  return worker.get(path, { method: 'PUT', body, headers: { ...AUTHORIZED, ...headers } })
}

function postPurge(body: unknown) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return worker.get('/admin/purge', { method: 'POST', body: text, headers: AUTHORIZED })
}

async function textOf(path: string): Promise<string> {
  return (await worker.get(path)).text()
}

describe('the bearer token', () => {
  test.each([
    ['PUT', '/cache/pages/a', {}],
    ['DELETE', '/cache/pages/a', { Authorization: 'Bearer wrong' }],
    ['DELETE', '/cache/nowhere/a', { Authorization: `Basic ${TOKEN}` }],
    ['POST', '/admin/purge', { Authorization: `Bearer ${TOKEN}x` }],
    ['POST', '/admin/purge', { Authorization: 'Bearer ' }],
  ])('is asked for: %s %s with %j is 401', async (method, path, headers) => {
    const response = await worker.get(path, { method, headers: headers as Record<string, string> })

    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
    expect(await response.json()).toMatchObject({ code: 'unauthorized' })
  })
})

describe('PUT', () => {
  test('sets a value with its type and life, which GET answers', async () => {
    const headers = { 'Content-Type': 'text/x-score', 'Cache-Control': 'max-age=30' }

    const response = await put('/cache/pages/set', 'a value', headers)
    const got = await worker.get('/cache/pages/set')

    expect(response.status).toBe(204)
    expect(await got.text()).toBe('a value')
    expect(got.headers.get('content-type')).toBe('text/x-score')
    expect(got.headers.get('cache-status')).toMatch(/^node-\d+; hit; ttl=(29|30), edge; fwd=miss$/)
    expect(origin.countOf('/set')).toBe(0)
  })

  test('replaces what was loaded', async () => {
    expect(await textOf('/cache/pages/replaced')).toBe('1 of /replaced')

    await put('/cache/pages/replaced', 'set')

    expect(await textOf('/cache/pages/replaced')).toBe('set')
  })

  test('gives the value tags, by which it is purged', async () => {
    await put('/cache/pages/tagged', 'set', { 'Cache-Tag': 'one, two' })

    const response = await postPurge({ group: 'pages', tags: ['two'] })

    expect(await response.json()).toEqual({ ok: true, nodes: 16, entries: 1, failed: [] })
    expect(await textOf('/cache/pages/tagged')).toBe('1 of /tagged')
  })

  test('of exactly maxValueBytes is stored', async () => {
    const body = 'x'.repeat(1024)

    expect((await put('/cache/pages/full', body)).status).toBe(204)
    expect(await textOf('/cache/pages/full')).toBe(body)
  })

  test.each([
    ['with a length', 'x'.repeat(1025)],
    ['without one', new Blob(['x'.repeat(600), 'x'.repeat(600)]).stream()],
  ])('of more than maxValueBytes, %s, is 413, and the old value stays', async (_, body) => {
    await put('/cache/pages/large', 'small')

    const response = await worker.get('/cache/pages/large', {
      method: 'PUT',
      body,
      headers: AUTHORIZED,
      duplex: 'half',
    } as RequestInit)

    expect(response.status).toBe(413)
    expect(await response.json()).toMatchObject({ code: 'value-too-large' })
    expect(await textOf('/cache/pages/large')).toBe('small')
  })

  test.each([
    ['/cache/nowhere/a', {}, 404, 'no-such-group'],
    ['/cache/pages/', {}, 400, 'bad-key'],
    ['/cache/pages/%00', {}, 400, 'bad-key'],
    ['/cache/pages/a', { 'Cache-Tag': 'x'.repeat(1_025) }, 400, 'bad-request'],
    ['/cache/pages/a', { 'Cache-Control': 'max-age=5m' }, 400, 'bad-request'],
    ['/cache/pages/a', { 'Content-Encoding': 'gzip' }, 400, 'bad-request'],
    ['/cache/pages/a', { 'Content-Range': 'bytes 2-3/10' }, 400, 'bad-request'],
    ['/cache/pages/a', { 'If-Match': '"nope"' }, 412, 'precondition-failed'],
    ['/cache/pages/a', { 'If-None-Match': '*' }, 412, 'precondition-failed'],
    ['/cache/pages/a', { 'Content-Type': 'x'.repeat(256) }, 400, 'bad-request'],
  ])('%s with %j is %i %s', async (path, headers, status, code) => {
    const response = await put(path, 'x', headers as Record<string, string>)

    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ code })
  })
})

describe('DELETE', () => {
  test('purges one key, at its owner and the guests', async () => {
    expect(await textOf('/cache/pages/deleted?q=1')).toBe('1 of /deleted?q=1')

    const response = await worker.get('/cache/pages/deleted?q=1', {
      method: 'DELETE',
      headers: AUTHORIZED,
    })

    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toEqual({ ok: true, nodes: 3, entries: 1, failed: [] })
    expect(await textOf('/cache/pages/deleted?q=1')).toBe('2 of /deleted?q=1')
  })
})

describe('POST /admin/purge', () => {
  test('purges keys, in their canonical spelling', async () => {
    await Promise.all(['/cache/pages/k%2f1', '/cache/pages/k2', '/cache/pages/k3'].map(textOf))

    const response = await postPurge({ group: 'pages', keys: ['k%2f1', 'k2'] })

    expect(await response.json()).toMatchObject({ ok: true, entries: 2 })
    expect(await textOf('/cache/pages/k%2F1')).toBe('2 of /k%2F1')
    expect(await textOf('/cache/pages/k3')).toBe('1 of /k3')
  })

  test("purges by a tag of the origin's, and everything", async () => {
    await textOf('/cache/lasting/t1')
    expect(await (await postPurge({ group: 'lasting', tags: ['all'] })).json()).toMatchObject({
      entries: 1,
    })
    expect(await textOf('/cache/lasting/t1')).toBe('2 of /t1')

    expect(await (await postPurge({ group: 'lasting', all: true })).json()).toEqual({
      ok: true,
      nodes: 16,
      entries: 1,
      failed: [],
    })
    expect(await textOf('/cache/lasting/t1')).toBe('3 of /t1')
  })

  test('softly leaves a stale value, and one refresh', async () => {
    await textOf('/cache/lasting/soft')

    await postPurge({ group: 'lasting', keys: ['soft'], soft: true })
    const stale = await worker.get('/cache/lasting/soft')

    expect(await stale.text()).toBe('1 of /soft')
    expect(stale.headers.get('cache-status')).toMatch(
      /^node-\d+; fwd=stale; ttl=-\d+, edge; fwd=miss$/,
    )
    expect(stale.headers.get('cache-control')).toBe('public, no-cache')
  })

  test.each([
    ['no JSON', '{', 'The body is not JSON.'],
    ['no object', '[]', 'group: must be there'],
    ['no group', { all: true }, 'group: '],
    ['nothing to purge', { group: 'pages' }, 'exactly one of'],
    ['two things to purge', { group: 'pages', all: true, keys: ['a'] }, 'exactly one of'],
    ['all: false', { group: 'pages', all: false }, 'all: true'],
    ['a key that is no text', { group: 'pages', keys: ['a', 5] }, 'keys.1: text'],
    ['a bad tag', { group: 'pages', tags: ['a,b'] }, 'tags.0: '],
    ['an unknown field', { group: 'pages', all: true, now: 1 }, 'now: no such field'],
  ])('with %s is 400, and names the field', async (_, body, detail) => {
    const response = await postPurge(body)

    expect(response.status).toBe(400)
    const problem = (await response.json()) as { code: string; detail: string }
    expect(problem.code).toBe('bad-request')
    expect(problem.detail).toContain(detail)
  })

  test.each([
    [{ group: 'nowhere', all: true }, 404, 'no-such-group'],
    [{ group: 'pages', keys: ['../x'] }, 400, 'bad-key'],
    ['x'.repeat(2 * 1024 * 1024 + 1), 413, 'body-too-large'],
  ])('answers what cannot be', async (body, status, code) => {
    const response = await postPurge(body)

    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ code })
  })

  test('allows POST only', async () => {
    const response = await worker.get('/admin/purge', { headers: AUTHORIZED })

    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST, OPTIONS')
  })
})

test('no token is needed to read', async () => {
  expect((await worker.get('/cache/pages/open')).status).toBe(200)
})
