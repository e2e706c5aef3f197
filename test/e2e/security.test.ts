import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Ring } from '../../src/core/ring/ring.ts'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'

const TOKEN = 'correct-horse'
const NODES = Array.from({ length: 16 }, (_, i) => `node-${i}`)

let origin: HttpOriginServer
let elsewhere: HttpOriginServer
let worker: WorkerServer

beforeAll(async () => {
  origin = await startHttpOrigin()
  elsewhere = await startHttpOrigin()
  const GROUPS = {
    pages: { origin: `${origin.url}/base`, hotTtl: '0s' },
    secret: { origin: `${origin.url}/secret`, access: 'private' },
  }
  worker = await startWorker({ vars: { GROUPS, ADMIN_TOKEN: TOKEN } })
})

afterAll(async () => {
  await worker.close()
  await origin.close()
  await elsewhere.close()
})

beforeEach(() => {
  origin.answer = (request, response) => response.end(`origin says ${request.url}`)
})

describe('path confusion', () => {
  test.each([
    '/cache/pages/..%2fadmin',
    '/cache/pages/%2e%2e%2fadmin',
    '/cache/pages/..%5cadmin',
    '/cache/pages/a/..;/admin',
    '/cache/pages/..;x/admin',
    '/cache/pages/%252e%252e%252fadmin',
    '/cache/pages/%C0%AE%C0%AE/admin',
    '/cache/pages/a%00.html',
    '/cache/pages/%2e',
    '/cache/pages/..%3f',
    '/cache/pages/../../admin/purge',
    '/cache/pages/..\\..\\admin\\purge',
    '/cache/../cache/../admin/stats',
    '/CACHE/pages/a',
    '/cache//pages/a',
    '/%2fcache/pages/a',
    '/admin%2fstats',
    '/cache/pages/a HTTP/1.1\r\nX-Injected: 1\r\n\r\nGET /cache/pages/smuggled',
  ])('%j reaches nothing outside its group', async (path) => {
    const before = origin.requests.length

    const response = await worker.raw(path)

    expect(response.status).not.toBe(500)
    for (const { url } of origin.requests.slice(before)) expect(url).toMatch(/^\/base\/[^.]/)
    expect(response.body).not.toContain('counters')
    expect(response.head).not.toMatch(/^x-injected/im)
  })
})

