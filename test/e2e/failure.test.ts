import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Ring } from '../../src/core/ring/ring.ts'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'

const TOKEN = 'correct-horse'

let origin: HttpOriginServer
let worker: WorkerServer

const answerWithUrl: HttpOriginServer['answer'] = (request, response) => {
  response.end(`origin says ${request.url}`)
}
const hang: HttpOriginServer['answer'] = () => {}

beforeAll(async () => {
  origin = await startHttpOrigin()
  const group = { origin: origin.url, hotTtl: '0s', ttl: '1ms', expiryJitter: 0 }
  const GROUPS = {
    frail: { ...group, ttl: '60s' },
    robust: { ...group, staleIfError: '1h' },
    patient: { ...group, staleIfError: '1h', timeout: '300ms' },
    impatient: { ...group, timeout: '300ms' },
    busy: { ...group, maxLoads: 1, timeout: '2s' },
    expiring: { ...group, ttl: '1h' },
    hinted: { origin: origin.url, hotTtl: '0s', ttl: '1h' },
  }
  worker = await startWorker({ vars: { GROUPS, ADMIN_TOKEN: TOKEN } })
})

afterAll(async () => {
  await worker.close()
  await origin.close()
})

beforeEach(() => {
  origin.answer = answerWithUrl
})

/** What all nodes hold of a group, in bytes. */
async function bytesHeld(group: string): Promise<number> {
  const headers = { Authorization: `Bearer ${TOKEN}` }
  const response = await worker.get('/admin/stats', { headers })
  const { sum } = (await response.json()) as { sum: Record<string, { bytes: number }> }
  return sum[group]?.bytes ?? 0
}

describe('an origin that is gone', () => {
  let gone: HttpOriginServer
  let lonely: WorkerServer

  beforeAll(async () => {
    gone = await startHttpOrigin()
    const group = { origin: gone.url, hotTtl: '0s', ttl: '1ms', expiryJitter: 0 }
    lonely = await startWorker({
      vars: { GROUPS: { robust: { ...group, staleIfError: '1h' }, frail: group } },
    })
  })

  afterAll(() => lonely.close())

  test('is stood in for where staleIfError allows, and is 502 in problem details where not', async () => {
    await lonely.get('/cache/robust/page')
    await lonely.get('/cache/frail/page')
    await gone.close()

    const robust = await lonely.get('/cache/robust/page')
    const frail = await lonely.get('/cache/frail/page')

    expect(robust.status).toBe(200)
    expect(await robust.text()).toBe('origin says /page')
    expect(robust.headers.get('cache-status')).toMatch(
      /^node-\d+; fwd=stale; ttl=-\d+, edge; fwd=miss$/,
    )
    expect(frail.status).toBe(502)
    expect(frail.headers.get('content-type')).toBe('application/problem+json')
    expect(await frail.json()).toMatchObject({ code: 'load-failed', status: 502 })
  })
})

describe('an origin that refuses what it had answered', () => {
  test.each([400, 401, 403, 408, 425, 451, 501, 505])(
    'by %i is 502, and its old answer is not used again, whatever comes then',
    async (status) => {
      const path = `/cache/robust/refused-${status}`
      const before = origin.requests.length
      const answersBy = (code: number): HttpOriginServer['answer'] => {
        return (_, response) => response.writeHead(code).end()
      }
      expect((await worker.get(path)).status).toBe(200)

      origin.answer = answersBy(503)
      const stoodInFor = await worker.get(path)
      origin.answer = answersBy(status)
      // The pause after the refresh that failed.
      await expect.poll(async () => (await worker.get(path)).status, { timeout: 5_000 }).toBe(502)
      origin.answer = answersBy(503)
      const later = await worker.get(path)

      expect(stoodInFor.status).toBe(200)
      expect(later.status).toBe(502)
      expect(await later.json()).toMatchObject({ code: 'load-failed' })
      expect(origin.requests.length - before).toBe(4)
    },
  )
})

