/** The cache as another Worker has it: over a service binding, in the example and in calls of our own. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ManyResult, RingReport, StatsReport } from '../../src/core/group/api.ts'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { type SeveralWorkers, startWorkers } from '../support/several-workers.ts'

let origin: HttpOriginServer
let workers: SeveralWorkers

beforeAll(async () => {
  origin = await startHttpOrigin()
  const GROUPS = { pages: { origin: origin.url, hotTtl: '0s', timeout: '300ms' } }
  workers = await startWorkers([
    { name: 'scoreboard', configPath: 'examples/service-binding/wrangler.toml' },
    { name: 'caller', configPath: 'test/support/workers/caller/wrangler.toml' },
    {
      name: 'workers-groupcache',
      configPath: 'test/support/workers/wrangler.toml',
      vars: { GROUPS, NODES: 4 },
    },
  ])
})

afterAll(async () => {
  await workers.close()
  await origin.close()
})

beforeEach(() => {
  origin.answer = (request, response) => response.end(`${origin.countOf(request.url ?? '')}`)
})

interface Outcome<Result> {
  readonly result?: Result
  readonly error?: { readonly name: string; readonly message: string; readonly code?: string }
}

/** A call by a Worker that has the binding, with what JSON cannot say as "<bytes>" and the like. */
async function call<Result>(method: string, ...args: unknown[]): Promise<Outcome<Result>> {
  const body = JSON.stringify({ method, args })
  const response = await workers.get('caller', '/', { method: 'POST', body })
  return (await response.json()) as Outcome<Result>
}

async function pagesGets(): Promise<Record<string, number>> {
  const { result } = await call<StatsReport>('stats')
  const counts = result?.nodes.map(({ node, groups }) => [node, groups.pages?.gets ?? 0] as const)
  return Object.fromEntries(counts ?? [])
}

describe('the example', () => {
  const large = 'x'.repeat(8 * 1024 * 1024 + 1)
  const ask = (path: string, init?: RequestInit) => workers.get('scoreboard', path, init)

  test('shows one score, with its way', async () => {
    const response = await ask('/scores/Tom')

    expect(await response.json()).toEqual({
      name: 'Tom',
      score: '630',
      ageMs: expect.any(Number),
      status: expect.stringMatching(/^node-\d; fwd=miss; stored, edge; fwd=miss$/),
    })
  })

  test('shows several, and who has none', async () => {
    const response = await ask('/scores?name=Jack&name=nobody&name=Sam')

    expect(await response.json()).toEqual([
      expect.objectContaining({ name: 'Jack', score: '589' }),
      { name: 'nobody', score: null },
      expect.objectContaining({ name: 'Sam', score: '567' }),
    ])
    expect(await (await ask('/scores')).json()).toEqual([])
  })

  test('has none for a name that the loader does not know', async () => {
    const response = await ask('/scores/nobody')

    expect(response.status).toBe(404)
    expect(await response.json()).toEqual({ error: 'nobody has no score' })
  })

  test('sets a score, and purges it', async () => {
    const set = await ask('/scores/Tom', { method: 'PUT', body: '700' })
    const afterSet = await ask('/scores/Tom')
    const purged = await ask('/scores/Tom', { method: 'DELETE' })
    const afterPurge = await ask('/scores/Tom')

    expect(set.status).toBe(204)
    expect(await afterSet.json()).toMatchObject({ score: '700' })
    expect(await purged.json()).toEqual({ ok: true, nodes: 3, entries: 1, failed: [] })
    expect(await afterPurge.json()).toMatchObject({ score: '630' })
  })

  test.each([
    ['a bad key', '/scores/%00', {}, 400, 'bad-key'],
    ['a large value', '/scores/Tom', { method: 'PUT', body: large }, 413, 'value-too-large'],
  ])('answers a failure by its code: %s', async (_, path, init, status, code) => {
    const response = await ask(path, init)

    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({ error: code })
  })
})

test('get answers the value and what describes it', async () => {
  origin.answer = (_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/x-page', 'Cache-Control': 'max-age=60' })
    response.end('a page')
  }

  const { result } = await call('get', 'pages', 'described')

  expect(result).toEqual({
    value: 'a page',
    contentType: 'text/x-page',
    etag: expect.stringMatching(/^"[0-9a-f]{32}"$/),
    ageMs: expect.any(Number),
    expiresAtMs: expect.any(Number),
    status: expect.stringMatching(/^node-\d; fwd=miss; stored, edge; fwd=miss$/),
  })
})

test('get answers null for what is not found, and asks for it once', async () => {
  origin.answer = (_, response) => response.writeHead(404).end()

  expect(await call('get', 'pages', 'gone')).toEqual({ result: null })
  expect(origin.countOf('/gone')).toBe(1)
})

test.each([
  [500, 'load-failed'],
  [undefined, 'load-timeout'],
])('an origin that answers with %s is a thrown error with the code %s', async (status, code) => {
  origin.answer = (_, response) => {
    if (status !== undefined) response.writeHead(status).end('secret')
  }

  const { error } = await call('get', 'pages', code)

  expect(error).toMatchObject({ code })
  expect(error?.message).not.toContain('secret')
  expect(origin.countOf(`/${code}`)).toBe(1)
})

test('getMany asks the owner of each key for it once, and no other node', async () => {
  const keys = Array.from({ length: 40 }, (_, i) => `many-${i}`)
  const rings = await Promise.all(keys.map((key) => call<RingReport>('ring', 'pages', key)))
  const before = await pagesGets()

  const { result } = await call<ManyResult[]>('getMany', 'pages', [...keys, ...keys])

  const expected = { ...before }
  for (const { result: ring } of rings) {
    const { owner } = ring as { owner: string }
    expected[owner] = (expected[owner] as number) + 1
  }
  expect(result?.map(({ key, kind }) => [key, kind])).toEqual(
    [...keys, ...keys].map((key) => [key, 'value']),
  )
  expect(await pagesGets()).toEqual(expected)
})

test('set takes text or bytes, with a type, a life and tags; purge forgets by tag', async () => {
  const options = { contentType: 'text/x-set', ttlMs: 60_000, tags: ['mine'] }
  expect(await call('set', 'pages', 'text', 'some text', options)).toEqual({})
  expect(await call('set', 'pages', 'bytes', '<bytes>')).toEqual({})

  const text = await call('get', 'pages', 'text')
  const bytes = await call('get', 'pages', 'bytes')
  const purged = await call('purge', 'pages', { tags: ['mine'] })

  expect(text.result).toMatchObject({ value: 'some text', contentType: 'text/x-set' })
  expect(bytes.result).toMatchObject({
    value: 'some bytes',
    contentType: 'application/octet-stream',
  })
  expect(purged.result).toEqual({ ok: true, nodes: 4, entries: 1, failed: [] })
  expect((await call('get', 'pages', 'text')).result).toMatchObject({ value: '1' })
})

test('ring and stats answer what the administrator is told', async () => {
  const shares = await call<{ nodes: { name: string; share: number }[] }>('ring')
  const stats = await call<StatsReport>('stats')

  const names = ['node-0', 'node-1', 'node-2', 'node-3']
  expect(shares.result?.nodes.map(({ name }) => name)).toEqual(names)
  expect(stats.result?.nodes.map(({ node }) => node)).toEqual(names)
  expect(stats.result?.sum.scores?.gets).toBeGreaterThan(0)
})
