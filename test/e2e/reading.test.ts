import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Message, PROTOCOL_VERSION } from '../../src/core/peers/messages.ts'
import { Ring } from '../../src/core/ring/ring.ts'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'

let origin: HttpOriginServer
let worker: WorkerServer

beforeAll(async () => {
  origin = await startHttpOrigin()
  const GROUPS = {
    pages: { origin: `${origin.url}/v1` },
    briefly: { origin: origin.url, clientTtl: '30s', hotTtl: '0s' },
    impatient: { origin: origin.url, timeout: '50ms' },
    stampede: { origin: origin.url },
    hot: { origin: origin.url, hotTtl: '60s' },
  }
  worker = await startWorker({ vars: { GROUPS } })
})

afterAll(async () => {
  await worker.close()
  await origin.close()
})

const answerWithUrl: HttpOriginServer['answer'] = (request, response) => {
  response.setHeader('Content-Type', 'text/plain')
  response.end(`origin says ${request.url}`)
}

beforeEach(() => {
  origin.answer = answerWithUrl
})

describe('GET /cache/<group>/<key>', () => {
  test('answers a sample key with truthful headers', async () => {
    const cold = await worker.get('/cache/scores/Tom')

    expect(await cold.text()).toBe('630')
    expect(cold.status).toBe(200)
    expect(Object.fromEntries(cold.headers)).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-length': '3',
      etag: expect.stringMatching(/^"[0-9a-f]{32}"$/),
      age: '0',
      'cache-control': 'public, no-cache',
      'x-content-type-options': 'nosniff',
      'cache-status': expect.stringMatching(/^node-\d+; fwd=miss; stored, edge; fwd=miss$/),
    })
  })

  test('a hot copy is answered by the edge alone, and is the same in all but its way', async () => {
    const cold = await worker.get('/cache/hot/copy')
    const hot = await worker.get('/cache/hot/copy')

    expect(await hot.text()).toBe(await cold.text())
    expect(hot.headers.get('cache-status')).toMatch(/^edge; hit; ttl=\d+$/)
    expect(hot.headers.get('etag')).toBe(cold.headers.get('etag'))
  })

  test('passes on what describes a value, and says how old it is', async () => {
    origin.answer = (_, response) => {
      response.setHeader('Content-Language', 'uk')
      response.setHeader('Last-Modified', 'Tue, 01 Sep 2026 10:00:00 GMT')
      response.end()
    }
    await worker.get('/cache/pages/described')
    let response = await worker.get('/cache/pages/described')
    while (response.headers.get('age') === '0')
      response = await worker.get('/cache/pages/described')

    expect(response.headers.get('content-language')).toBe('uk')
    expect(response.headers.get('last-modified')).toBe('Tue, 01 Sep 2026 10:00:00 GMT')
    expect(response.headers.get('age')).toBe('1')
    expect(response.headers.get('content-length')).toBe('0')
  })

  test('HEAD is GET without the body', async () => {
    const head = await worker.get('/cache/scores/Jack', { method: 'HEAD' })

    expect(head.status).toBe(200)
    expect(head.headers.get('content-length')).toBe('3')
    expect(await head.text()).toBe('')
  })

  test('asks the HTTP origin of a group from wrangler.toml once, and keeps the answer', async () => {
    const first = await worker.get('/cache/pages/guide/start?lang=uk')
    const second = await worker.get('/cache/pages/guide/start?lang=uk')

    expect(await first.text()).toBe('origin says /v1/guide/start?lang=uk')
    expect(await second.text()).toBe('origin says /v1/guide/start?lang=uk')
    expect(first.headers.get('content-type')).toBe('text/plain')
    expect(origin.countOf('/v1/guide/start?lang=uk')).toBe(1)
  })

  test('sends the origin nothing of what the client sent', async () => {
    const headers = {
      Cookie: 'session=1',
      Authorization: 'Bearer x',
      'X-Forwarded-Host': 'evil.example',
    }
    await worker.get('/cache/pages/headers', { headers })

    const request = origin.requests.at(-1)
    expect(request?.url).toBe('/v1/headers')
    expect(Object.keys(request?.headers ?? {}).sort()).toEqual([
      'cache-control',
      'cf-worker',
      'host',
      'pragma',
    ])
  })

  test('an owner answers from memory where the edge keeps no copies', async () => {
    await worker.get('/cache/briefly/a')
    const hit = await worker.get('/cache/briefly/a')

    expect(hit.headers.get('cache-status')).toMatch(/^node-\d+; hit; ttl=\d+, edge; fwd=miss$/)
    expect(hit.headers.get('cache-control')).toBe('public, max-age=30')
    expect(origin.countOf('/a')).toBe(1)
  })

  test('1,000 concurrent requests for a cold key cause exactly one request to the origin', async () => {
    const latch = Promise.withResolvers<void>()
    origin.answer = (request, response) => {
      void latch.promise.then(() => answerWithUrl(request, response))
    }

    const requests = Array.from({ length: 1_000 }, () => worker.get('/cache/stampede/key'))
    const waiting = await callersWaitingFor('stampede', 1_000)
    latch.resolve()
    const responses = await Promise.all(requests)
    const bodies = await Promise.all(responses.map((response) => response.text()))

    expect(waiting).toMatchObject({ gets: 1_000, loads: 1, loadsCoalesced: 999 })
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(bodies)).toEqual(new Set(['origin says /key']))
    expect(origin.countOf('/key')).toBe(1)
  })
})