describe('an origin that hangs', () => {
  test('is 504 within the timeout, and its connection is closed', async () => {
    const closed = Promise.withResolvers<void>()
    origin.answer = (request) => request.socket.once('close', () => closed.resolve())
    const began = performance.now()

    const response = await worker.get('/cache/impatient/hang')

    expect(response.status).toBe(504)
    expect(await response.json()).toMatchObject({ code: 'load-timeout' })
    expect(performance.now() - began).toBeLessThan(300 + 1_000)
    await closed.promise
  })

  test('is stood in for where staleIfError allows, within the timeout', async () => {
    await worker.get('/cache/patient/hang')
    origin.answer = hang
    const began = performance.now()

    const response = await worker.get('/cache/patient/hang')

    expect(response.status).toBe(200)
    expect(await response.text()).toBe('origin says /hang')
    expect(performance.now() - began).toBeLessThan(300 + 1_000)
  })

  test('does not take more loads than allowed; what is too much is 503 with Retry-After', async () => {
    const latch = Promise.withResolvers<void>()
    const ring = new Ring(Array.from({ length: 16 }, (_, i) => `node-${i}`))
    const inFlight = new Map<string, number>()
    let mostPerNode = 0
    origin.answer = (request, response) => {
      const node = ring.pick(request.url?.slice(1) ?? '')
      const count = (by: number) => inFlight.set(node, (inFlight.get(node) ?? 0) + by)
      count(1)
      mostPerNode = Math.max(mostPerNode, inFlight.get(node) ?? 0)
      const answer = () => {
        count(-1)
        answerWithUrl(request, response)
      }
      // Long enough for a second load of the same node to arrive meanwhile.
      void latch.promise.then(() => setTimeout(answer, 20))
    }

    // Sixteen nodes with one load and ten waiting each have no place for the last of these.
    const requests = Array.from({ length: 400 }, (_, i) => worker.get(`/cache/busy/${i}`))
    const refused = await Promise.any(
      requests.map(async (request) => {
        const response = await request
        return response.status === 503 ? response : Promise.reject(new Error('answered'))
      }),
    )

    expect(refused.headers.get('retry-after')).toBe('1')
    expect(await refused.json()).toMatchObject({ code: 'overloaded' })
    const atOnce = inFlight.size
    latch.resolve()
    await Promise.all(requests)
    // Also while those that waited have their turns.
    expect(mostPerNode).toBe(1)
    expect(atOnce).toBeLessThanOrEqual(16)
  })
})

