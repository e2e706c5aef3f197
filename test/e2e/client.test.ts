/** The client in Node against the Worker as it is deployed. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient, type Groupcache } from '../../src/client/client.ts'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'

const TOKEN = 'correct-horse'

let origin: HttpOriginServer
let worker: WorkerServer
let client: Groupcache

beforeAll(async () => {
  origin = await startHttpOrigin()
  origin.answer = (request, response) => {
    const { url = '' } = request
    response.statusCode = url.includes('broken') ? 500 : url.includes('gone') ? 404 : 200
    response.setHeader('Content-Type', 'text/plain')
    response.end(`${origin.countOf(url)} of ${url}`)
  }
  const GROUPS = {
    pages: { origin: origin.url, hotTtl: '0s' },
    secrets: { origin: origin.url, access: 'private' },
  }
  worker = await startWorker({ vars: { GROUPS, ADMIN_TOKEN: TOKEN } })
  client = createClient({ baseUrl: worker.url, token: TOKEN })
})

afterAll(async () => {
  await worker.close()
  await origin.close()
})

async function textAt(group: string, key: string): Promise<string | null> {
  const got = await client.get(group, key)
  return got === null ? null : new TextDecoder().decode(got.value)
}

describe('reading', () => {
  test('get gives a value with its type, tag, times and path, as GET has them', async () => {
    const before = Date.now()

    const got = await client.get('scores', 'Tom')
    const response = await worker.get('/cache/scores/Tom')

    expect(new TextDecoder().decode(got?.value)).toBe('630')
    expect(got?.contentType).toBe(response.headers.get('content-type'))
    expect(got?.etag).toBe(response.headers.get('etag'))
    expect(got?.ageMs).toBeGreaterThanOrEqual(0)
    expect(got?.expiresAtMs).toBeGreaterThan(before)
    expect(got?.status).toMatch(/^node-\d+; fwd=miss; stored, edge; fwd=miss$/)
  })

  test('get is null for a key that does not exist, in groups of both kinds', async () => {
    expect(await client.get('scores', 'nobody')).toBeNull()
    expect(await client.get('pages', 'gone')).toBeNull()
  })

  test('get throws what a GET answers', async () => {
    await expect(client.get('pages', 'broken')).rejects.toMatchObject({
      code: 'load-failed',
      status: 502,
    })
    await expect(client.get('pages', '../x')).rejects.toMatchObject({
      code: 'bad-key',
      status: 400,
    })
    await expect(client.get('nowhere', 'x')).rejects.toMatchObject({
      code: 'no-such-group',
      status: 404,
    })
  })

  test('getMany keeps the order, and a key that fails fails alone', async () => {
    const results = await client.getMany('pages', ['b', 'broken-too', 'gone', 'a?q=1', 'b'])

    expect(results.map(({ key, kind }) => `${key} ${kind}`)).toEqual([
      'b value',
      'broken-too failed',
      'gone not-found',
      'a?q=1 value',
      'b value',
    ])
    expect(results[1]).toMatchObject({ code: 'load-failed', message: expect.any(String) })
    expect(origin.countOf('/b')).toBe(1)
  })

  test('getMany takes more keys than one request, each as long and as full of escapes as can be', async () => {
    const longest = Array.from({ length: 1000 }, (_, i) => `${i}`.padStart(1024, '"'))
    const keys = [...longest, 'Tom']

    const results = await client.getMany('scores', keys)

    expect(results.map(({ key }) => key)).toEqual(keys)
    expect(results.at(-1)).toMatchObject({ kind: 'value' })
    expect(results.filter(({ kind }) => kind === 'not-found')).toHaveLength(1000)
  })

  test('the token opens private groups', async () => {
    expect(await textAt('secrets', 'a')).toBe('1 of /a')

    await expect(createClient({ baseUrl: worker.url }).get('secrets', 'a')).rejects.toMatchObject({
      code: 'unauthorized',
      status: 401,
    })
  })
})

describe('setting and purging', () => {
  test.each(['a b/c,d', '100%25', 'ключ', 'q?x=1#y', '../x', '%2e%2e', 'a\\b'])(
    'a group in code: what is set for the key %s is got, and is gone when purged',
    async (key) => {
      await client.set('scores', key, `set for ${key}`, { ttlMs: 30_000 })
      expect(await textAt('scores', key)).toBe(`set for ${key}`)

      const report = await client.purge('scores', { keys: [key] })

      expect(report).toMatchObject({ ok: true, entries: 1, failed: [] })
      expect(await textAt('scores', key)).toBeNull()
    },
  )

  test('a group with an origin: the same for a path with escapes and a query', async () => {
    const key = 'dir/a%2Fb?x=1'
    expect(await textAt('pages', key)).toBe('1 of /dir/a%2Fb?x=1')

    await client.set('pages', key, 'set')
    expect(await textAt('pages', key)).toBe('set')
    expect(await client.purge('pages', { keys: [key] })).toMatchObject({ ok: true, entries: 1 })

    expect(await textAt('pages', key)).toBe('2 of /dir/a%2Fb?x=1')
  })

  test('bytes come back as they were, with their type and life', async () => {
    const bytes = Uint8Array.from({ length: 1024 * 1024 }, (_, i) => (i * 31) >> 3)

    await client.set('pages', 'bytes', bytes, { contentType: 'image/x-noise', ttlMs: 29_001 })
    const got = await client.get('pages', 'bytes')

    expect(Buffer.compare(got?.value as Uint8Array, bytes)).toBe(0)
    expect(got?.contentType).toBe('image/x-noise')
    expect(got?.status).toMatch(/^node-\d+; hit; ttl=(29|30), edge; fwd=miss$/)
  })

  test('tags are kept, and purged by', async () => {
    await client.set('pages', 't1', 'set', { tags: ['one', 'two'] })
    await client.set('pages', 't2', 'set', { tags: ['two'] })

    const report = await client.purge('pages', { tags: ['two'] })

    expect(report).toEqual({ ok: true, nodes: 16, entries: 2, failed: [] })
    expect(await textAt('pages', 't1')).toBe('1 of /t1')
  })

  test('without the token is refused', async () => {
    const stranger = createClient({ baseUrl: worker.url })

    for (const call of [
      () => stranger.set('scores', 'Tom', '1'),
      () => stranger.purge('scores', { all: true }),
      () => stranger.ring(),
      () => stranger.stats(),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'unauthorized', status: 401 })
    }
    expect(await textAt('scores', 'Tom')).toBe('630')
  })
})

describe('looking on', () => {
  test('ring names the node that owns a key, which is the one that answers for it', async () => {
    const ring = await client.ring('pages', 'ring?a=1&b=%20')
    const got = await client.get('pages', 'ring?a=1&b=%20')

    expect(ring).toMatchObject({ group: 'pages', key: 'ring?a=1&b=%20' })
    expect(got?.status).toContain(`${(ring as { owner: string }).owner}; fwd=miss`)
  })

  test('ring without a key has all nodes, whose shares make one', async () => {
    const { nodes } = (await client.ring()) as { nodes: { name: string; share: number }[] }

    expect(nodes).toHaveLength(16)
    expect(nodes.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1)
  })

  test('stats counts what was done, by node and in all', async () => {
    await client.get('pages', 'counted')

    const { nodes, sum, failed } = await client.stats()

    expect(failed).toEqual([])
    expect(nodes).toHaveLength(16)
    expect(sum.pages?.loads).toBeGreaterThan(0)
    const loads = nodes.map(({ groups }) => groups.pages?.loads ?? 0)
    expect(loads.reduce((a, b) => a + b)).toBe(sum.pages?.loads)
  })
})