describe('a control character in an inner layer of escapes', () => {
  const administer = (method: string, body?: object) => ({
    method,
    headers: { Authorization: `Bearer ${TOKEN}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })

  test.each([
    '.%2509./admin',
    '.%25250a./admin',
    '%2509../admin',
    'a%2500',
    'a%25C2%2585',
    'a?x=%250d%250a',
  ])('makes %j no key, whichever way it comes', async (key) => {
    const before = origin.requests.length
    const path = `/cache/pages/${key}`
    const keys = [key]

    const answers = [
      await worker.get(path),
      await worker.get(path, { method: 'HEAD' }),
      await worker.get(path, { ...administer('PUT'), body: 'x' }),
      await worker.get(path, administer('DELETE')),
      await worker.get('/admin/purge', administer('POST', { group: 'pages', keys })),
      await worker.get(`/admin/ring?group=pages&key=${encodeURIComponent(key)}`, administer('GET')),
    ]
    const batch = await worker.get('/cache/pages', administer('POST', { keys }))

    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 400))
    expect(await (answers[0] as Response).json()).toMatchObject({ code: 'bad-key' })
    const { entries = [] } = (await batch.json()) as { entries?: { code?: string }[] }
    expect(entries.map(({ code }) => code)).toEqual(['bad-key'])
    expect(origin.requests.slice(before)).toEqual([])
  })
})

describe('an origin and its keys', () => {
  test.each([
    'http://elsewhere/',
    '//elsewhere/',
    '@elsewhere/',
    ':80@elsewhere/',
    'http:%2f%2felsewhere',
    'http://169.254.169.254/latest/meta-data/',
    '%68ttp://elsewhere/',
    '#@elsewhere/',
  ])('the key %j stays a path of the origin', async (template) => {
    const key = template.replace('elsewhere', new URL(elsewhere.url).host)

    const response = await worker.raw(`/cache/pages/${key}`)

    expect([200, 400]).toContain(response.status)
    expect(elsewhere.requests).toEqual([])
    if (response.status === 200) expect(origin.requests.at(-1)?.url).toMatch(/^\/base\//)
  })

  test.each([301, 302, 303, 307, 308])(
    'a redirect (%i) to another server is not followed',
    async (status) => {
      origin.answer = (_, response) => {
        response.writeHead(status, { Location: `${elsewhere.url}/stolen` }).end()
      }

      expect((await worker.get(`/cache/pages/redirect-${status}`)).status).toBe(502)
      expect(elsewhere.requests).toEqual([])
    },
  )
})

describe('what a client sends', () => {
  test('reaches neither the origin nor what other clients get', async () => {
    const evil = {
      'X-Forwarded-Host': 'evil.example',
      'X-Original-URL': '/admin',
      'X-HTTP-Method-Override': 'DELETE',
      'Accept-Language': 'xx',
      Origin: 'https://evil.example',
      Range: 'bytes=0-3',
      'If-None-Match': '"x"',
      Cookie: 'a=b',
    }
    origin.answer = (request, response) => response.end(JSON.stringify(request.headers))

    await worker.get('/cache/pages/poison', { headers: evil })
    const other = await (await worker.get('/cache/pages/poison')).text()

    expect(Object.keys(JSON.parse(other)).sort()).toEqual([
      'cache-control',
      'cf-worker',
      'host',
      'pragma',
    ])
    expect(other).not.toContain('evil')
  })

  test.each([
    ['a key', '/cache/scores/%0d%0aSet-Cookie:%20a=b', {}],
    ['a content type', '/cache/scores/Tom', { 'Content-Type': 'text/html\u0080' }],
    ['a tag', '/cache/scores/Tom', { 'Cache-Tag': 'a\u0080' }],
  ])('cannot put a header into an answer by %s', async (_, path, headers) => {
    const response = await worker.get(path, {
      method: 'PUT',
      body: 'x',
      headers: { ...headers, Authorization: `Bearer ${TOKEN}` } as Record<string, string>,
    })

    expect(response.status).toBe(400)
    expect(response.headers.get('set-cookie')).toBeNull()
  })

  test('shows up in no answer unescaped, and as no HTML', async () => {
    const markup = '<script>alert(1)</script>'
    for (const path of [
      `/${markup}`,
      `/cache/${markup}/x`,
      `/cache/scores/${markup}`,
      `/cache/pages/${markup}/..%2f`,
    ]) {
      const response = await worker.get(path)

      expect(response.headers.get('content-type')).toBe('application/problem+json')
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      expect(await response.text()).not.toContain('<script>')
    }
  })

  test('a body of 100 MB is answered 413 when 2 MiB of it have come', async () => {
    const socket = connect(Number(worker.url.port), worker.url.hostname)
    // The Worker closes the connection, which may fail what is still being sent.
    socket.on('error', () => {})
    const answer = new Promise<string>((resolve) => {
      socket.once('data', (data) => resolve(String(data)))
    })
    let isAnswered = false
    answer.then(() => {
      isAnswered = true
    })
    socket.write(
      `POST /cache/pages HTTP/1.1\r\nHost: ${worker.url.host}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    )
    const chunk = `${(64 * 1024).toString(16)}\r\n${'x'.repeat(64 * 1024)}\r\n`

    let chunks = 0
    for (; !isAnswered && chunks < 1_600; chunks++) {
      if (socket.write(chunk)) await new Promise((resolve) => setImmediate(resolve))
      else await Promise.race([once(socket, 'drain'), answer])
    }

    expect(await answer).toMatch(/^HTTP\/1\.1 413 /)
    // What the two ends of the socket hold comes on top of what is read.
    expect(chunks * 64 * 1024).toBeLessThan(64 * 1024 * 1024)
    socket.destroy()
    expect((await worker.get('/healthz')).status).toBe(200)
  })
})

