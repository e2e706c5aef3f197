/** The Worker at the top of the project: it builds, and the samples that the README shows do what it says. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildWorker } from '../support/build-worker.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'

const TOP = './wrangler.toml'
/** Not by name: it is written against the types of Workers, and this is a test in Node. */
const GROUPS = new URL('../../src/groups.ts', import.meta.url).href

test('the Worker has what wrangler.toml and service bindings name', () => {
  const [, exported = ''] =
    /export\s*\{([^}]*)\}\s*;?\s*(?:\/\/.*\s*)?$/.exec(buildWorker(TOP, 'index.js')) ?? []
  const names = exported.split(',').map((name) =>
    name
      .trim()
      .split(/\s+as\s+/)
      .at(-1),
  )

  expect(names).toEqual(expect.arrayContaining(['CacheNode', 'Groupcache', 'default']))
})

// The samples are the user's to delete, and their tests go with them. Other groups may need secrets to start.
const { groups } = (await import(GROUPS)) as { groups: object }
const hasScores = 'scores' in groups
const hasGithub = 'github' in groups

if (hasScores || hasGithub) {
  describe('a sample', () => {
    let worker: WorkerServer

    beforeAll(async () => {
      worker = await startWorker({ configPath: TOP })
    })

    afterAll(() => worker.close())

    if (hasScores) {
      test.each([
        ['Tom', '630'],
        ['Jack', '589'],
        ['Sam', '567'],
      ])('says that %s has a score of %s', async (key, score) => {
        const response = await worker.get(`/cache/scores/${key}`)

        expect(await response.text()).toBe(score)
        expect(response.headers.get('cache-status')).toMatch(
          /^node-\d+; fwd=miss; stored, edge; fwd=miss$/,
        )
      })

      test('says that nobody else has a score', async () => {
        const response = await worker.get('/cache/scores/nobody')

        expect(response.status).toBe(404)
        expect(await response.json()).toMatchObject({ code: 'not-found' })
      })
    }

    if (hasGithub) {
      test.each(['..%2F..', 'a%2Fb%2Fc', 'name', 'a%2F..', 'a%2Fb%3Fx'])(
        'says that the key %s is no repository, and does not ask GitHub for it',
        async (key) => {
          expect((await worker.get(`/cache/github/${key}`)).status).toBe(404)
        },
      )
    }
  })
}