const NODES = Array.from({ length: 16 }, (_, i) => `node-${i}`)

/** What a node reports of itself, as far as the test below looks at it. */
interface NodeNamespace {
  getByName(name: string): {
    stats(message: Message): Promise<{ groups: Record<string, { gets: number }> }>
  }
}

/** The counters of the key's owner, once that many gets have reached it. */
async function callersWaitingFor(group: string, gets: number) {
  const { CACHE_NODE } = await worker.runtime.getBindings<{ CACHE_NODE: NodeNamespace }>()
  const owner = CACHE_NODE.getByName(new Ring(NODES).pick('key'))
  for (;;) {
    const report = (await owner.stats({ version: PROTOCOL_VERSION })).groups[group]
    if (report?.gets === gets) return report
  }
}

describe('keys over HTTP', () => {
  test.each([
    ['a%20b/c,d', '/v1/a%20b/c,d'],
    ['100%2525', '/v1/100%2525'],
    ['%d0%ba%d0%bb%d1%8e%d1%87', '/v1/%D0%BA%D0%BB%D1%8E%D1%87'],
    ['/evil.example/x', '/v1//evil.example/x'],
    ['a%2fb', '/v1/a%2Fb'],
  ])('%s reaches the origin as %s', async (path, url) => {
    const response = await worker.raw(`/cache/pages/${path}`)

    expect(response.status).toBe(200)
    expect(origin.requests.at(-1)?.url).toBe(url)
  })

  test.each([
    ['/cache/pages/..%2fadmin', 400, 'bad-key'],
    ['/cache/pages/%252e%252e/admin', 400, 'bad-key'],
    ['/cache/pages/..;/admin', 400, 'bad-key'],
    ['/cache/pages/%zz', 400, 'bad-key'],
    ['/cache/pages/%00', 400, 'bad-key'],
    ['/cache/pages/', 400, 'bad-key'],
    ['/cache/pages', 400, 'bad-key'],
    [`/cache/pages/${'x'.repeat(1025)}`, 400, 'bad-key'],
    ['/cache/scores/%C0%AE', 400, 'bad-key'],
    ['/cache/scores/', 400, 'bad-key'],
    ['/cache/nowhere/x', 404, 'no-such-group'],
    ['/cache/nowhere', 404, 'no-such-group'],
    ['/cache/constructor/x', 404, 'no-such-group'],
    ['/cache/scores/nobody', 404, 'not-found'],
    ['/cache/scores/..', 404, 'no-such-route'],
    ['/cache/scores/%2e%2e', 404, 'no-such-route'],
    ['/cache/', 404, 'no-such-route'],
    ['/dashboard', 404, 'no-such-route'],
    ['//cache/scores/Tom', 404, 'no-such-route'],
    ['/%63ache/scores/Tom', 404, 'no-such-route'],
    [`/cache/pages/${'/'.repeat(400)}%${'25'.repeat(300)}2e%2e`, 400, 'bad-key'],
    ['/cache/pages/a/../../../x', 404, 'no-such-route'],
  ])('%s is answered %i %s, and asks the origin nothing', async (path, status, code) => {
    const before = origin.requests.length

    const response = await worker.raw(path)

    expect(response.status).toBe(status)
    expect(JSON.parse(response.body)).toMatchObject({ status, code })
    expect(response.head).toMatch(/^content-type: application\/problem\+json\r?$/im)
    expect(response.head).toMatch(/^cache-control: no-store\r?$/im)
    expect(response.head).toMatch(/^x-content-type-options: nosniff\r?$/im)
    expect(origin.requests).toHaveLength(before)
  })
})

