/** The example of a Worker with routes of its own, which has the cache mounted. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'

const TOKEN = 'correct-horse'

let worker: WorkerServer

beforeAll(async () => {
  worker = await startWorker({
    configPath: 'examples/own-worker/wrangler.toml',
    vars: { ADMIN_TOKEN: TOKEN },
  })
})

afterAll(() => worker.close())

async function textOf(path: string): Promise<string> {
  return (await worker.get(path)).text()
}

test('its own route reads through the cache, which the routes of the cache share', async () => {
  const hello = await worker.get('/hello/Tom')
  const cached = await worker.get('/cache/greetings/Tom')

  expect(await hello.text()).toBe('Hello, Tom!')
  expect(await cached.text()).toBe('Hello, Tom!')
  expect(cached.headers.get('cache-status')).toMatch(/^(node-\d+; hit; ttl=\d+, )?edge; (hit|fwd)/)
  expect(cached.headers.get('cache-status')).not.toContain('stored')
})

test('its own route answers what has been set, and what the loader says once it is purged', async () => {
  const headers = { Authorization: `Bearer ${TOKEN}` }

  await worker.get('/cache/greetings/Ann', { method: 'PUT', body: 'Good morning!', headers })
  const set = await textOf('/hello/Ann')
  const purge = JSON.stringify({ group: 'greetings', keys: ['Ann'] })
  await worker.get('/admin/purge', { method: 'POST', body: purge, headers })

  expect(set).toBe('Good morning!')
  expect(await textOf('/hello/Ann')).toBe('Hello, Ann!')
})

test.each([
  ['a digit', '5'],
  ['with a slash', 'a%2Fb'],
  ['with a control character', '%00'],
  ['longer than a key may be', 'x'.repeat(1025)],
])('a name is none: %s', async (_, name) => {
  const response = await worker.get(`/hello/${name}`)

  expect(response.status).toBe(404)
  expect(await response.text()).toBe('That is no name.')
})

test('a name is decoded once, whichever route it comes by', async () => {
  expect(await textOf('/hello/J%C3%B6rg')).toBe('Hello, Jörg!')
  expect(await textOf('/cache/greetings/J%C3%B6rg')).toBe('Hello, Jörg!')
})

test('a key reaches the cache as it was sent', async () => {
  const { status, body } = await worker.raw('/cache/greetings/%252F')
  const bad = await worker.raw('/cache/greetings/%C3')

  expect([status, JSON.parse(body).code]).toEqual([404, 'not-found'])
  expect([bad.status, JSON.parse(bad.body).code]).toEqual([400, 'bad-key'])
})

test('the days of dates may be kept by browsers for a day', async () => {
  const response = await worker.get('/cache/weekdays/2026-11-03')

  expect(await response.text()).toBe('Tuesday')
  expect(response.headers.get('cache-control')).toMatch(/^public, max-age=\d{5}$/)
  expect((await worker.get('/cache/weekdays/2026-13-03')).status).toBe(404)
})

test.each([
  ['/cache/scores/Tom', 404, 'no-such-group'],
  ['/admin/stats', 401, 'unauthorized'],
  ['/nothing', 404, 'no-such-route'],
])('what it has no route for is the cache to answer: %s is %i', async (path, status, code) => {
  const response = await worker.get(path)

  expect(response.status).toBe(status)
  expect(await response.json()).toMatchObject({ code })
})