describe('an origin that misbehaves', () => {
  test.each<[string, HttpOriginServer['answer']]>([
    ['304 to an unconditional request', (_, response) => response.writeHead(304).end()],
    [
      'a body shorter than it said',
      (_, response) => {
        response.writeHead(200, { 'Content-Length': '100' })
        response.write('short')
        response.socket?.end()
      },
    ],
    [
      'a chunked body that breaks off',
      (_, response) => {
        response.write('part')
        setImmediate(() => response.destroy())
      },
    ],
    [
      'a redirect to itself',
      (request, response) => response.writeHead(302, { Location: request.url }).end(),
    ],
    [
      'a redirect elsewhere',
      (_, response) => response.writeHead(302, { Location: 'http://[::1]/' }).end(),
    ],
    ['no HTTP at all', (request) => request.socket.end('what?\r\n\r\n')],
    [
      'a coding that nobody knows',
      (_, response) => response.writeHead(200, { 'Content-Encoding': 'x' }).end('?'),
    ],
    [
      'broken gzip',
      (_, response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end('?'),
    ],
  ])('by %s is 502, and nothing of it is kept', async (name, answer) => {
    origin.answer = answer
    const key = encodeURIComponent(name)
    const held = await bytesHeld('frail')

    const broken = await worker.get(`/cache/frail/${key}`)
    const heldAfter = await bytesHeld('frail')
    const asked = origin.countOf(`/${key}`)
    origin.answer = answerWithUrl
    const healed = await worker.get(`/cache/frail/${key}`)
    const again = await worker.get(`/cache/frail/${key}`)

    expect(broken.status).toBe(502)
    expect(await broken.json()).toMatchObject({ code: 'load-failed' })
    expect(heldAfter).toBe(held)
    expect(healed.status).toBe(200)
    expect(healed.headers.get('cache-status')).toMatch(
      /^node-\d+; fwd=miss; stored, edge; fwd=miss$/,
    )
    for (const response of [healed, again]) {
      expect(await response.text()).toBe(`origin says /${key}`)
    }
    expect(origin.countOf(`/${key}`)).toBe(asked + 1)
  })

  test('by a body that stalls midway is 504 within the timeout', async () => {
    origin.answer = (_, response) => {
      response.writeHead(200, { 'Content-Length': '100' })
      response.write('half')
    }

    expect((await worker.get('/cache/impatient/stall')).status).toBe(504)
  })

  test('by a header longer than all values is asked once, and the header is not kept', async () => {
    origin.answer = (request, response) => {
      response.writeHead(200, { 'Content-Type': `text/${'x'.repeat(8_000)}` })
      response.end(request.url)
    }

    const response = await worker.get('/cache/frail/header')

    expect(response.headers.get('content-type')).toBe('application/octet-stream')
    expect(origin.countOf('/header')).toBe(1)
  })
})

describe("an origin's word on the life of its answers", () => {
  test('wins over the options of the group, and 304 renews what is held: its age and its life', async () => {
    let conditional: string | undefined
    origin.answer = (request, response) => {
      conditional = request.headers['if-none-match']
      response.setHeader('ETag', '"v1"')
      response.setHeader('Cache-Control', `s-maxage=${conditional === undefined ? 2 : 1_000}`)
      if (conditional === '"v1"') response.writeHead(304).end()
      else response.end('the body')
    }

    const first = await worker.get('/cache/hinted/a')
    const ages = new Set<string | null>()
    let renewed: Response
    for (;;) {
      renewed = await worker.get('/cache/hinted/a')
      expect(await renewed.text()).toBe('the body')
      if (renewed.headers.get('cache-status')?.includes('fwd=stale; stored')) break
      ages.add(renewed.headers.get('age'))
    }
    const after = await worker.get('/cache/hinted/a')

    expect(await first.text()).toBe('the body')
    expect(conditional).toBe('"v1"')
    // It had an age before, and has none any more.
    expect([...ages]).toContain('1')
    expect(renewed.headers.get('age')).toBe('0')
    expect(after.headers.get('age')).toMatch(/^[01]$/)
    // The 304's own life, less at most a twentieth by chance, and not what was left of the first.
    const [, ttl] =
      /^node-\d+; hit; ttl=(\d+), /.exec(after.headers.get('cache-status') ?? '') ?? []
    expect(Number(ttl)).toBeGreaterThanOrEqual(948)
    expect(Number(ttl)).toBeLessThanOrEqual(1_000)
    expect(origin.countOf('/a')).toBe(2)
  })

  test.each(['no-store', 'private', 'no-cache'])('%s is never stored', async (directive) => {
    origin.answer = (request, response) => {
      response.setHeader('Cache-Control', `${directive}, max-age=60`)
      response.end(request.url)
    }

    await worker.get(`/cache/hinted/${directive}`)
    const second = await worker.get(`/cache/hinted/${directive}`)

    expect(second.headers.get('cache-status')).toMatch(/^node-\d+; fwd=miss, edge; fwd=miss$/)
    expect(origin.countOf(`/${directive}`)).toBe(2)
  })

  test('a response that sets a cookie is never stored, and the cookie goes no further', async () => {
    origin.answer = (request, response) => {
      response.setHeader('Set-Cookie', 'session=1')
      response.end(request.url)
    }

    const first = await worker.get('/cache/hinted/cookie')
    await worker.get('/cache/hinted/cookie')

    expect(first.headers.get('set-cookie')).toBeNull()
    expect(origin.countOf('/cookie')).toBe(2)
  })
})

test('10,000 requests over 100 keys across an expiry cause at most 200 requests to the origin', async () => {
  // The machine decides how long 5,000 requests take; the origin lets its answers live for longer.
  let livesForSeconds = 3_600
  origin.answer = (request, response) => {
    response.setHeader('Cache-Control', `s-maxage=${livesForSeconds}`)
    response.end(request.url)
  }
  const began = performance.now()
  await requestAll(['/cache/expiring/warm-up'], 1_000)
  livesForSeconds = Math.ceil(((performance.now() - began) / 1_000) * 5 * 3) + 1
  const keys = Array.from({ length: 100 }, (_, i) => `/cache/expiring/${i}`)
  const before = origin.requests.length

  const first = await requestAll(keys, 5_000)
  // Loaded after all the others, so that when it has expired they have too.
  await worker.get('/cache/expiring/last')
  while (origin.countOf('/last') < 2) await worker.get('/cache/expiring/last')
  livesForSeconds = 3_600
  const second = await requestAll(keys, 5_000)

  expect(new Set([...first, ...second])).toEqual(new Set([200]))
  expect(origin.requests.length - before - origin.countOf('/last')).toBe(200)
}, 180_000)

/** Asks for the paths in turn, 64 at a time, and returns the statuses. */
async function requestAll(paths: readonly string[], times: number): Promise<number[]> {
  const statuses: number[] = []
  const client = async (_: unknown, number: number) => {
    for (let turn = number; turn < times; turn += 64) {
      const response = await worker.get(paths[turn % paths.length] as string)
      await response.arrayBuffer()
      statuses.push(response.status)
    }
  }
  await Promise.all(Array.from({ length: 64 }, client))
  return statuses
}

test('a client that goes away does not take the load with it', async () => {
  const arrived = Promise.withResolvers<void>()
  const latch = Promise.withResolvers<void>()
  origin.answer = (request, response) => {
    arrived.resolve()
    void latch.promise.then(() => answerWithUrl(request, response))
  }
  const leader = new AbortController()
  const leaving = worker.get('/cache/frail/left', { signal: leader.signal }).catch(() => 'gone')
  await arrived.promise
  const follower = worker.get('/cache/frail/left')

  leader.abort()
  expect(await leaving).toBe('gone')
  latch.resolve()

  expect(await (await follower).text()).toBe('origin says /left')
  expect(origin.countOf('/left')).toBe(1)
})
