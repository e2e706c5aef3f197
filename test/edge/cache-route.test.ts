import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import { NotFoundError } from '../../src/core/errors.ts'
import { readValue } from '../../src/edge/cache-route.ts'
import { createEdge, type EdgeGroup } from '../../src/edge/edge.ts'
import { workersPlatform } from '../../src/platform/workers.ts'

/** What GET of a key answers at an edge whose nodes cannot serve: all that happens, happens there. */
function get(load: () => string) {
  const config = readConfig({}, { scores: { load, clientTtl: '5s' } })
  const edge = createEdge(config, { ...env, CACHE_NODE: env.BROKEN_NODE }, workersPlatform)
  const scores = edge.groups.get('scores') as EdgeGroup
  const path = { groupName: 'scores', keyPath: 'Tom', query: '' }
  return readValue(new Request('https://host/cache/scores/Tom'), path, scores, edge)
}

test.each([
  ['fails', new Error('down'), 502, 'load-failed'],
  ['does not know the key', new NotFoundError('no such player'), 404, 'not-found'],
])('an answer says which caches took part when the loader %s', async (_, error, status, code) => {
  const response = await get(() => {
    throw error
  })

  expect(response.status).toBe(status)
  expect(response.headers.get('cache-status')).toBe('edge; fwd=miss; detail=no-node')
  expect(response.headers.get('retry-after')).toBeNull()
  expect(await response.json()).toMatchObject({ code })
})

test("a client may keep a value for the group's clientTtl", async () => {
  const response = await get(() => '630')

  expect(response.headers.get('cache-control')).toBe('public, max-age=5')
})
