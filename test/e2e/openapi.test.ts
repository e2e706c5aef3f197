/** The description of the routes, as it is served, against what the routes answer. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openapi } from '../../src/edge/openapi.ts'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'

interface ResponseObject {
  readonly description: string
  readonly headers?: Readonly<Record<string, unknown>>
}
type Operation = { readonly responses: Readonly<Record<string, ResponseObject>> }
type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>

const paths = openapi.paths as unknown as Paths
const { responses: named, headers: namedHeaders } = openapi.components as unknown as {
  responses: Record<string, ResponseObject>
  headers: Record<string, unknown>
}

const TOKEN = 'correct-horse'
const VALUE = '/cache/{group}/{key}'

let origin: HttpOriginServer
let worker: WorkerServer
/** Has no token. */
let locked: WorkerServer

beforeAll(async () => {
  origin = await startHttpOrigin()
  origin.answer = (request, response) => {
    if (request.url === '/gone') response.statusCode = 404
    if (request.url === '/down') response.statusCode = 500
    if (request.url === '/dated') response.setHeader('Last-Modified', new Date(0).toUTCString())
    if (request.url !== '/slow') response.end('a value')
  }
  const pages = { origin: origin.url, timeout: '300ms', maxValueBytes: 10 }
  const GROUPS = { pages, secrets: { ...pages, access: 'private' } }
  worker = await startWorker({ vars: { GROUPS, ADMIN_TOKEN: TOKEN } })
  locked = await startWorker({ vars: { GROUPS } })
})

afterAll(async () => {
  await Promise.all([worker.close(), locked.close()])
  await origin.close()
})

const admin = { Authorization: `Bearer ${TOKEN}` }
const longTag = 'x'.repeat(1_025)
const huge = 'x'.repeat(2 * 1024 * 1024 + 1)

function body(value: unknown): RequestInit {
  return { headers: admin, body: typeof value === 'string' ? value : JSON.stringify(value) }
}

/** What is asked, of which documented path, and the status and code that it is answered with. */
type Case = readonly [
  method: string,
  path: string,
  url: string,
  init: RequestInit,
  answer: `${number}` | `${number} ${string}`,
]

const reads: readonly Case[] = ['GET', 'HEAD'].flatMap((method): Case[] => [
  [method, VALUE, '/cache/pages/a/b', {}, '200'],
  [method, VALUE, '/cache/pages/dated', {}, '200'],
  [method, VALUE, '/cache/secrets/a', { headers: admin }, '200'],
  [method, VALUE, '/cache/pages/a', { headers: { 'If-None-Match': '*' } }, '304'],
  [method, VALUE, '/cache/pages/%00', {}, '400 bad-key'],
  [method, VALUE, '/cache/secrets/a', {}, '401 unauthorized'],
  [method, VALUE, '/cache/nowhere/a', {}, '404 no-such-group'],
  [method, VALUE, '/cache/pages/gone', {}, '404 not-found'],
  [method, VALUE, '/cache/pages/a', { headers: { 'If-Match': '"b"' } }, '412 precondition-failed'],
  [method, VALUE, '/cache/pages/down', {}, '502 load-failed'],
  [method, VALUE, '/cache/pages/slow', {}, '504 load-timeout'],
])

