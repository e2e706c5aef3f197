/** The Worker as a whole, asked for anything: allowed answers only, and bad input loses nothing. */

import { env, withEnv } from 'cloudflare:workers'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { createWorker, type GroupcacheWorker } from '../../src/edge/worker.ts'
import { holds } from '../support/fuzz.ts'
import { groups } from '../support/workers/groups.ts'

const TOKEN = 'correct-horse'
const worker: GroupcacheWorker = withEnv({ ...env, ADMIN_TOKEN: TOKEN }, () =>
  createWorker({ groups }),
) as GroupcacheWorker

/** What was set before anything else, and must still be there after all that is refused. */
const KEPT = ['kept-1', 'kept-2']

async function ask(
  path: string,
  init: RequestInit = {},
  token = TOKEN,
): Promise<{ status: number; headers: Headers; text: string }> {
  const headers = new Headers(init.headers)
  headers.set('Authorization', `Bearer ${token}`)
  const response = await worker.fetch(new Request(`https://host${path}`, { ...init, headers }))
  // Not `text`, which warns of a content type that is none.
  const text = new TextDecoder().decode(await response.bytes())
  return { status: response.status, headers: response.headers, text }
}

async function expectKept(): Promise<void> {
  for (const key of KEPT) expect((await ask(`/cache/scores/${key}`)).text).toBe(`value of ${key}`)
}

function expectProblem({ status, headers, text }: Awaited<ReturnType<typeof ask>>): void {
  expect(headers.get('content-type')).toBe('application/problem+json')
  expect(headers.get('cache-control')).toBe('no-store')
  const { code, ...problem } = JSON.parse(text)
  expect(problem).toMatchObject({ status, type: `urn:workers-groupcache:${code}` })
  expect(code).toMatch(/^[a-z-]+$/)
}

beforeAll(async () => {
  for (const key of KEPT) {
    const init = {
      method: 'PUT',
      body: `value of ${key}`,
      headers: { 'Cache-Control': 'max-age=9999' },
    }
    expect((await ask(`/cache/scores/${key}`, init)).status).toBe(204)
  }
})

const piece = fc.oneof(
  fc.constantFrom(
    'a',
    '/',
    '//',
    '.',
    '..',
    '%2e%2e',
    '%2f',
    '\\',
    '%5c',
    '%',
    '%zz',
    '%00',
    '?',
    '#',
  ),
  fc.constantFrom(
    'cache',
    'echo',
    'admin',
    '%C3%BC',
    '%C0%AE',
    '%FF',
    'ü',
    '😀',
    '@',
    ':',
    'http://',
  ),
  fc.string({ unit: 'binary', maxLength: 3 }),
)
const anyPath = fc.oneof(
  { weight: 9, arbitrary: fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('a', '%C3%BC'), fc.integer({ min: 510, max: 1_026 }))
      .map(([unit, times]) => unit.repeat(times)),
  },
)

test('any path is a value that was asked for, or a problem with 400 or 404', async () => {
  const prefix = fc.constantFrom('/cache/echo/', '/cache/echo/', '/cache/', '/')
  const property = fc.asyncProperty(prefix, anyPath, async (start, rest) => {
    const asked = await ask(start + rest)

    // As the runtime's URL gives it, which is all that a Worker sees.
    const { pathname } = new URL(`https://host${start}${rest}`)
    expect([200, 400, 404]).toContain(asked.status)
    if (asked.status !== 200) expectProblem(asked)
    else if (pathname.startsWith('/cache/echo/')) {
      expect(asked.text).toBe(decodeURIComponent(pathname.slice('/cache/echo/'.length)))
    }
  })
  await holds(property, { seed: 211, numRuns: 400 })
  await expectKept()
})

const byte = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code))
const headerValue = fc.oneof(
  fc.string({ unit: byte }),
  fc.string({ unit: fc.constantFrom('max-age', '=', '5', ',', '"', 'no-store', ' ', '-', 'a') }),
)
const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PURGE')

