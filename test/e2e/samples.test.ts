/** The Worker at the top of the project, with the samples that the README shows. Goes when they go. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'

let worker: WorkerServer

beforeAll(async () => {
  worker = await startWorker({ configPath: './wrangler.toml' })
})

afterAll(() => worker.close())

test.each([
  ['Tom', '630'],
  ['Jack', '589'],
  ['Sam', '567'],
])('%s has a score of %s', async (key, score) => {
  const response = await worker.get(`/cache/scores/${key}`)

  expect(await response.text()).toBe(score)
  expect(response.headers.get('cache-status')).toMatch(
    /^node-\d+; fwd=miss; stored, edge; fwd=miss$/,
  )
})

test('nobody else has a score', async () => {
  const response = await worker.get('/cache/scores/nobody')

  expect(response.status).toBe(404)
  expect(await response.json()).toMatchObject({ code: 'not-found' })
})

test.each(['..%2F..', 'a%2Fb%2Fc', 'name', 'a%2F..', 'a%2Fb%3Fx'])(
  'the key %s is no repository, and GitHub is not asked for it',
  async (key) => {
    expect((await worker.get(`/cache/github/${key}`)).status).toBe(404)
  },
)