const cases: readonly Case[] = [
  ...reads,
  ['GET', VALUE, '/cache/pages/a', { headers: { Range: 'bytes=0-1' } }, '206'],
  ['GET', VALUE, '/cache/pages/a', { headers: { Range: 'bytes=9-' } }, '416 range-not-satisfiable'],
  ['PUT', VALUE, '/cache/pages/set', body('x'), '204'],
  ['PUT', VALUE, '/cache/pages/%00', body('x'), '400 bad-key'],
  [
    'PUT',
    VALUE,
    '/cache/pages/a',
    { headers: { ...admin, 'Cache-Tag': longTag } },
    '400 bad-request',
  ],
  [
    'PUT',
    VALUE,
    '/cache/pages/a',
    { headers: { ...admin, 'If-Match': '*' } },
    '412 precondition-failed',
  ],
  ['PUT', VALUE, '/cache/pages/a', {}, '401 unauthorized'],
  ['PUT', VALUE, '/cache/nowhere/a', body('x'), '404 no-such-group'],
  ['PUT', VALUE, '/cache/pages/a', body('x'.repeat(11)), '413 value-too-large'],
  ['DELETE', VALUE, '/cache/pages/a', { headers: admin }, '200'],
  ['DELETE', VALUE, '/cache/pages/%00', { headers: admin }, '400 bad-key'],
  ['DELETE', VALUE, '/cache/pages/a', {}, '401 unauthorized'],
  ['DELETE', VALUE, '/cache/nowhere/a', { headers: admin }, '404 no-such-group'],
  ['OPTIONS', VALUE, '/cache/pages/a', {}, '204'],
  ['POST', '/cache/{group}', '/cache/pages', body({ keys: ['a', 'gone'] }), '200'],
  ['POST', '/cache/{group}', '/cache/pages', body({ keys: 'a' }), '400 bad-request'],
  ['POST', '/cache/{group}', '/cache/pages', body({ keys: [''] }), '200'],
  ['POST', '/cache/{group}', '/cache/secrets', {}, '401 unauthorized'],
  ['POST', '/cache/{group}', '/cache/nowhere', body({ keys: [] }), '404 no-such-group'],
  ['POST', '/cache/{group}', '/cache/pages', body(huge), '413 body-too-large'],
  ['OPTIONS', '/cache/{group}', '/cache/pages', {}, '204'],
  ['POST', '/admin/purge', '/admin/purge', body({ group: 'pages', all: true }), '200'],
  ['POST', '/admin/purge', '/admin/purge', body({ group: 'pages' }), '400 bad-request'],
  ['POST', '/admin/purge', '/admin/purge', body({ group: 'pages', keys: [''] }), '400 bad-key'],
  ['POST', '/admin/purge', '/admin/purge', {}, '401 unauthorized'],
  ['POST', '/admin/purge', '/admin/purge', body({ group: 'x', all: true }), '404 no-such-group'],
  ['POST', '/admin/purge', '/admin/purge', body(huge), '413 body-too-large'],
  ['OPTIONS', '/admin/purge', '/admin/purge', {}, '204'],
  ['GET', '/admin/ring', '/admin/ring', { headers: admin }, '200'],
  ['GET', '/admin/ring', '/admin/ring?group=pages&key=a', { headers: admin }, '200'],
  ['GET', '/admin/ring', '/admin/ring?key=a', { headers: admin }, '400 bad-request'],
  ['GET', '/admin/ring', '/admin/ring?group=pages&key=', { headers: admin }, '400 bad-key'],
  ['GET', '/admin/ring', '/admin/ring', {}, '401 unauthorized'],
  ['GET', '/admin/ring', '/admin/ring?group=x&key=a', { headers: admin }, '404 no-such-group'],
  ['OPTIONS', '/admin/ring', '/admin/ring', {}, '204'],
  ['GET', '/admin/stats', '/admin/stats', { headers: admin }, '200'],
  ['GET', '/admin/stats', '/admin/stats', {}, '401 unauthorized'],
  ['OPTIONS', '/admin/stats', '/admin/stats', {}, '204'],
  ['GET', '/metrics', '/metrics', { headers: admin }, '200'],
  ['GET', '/metrics', '/metrics', {}, '401 unauthorized'],
  ['OPTIONS', '/metrics', '/metrics', {}, '204'],
  ...['/', '/dashboard.js', '/dashboard.css'].flatMap((path): Case[] => [
    ['GET', path, path, {}, '200'],
    ['GET', path, path, { headers: { 'If-None-Match': '*' } }, '304'],
    ['GET', path, path, { headers: { 'If-Match': '"b"' } }, '412 precondition-failed'],
  ]),
  ['GET', '/healthz', '/healthz', {}, '200'],
  ['GET', '/openapi.json', '/openapi.json', {}, '200'],
  ['OPTIONS', '/openapi.json', '/openapi.json', {}, '204'],
]

/** What is documented of an answer, with references followed. */
function described(method: string, path: string, status: number): ResponseObject | undefined {
  const found = paths[path]?.[method.toLowerCase()]?.responses[status]
  const reference = (found as { $ref?: string } | undefined)?.$ref
  return reference === undefined ? found : named[reference.split('/').at(-1) as string]
}

async function expectDescribed(method: string, path: string, answer: string, response: Response) {
  const [status, code] = answer.split(' ')
  expect(response.status).toBe(Number(status))
  const documented = described(method, path, response.status)
  expect(documented).toBeDefined()
  const sent = Object.keys(namedHeaders).filter((name) => response.headers.has(name))
  expect(Object.keys(documented?.headers ?? {})).toEqual(expect.arrayContaining(sent))
  if (code === undefined) return
  expect(documented?.description).toContain(`\`${code}\``)
  if (method !== 'HEAD') expect(await response.json()).toMatchObject({ code })
}

describe('what is answered is described, with its code and its headers', () => {
  test.each(cases)('%s %s: %s %j is %s', async (method, path, url, init, answer) => {
    const response = await worker.get(url, { ...init, method })

    await expectDescribed(method, path, answer, response)
  })

  const guarded = cases.filter(([, , , , answer]) => answer === '401 unauthorized')
  test.each(guarded)('%s %s with no token set is 403', async (method, path, url, init) => {
    const response = await locked.get(url, { ...init, method })

    await expectDescribed(method, path, '403 admin-disabled', response)
  })
})

test('what is described is answered, but for what a broken node, a bug or a stalled body brings about', () => {
  const answered = new Set(cases.map(([method, path, , , answer]) => keyOf(method, path, answer)))
  const missing = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { responses = {} }]) =>
      Object.keys(responses)
        .filter((status) => status !== '403' && !answered.has(keyOf(method, path, status)))
        .map((status) => keyOf(method, path, status)),
    ),
  )

  expect(missing.filter((key) => !/ (?:408|50[03])$/.test(key)).sort()).toEqual([
    `DELETE ${VALUE} 502`,
    'POST /admin/purge 502',
  ])
})

function keyOf(method: string, path: string, answer: string): string {
  return `${method.toUpperCase()} ${path} ${answer.slice(0, 3)}`
}
