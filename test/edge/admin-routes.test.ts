import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import { purge, purgeValue, setValue } from '../../src/edge/admin-routes.ts'
import { createEdge, type EdgeGroup } from '../../src/edge/edge.ts'
import { workersPlatform } from '../../src/platform/workers.ts'
import { groups } from '../support/workers/groups.ts'

const DELETE = new Request('https://host/cache/scores/Tom', { method: 'DELETE' })

const MAX_VALUE_BYTES = 10
const NODES = Array.from({ length: 16 }, (_, i) => `node-${i}`)

/** An edge in front of the real nodes, or of nodes that cannot serve, that sends small values only. */
function edgeWith(nodes: DurableObjectNamespace = env.CACHE_NODE) {
  const scores = { ...groups.scores, maxValueBytes: MAX_VALUE_BYTES, hotTtl: 0 }
  const config = readConfig({}, { ...groups, scores })
  return createEdge(config, { ...env, CACHE_NODE: nodes as typeof env.CACHE_NODE }, workersPlatform)
}

function scoresOf(edge: ReturnType<typeof edgeWith>): EdgeGroup {
  return edge.groups.get('scores') as EdgeGroup
}

function pathOf(key: string) {
  return { groupName: 'scores', keyPath: key, query: '' }
}

function put(key: string, body: BodyInit, headers: Record<string, string>, edge = edgeWith()) {
  const request = new Request('https://host/', { method: 'PUT', body, headers })
  return setValue(request, pathOf(key), scoresOf(edge), edge)
}

function postPurge(body: unknown, edge = edgeWith()) {
  const request = new Request('https://host/', { method: 'POST', body: JSON.stringify(body) })
  return purge(request, edge)
}

describe('a value that is set', () => {
  test('may have exactly maxValueBytes', async () => {
    expect((await put('full', 'x'.repeat(MAX_VALUE_BYTES), {})).status).toBe(204)
    expect((await put('fuller', 'x'.repeat(MAX_VALUE_BYTES + 1), {})).status).toBe(413)
  })

  test('is refused where the node has no room for it, though it is no larger than values may be', async () => {
    const edge = edgeWith()
    const group = edge.groups.get('echo') as EdgeGroup
    const body = new Uint8Array(group.config.options.maxValueBytes)
    const request = new Request('https://host/', { method: 'PUT', body })

    const response = await setValue(request, { ...pathOf('Tom'), groupName: 'echo' }, group, edge)

    expect(group.config.maxBytes).toBe(body.byteLength)
    expect(response.status).toBe(413)
  })

  test('with a max-age of 0 is gone at once, as it was to be, and takes the old one along', async () => {
    const { group } = scoresOf(edgeWith())
    await put('Tom', 'old', {})

    const response = await put('Tom', 'new', { 'Cache-Control': 'max-age=0' })

    expect(response.status).toBe(204)
    expect(await group.get('Tom')).toMatchObject({ path: [{ fwd: 'miss' }, { cache: 'edge' }] })
  })

  test('that says nothing of its type is bytes', async () => {
    const { group } = scoresOf(edgeWith())

    await put('untyped', new Uint8Array([1, 2]), {})

    expect(await group.get('untyped')).toMatchObject({
      entry: { contentType: 'application/octet-stream', ttlMs: 60_000, tags: [] },
    })
  })

  test('has the life that its headers say, and nothing of what they say to other caches', async () => {
    const { group } = scoresOf(edgeWith())

    await put('lived', 'x', {
      'Content-Type': 'x'.repeat(255),
      'Cache-Tag': 'a, b',
      'Cache-Control':
        'no-store, s-maxage=9, max-age=5, stale-while-revalidate=6, stale-if-error=7',
    })

    expect(await group.get('lived')).toMatchObject({
      entry: {
        contentType: 'x'.repeat(255),
        tags: ['a', 'b'],
        ttlMs: 5_000,
        staleWhileRevalidateMs: 6_000,
        staleIfErrorMs: 7_000,
      },
    })
  })
})

describe('nodes that cannot be reached', () => {
  test('make a set fail, and say that it may be tried again', async () => {
    const response = await put('Tom', 'x', {}, edgeWith(env.BROKEN_NODE))

    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(await response.json()).toMatchObject({ code: 'overloaded' })
  })

  test('make a purge fail, and are named', async () => {
    const edge = edgeWith(env.BROKEN_NODE)
    const failed = { ok: false, nodes: 0, entries: 0 }

    const ofAll = await postPurge({ group: 'scores', all: true }, edge)
    const ofOne = await purgeValue(DELETE, pathOf('Tom'), scoresOf(edge))

    expect(ofAll.status).toBe(502)
    expect(await ofAll.json()).toEqual({ ...failed, failed: NODES.toSorted() })
    expect(ofOne.status).toBe(502)
    expect(await ofOne.json()).toMatchObject(failed)
  })
})

describe('a purge', () => {
  const WINDOW = { 'Cache-Control': 'stale-while-revalidate=60', 'Cache-Tag': 'players' }

  test.each([{ tags: ['players'] }, { all: true }, { keys: ['soft'] }])(
    'of %j is soft only when it says so',
    async (what) => {
      const { group } = scoresOf(edgeWith())
      await put('soft', 'x', WINDOW)

      await postPurge({ group: 'scores', ...what, soft: true })
      const stale = await group.get('soft')
      await put('soft', 'x', WINDOW)
      await postPurge({ group: 'scores', ...what })
      const gone = await group.get('soft')

      expect(stale).toMatchObject({ kind: 'value', path: [{ fwd: 'stale' }, {}] })
      expect(gone).toMatchObject({ kind: 'not-found', path: [{ fwd: 'miss' }, {}] })
    },
  )

  test('of a key by its path is not soft', async () => {
    const edge = edgeWith()
    await put('hard', 'x', WINDOW)

    const response = await purgeValue(DELETE, pathOf('hard'), scoresOf(edge))

    expect(await response.json()).toMatchObject({ ok: true, entries: 1 })
    expect((await scoresOf(edge).group.get('hard')).kind).toBe('not-found')
  })

  test.each([{}, { tags: ['a'], all: true }, { keys: [], tags: [] }])(
    'of %j is refused: it names no one thing',
    async (what) => {
      expect((await postPurge({ group: 'scores', ...what })).status).toBe(400)
    },
  )
})