test('who has not got the token changes nothing, whatever method, path and headers', async () => {
  const path = fc.constantFrom(
    '/cache/scores/kept-1',
    '/cache/scores',
    '/cache//kept-1',
    '/admin/purge',
    '/admin/x',
    '/admin/stats?group=scores',
    '/metrics',
  )
  const headers = fc.dictionary(
    fc.constantFrom('Authorization', 'Accept', 'Origin', 'X-HTTP-Method-Override', 'Cookie'),
    headerValue,
  )
  const property = fc.asyncProperty(method, path, headers, async (name, to, sent) => {
    const init = { method: name, headers: sent }
    const response = await worker.fetch(new Request(`https://host${to}`, init))

    const { status } = response
    expect([200, 204, 400, 401, 404, 405]).toContain(status)
    const opens = ['GET', 'HEAD', 'OPTIONS', 'POST'].includes(name) && to.startsWith('/cache/')
    if (status < 300) expect(opens || name === 'OPTIONS').toBe(true)
    if (status === 401) expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/)
    await response.body?.cancel()
  })
  await holds(property, { seed: 212, numRuns: 300 })
  await expectKept()
})

const names = fc.constantFrom('__proto__', 'constructor', 'toString', 'keys', 'tags', 'all', 'soft')
/** A purge, but for one thing; or anything. None of them purges what is kept. */
const badPurge = fc.oneof(
  fc.json(),
  fc.dictionary(names, fc.jsonValue()).map((table) => JSON.stringify(table)),
  fc
    .tuple(
      fc.dictionary(names, fc.jsonValue(), { minKeys: 1 }),
      fc.constantFrom('scores', 'nowhere'),
    )
    .filter(([{ all, soft }]) => all !== true || (soft !== undefined && typeof soft !== 'boolean'))
    .map(([table, group]) => JSON.stringify({ ...table, group })),
  fc.constantFrom(
    '{"group":"scores","all":true,"tags":["x"]}',
    '{"group":"scores","all":true,"soft":"yes"}',
    '{"group":"scores","all":1}',
    '{"group":"scores","keys":["kept-1",""]}',
    '{"group":"scores","keys":["kept-1",5]}',
    '{"group":"scores","keys":["kept-1"],"more":1}',
    '{"group":"__proto__","all":true}',
    `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
    `{"group":"scores","keys":["kept-1","${'x'.repeat(1_025)}"]}`,
  ),
)
const bytes = fc.uint8Array({ maxLength: 50 })

test('a purge that is not well said is a problem, and purges nothing', async () => {
  const body = fc.oneof({ weight: 4, arbitrary: badPurge }, { weight: 1, arbitrary: bytes })
  const property = fc.asyncProperty(body, async (sent) => {
    const asked = await ask('/admin/purge', { method: 'POST', body: sent })

    expect([200, 400, 404]).toContain(asked.status)
    if (asked.status !== 200) expectProblem(asked)
    await expectKept()
  })
  await holds(property, { seed: 213, numRuns: 200 })
})

test('a batch is answered key by key, or is a problem', async () => {
  const keys = fc.array(
    fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('Tom', '__proto__')),
  )
  const well = keys.map((list) => JSON.stringify({ keys: list }))
  const body = fc.oneof(
    well,
    fc.json(),
    bytes,
    fc.constant(`{"keys":[${'"a",'.repeat(1_000)}"a"]}`),
  )
  const property = fc.asyncProperty(body, async (sent) => {
    const asked = await ask('/cache/scores', { method: 'POST', body: sent })

    expect([200, 400]).toContain(asked.status)
    if (asked.status === 400) return expectProblem(asked)
    const text = typeof sent === 'string' ? sent : new TextDecoder().decode(sent)
    const { keys: list } = JSON.parse(text)
    expect(list.length).toBeLessThanOrEqual(1_000)
    const { entries } = JSON.parse(asked.text)
    expect(entries.map(({ key }: { key: string }) => key)).toEqual(list)
    for (const { status } of entries) expect([200, 400, 404]).toContain(status)
  })
  await holds(property, { seed: 214, numRuns: 150 })
  await expectKept()
})

test('a value that is set is kept as it was sent, or the older one stays', async () => {
  const headers = fc.dictionary(
    fc.constantFrom('Cache-Control', 'Content-Type', 'Cache-Tag', 'If-Match', 'Content-Encoding'),
    headerValue,
    { maxKeys: 3 },
  )
  const property = fc.asyncProperty(headers, fc.string(), async (sent, value) => {
    const older = (await ask('/cache/scores/set')).text
    const init = { method: 'PUT', headers: sent, body: `set ${value}` }
    const asked = await ask('/cache/scores/set', init)

    expect([204, 400, 412]).toContain(asked.status)
    if (asked.status !== 204) expectProblem(asked)
    const read = await ask('/cache/scores/set')
    if (asked.status !== 204) expect(read.text).toBe(older)
    // What is to be fresh for no time is not held.
    else if (read.status === 200) expect(read.text).toBe(`set ${value}`)
  })
  await holds(property, { seed: 215, numRuns: 200 })
})
