/** Which failures of an origin make a node leave it alone, over real connections; one node, so one circuit. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'

/** As many as it takes for what counts. */
const ROW = 20

let origin: HttpOriginServer
let worker: WorkerServer

type Answer = HttpOriginServer['answer']

const PROVOKED: [string, Answer][] = [
  ['a status of 500', (_, response) => response.writeHead(500).end()],
  ['a status of 503 without Retry-After', (_, response) => response.writeHead(503).end()],
  [
    'a status of 500 with Retry-After',
    (_, response) => response.writeHead(500, { 'Retry-After': '60' }).end(),
  ],
  ['a status of 408', (_, response) => response.writeHead(408).end()],
  ['a time-out', () => {}],
  [
    'a body that breaks off',
    (_, response) => {
      response.writeHead(200, { 'Content-Length': '100' })
      response.write('short')
      response.socket?.end()
    },
  ],
  [
    'a body that cannot be decoded',
    (_, response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end('?'),
  ],
  [
    'a redirect to a blob: URL',
    (_, response) => response.writeHead(302, { Location: `blob:${origin.url}/x` }).end(),
  ],
  [
    'a redirect to where nothing listens',
    (_, response) => response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end(),
  ],
  [
    'a redirect to a 503 with Retry-After',
    (request, response) => {
      if (request.url?.endsWith('busy')) response.writeHead(503, { 'Retry-After': '60' }).end()
      else response.writeHead(302, { Location: '/busy' }).end()
    },
  ],
]

beforeAll(async () => {
  origin = await startHttpOrigin()
  const group = { origin: origin.url, hotTtl: '0s', timeout: '1s' }
  const GROUPS = {
    steady: { ...group, staleIfError: '1h' },
    ...Object.fromEntries(PROVOKED.map((_, i) => [`provoked-${i}`, group])),
    dated: group,
    limited: group,
  }
  worker = await startWorker({ vars: { NODES: 1, GROUPS } })
})

afterAll(async () => {
  await worker.close()
  await origin.close()
})

async function getEach(group: string, times: number): Promise<number[]> {
  const keys = Array.from({ length: times }, (_, i) => `bad?${i}`)
  const responses = keys.map((key) => worker.get(`/cache/${group}/${key}`))
  return (await Promise.all(responses)).map(({ status }) => status)
}

const answerWell: Answer = (_, response) => response.end('well')

describe('what a key can provoke never makes other keys fail', () => {
  test.each(PROVOKED.map(([name, answer], i) => [name, answer, `provoked-${i}`] as const))(
    '%s',
    async (_, answer, group) => {
      origin.answer = answer
      for (const status of await getEach(group, 2 * ROW + 5)) {
        expect(status).toBeGreaterThanOrEqual(500)
      }

      origin.answer = answerWell

      expect((await worker.get(`/cache/${group}/ok`)).status).toBe(200)
    },
  )
})

describe('Retry-After is obeyed', () => {
  test.each([
    ['limited', () => '2'],
    ['dated', () => new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 2_000).toUTCString()],
  ])('in the group "%s"', async (group, retryAfter) => {
    origin.answer = (_, response) => response.writeHead(429, { 'Retry-After': retryAfter() }).end()
    expect(await getEach(group, ROW)).toEqual(Array(ROW).fill(502))
    const asked = origin.requests.length
    const beganMs = Date.now()
    origin.answer = answerWell

    const statuses: number[] = []
    await expect
      .poll(
        async () => {
          statuses.push((await worker.get(`/cache/${group}/later?${statuses.length}`)).status)
          return statuses.at(-1)
        },
        { interval: 100, timeout: 10_000 },
      )
      .toBe(200)

    expect(Date.now() - beganMs).toBeGreaterThan(1_500)
    expect(new Set(statuses.slice(0, -1))).toEqual(new Set([502]))
    expect(origin.requests.length - asked).toBe(1)
  })
})

describe('an origin that is gone', () => {
  test('is left alone, which a stale value stands in for', async () => {
    const gone = await startHttpOrigin()
    const group = { origin: gone.url, hotTtl: '0s', ttl: '1ms', staleIfError: '1h' }
    const lonely = await startWorker({ vars: { NODES: 1, GROUPS: { gone: group } } })
    try {
      expect((await lonely.get('/cache/gone/held')).status).toBe(200)
      await gone.close()
      for (let i = 0; i < ROW; i++) await lonely.get(`/cache/gone/${i}`)

      const refused = await lonely.get('/cache/gone/other')

      expect(await refused.json()).toMatchObject({ detail: expect.stringContaining('left alone') })
      expect((await lonely.get('/cache/gone/held')).status).toBe(200)
    } finally {
      await lonely.close()
    }
  })
})