describe('failures over HTTP', () => {
  test('an origin that fails is 502, asked once per request, and its words stay inside', async () => {
    origin.answer = (_, response) => {
      response.statusCode = 500
      response.end('stack trace with a password')
    }

    const response = await worker.get('/cache/pages/broken')
    const body = await response.text()

    expect(response.status).toBe(502)
    expect(JSON.parse(body)).toMatchObject({ code: 'load-failed', status: 502 })
    expect(body).not.toContain('password')
    expect(origin.countOf('/v1/broken')).toBe(1)
  })

  test('an origin that hangs is 504 when the timeout has passed', async () => {
    origin.answer = () => {}

    const response = await worker.get('/cache/impatient/hang')

    expect(response.status).toBe(504)
    expect(await response.json()).toMatchObject({ code: 'load-timeout' })
    expect(origin.countOf('/hang')).toBe(1)
  })

  test.each([404, 410])(
    'an origin that answers %i is 404, and asked again the next time',
    async (status) => {
      origin.answer = (_, response) => {
        response.statusCode = status
        response.end()
      }

      for (let i = 0; i < 2; i++) {
        const response = await worker.get(`/cache/pages/gone-${status}`)
        expect(response.status).toBe(404)
        expect(await response.json()).toMatchObject({ code: 'not-found' })
      }
      expect(origin.countOf(`/v1/gone-${status}`)).toBe(2)
    },
  )

  test.each(['POST', 'PATCH', 'REPORT'])('%s is not allowed on a value', async (method) => {
    const response = await worker.get('/cache/scores/Tom', { method })

    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('GET, HEAD, PUT, DELETE, OPTIONS')
    expect(await response.json()).toMatchObject({ code: 'method-not-allowed' })
  })

  test.each([
    ['PUT', '/cache/scores/Tom'],
    ['DELETE', '/cache/scores/Tom'],
    ['POST', '/admin/purge'],
  ])('%s %s is 403 as long as no token is set', async (method, path) => {
    const headers = { Authorization: 'Bearer undefined' }
    const response = await worker.get(path, { method, headers })

    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ code: 'admin-disabled' })
  })
})

test('/healthz is open, and asks no node', async () => {
  const response = await worker.get('/healthz')

  expect(response.status).toBe(200)
  expect(await response.text()).toBe('ok')
})

test('/healthz allows nothing but reading', async () => {
  const response = await worker.get('/healthz', { method: 'POST' })

  expect(response.status).toBe(405)
  expect(response.headers.get('allow')).toBe('GET, HEAD')
})