describe('a token', () => {
  test.each([
    undefined,
    'Bearer',
    'Bearer ',
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Bearer ${TOKEN}${TOKEN}`,
    `Bearer ${TOKEN.toUpperCase()}`,
    `Basic ${btoa(`admin:${TOKEN}`)}`,
    `Token ${TOKEN}`,
    `Bearer ${'x'.repeat(8_000)}`,
    'Bearer undefined',
    'Bearer [object Object]',
  ])('is not %j: every administrative route and private group says 401', async (authorization) => {
    const headers = authorization === undefined ? {} : { Authorization: authorization }
    for (const [method, path] of [
      ['GET', '/admin/stats'],
      ['GET', '/admin/ring'],
      ['POST', '/admin/purge'],
      ['GET', '/admin/anything'],
      ['PUT', '/cache/pages/a'],
      ['DELETE', '/cache/pages/a'],
      ['GET', '/cache/secret/a'],
      ['HEAD', '/cache/secret/a'],
      ['POST', '/cache/secret'],
    ] as const) {
      const response = await worker.get(path, { method, headers })

      expect([path, response.status]).toEqual([path, 401])
      expect(response.headers.get('www-authenticate')).toBe('Bearer')
    }
  })

  test('opens a private group, whose answers nobody else may keep or read', async () => {
    const response = await worker.get('/cache/secret/a', {
      headers: { Authorization: `Bearer ${TOKEN}` },
    })

    expect(await response.text()).toBe('origin says /secret/a')
    expect(response.headers.get('cache-control')).toBe('private, no-store')
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    expect((await worker.get('/cache/secret/a')).status).toBe(401)
  })
})

describe('a flood', () => {
  async function bytesHeld(group: string): Promise<number> {
    const response = await worker.get('/admin/stats', {
      headers: { Authorization: `Bearer ${TOKEN}` },
    })
    const { nodes } = (await response.json()) as {
      nodes: { groups: Record<string, { bytes: number }> }[]
    }
    return Math.max(...nodes.map(({ groups }) => groups[group]?.bytes ?? 0))
  }

  function readMany(keys: readonly string[]): Promise<Response> {
    return worker.get('/cache/echo', { method: 'POST', body: JSON.stringify({ keys }) })
  }

  test('of 100,000 distinct keys leaves memory within its bound, and useful keys recover', async () => {
    for (let batch = 0; batch < 100; batch++) {
      const response = await readMany(Array.from({ length: 1_000 }, (_, i) => `junk-${batch}-${i}`))
      await response.arrayBuffer()
      expect(response.status).toBe(200)
    }

    expect(await bytesHeld('echo')).toBeLessThanOrEqual(256 * 1024)
    expect(await (await worker.get('/cache/echo/useful')).text()).toBe('useful')
    const again = await worker.get('/cache/echo/useful')
    expect(again.headers.get('cache-status')).toMatch(/hit/)
  }, 120_000)

  test('of keys that all land on one node fills that node to its bound, and spares the others', async () => {
    const ring = new Ring(NODES)
    const keys = Array.from({ length: 40_000 }, (_, i) => `one-${i}`)
      .filter((key) => ring.pick(key) === 'node-3')
      .slice(0, 1_000)
    await worker.get('/admin/purge', {
      method: 'POST',
      body: JSON.stringify({ group: 'echo', all: true }),
      headers: { Authorization: `Bearer ${TOKEN}` },
    })

    const response = await readMany(keys)
    const { entries } = (await response.json()) as { entries: { status: number }[] }

    expect(new Set(entries.map(({ status }) => status))).toEqual(new Set([200]))
    expect(await bytesHeld('echo')).toBeLessThanOrEqual(256 * 1024)
    expect((await worker.get('/cache/echo/elsewhere')).status).toBe(200)
  })
})
