/** The description of the routes is served, and names all of the methods that its paths have. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openapi } from '../../src/edge/openapi.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'

const TOKEN = 'correct-horse'
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']
const OF_A_VALUE = ['GET', 'HEAD', 'PUT', 'DELETE']

let worker: WorkerServer

beforeAll(async () => {
  worker = await startWorker({ vars: { ADMIN_TOKEN: TOKEN } })
})

afterAll(() => worker.close())

function documentedMethods(path: string): string[] {
  const item = (openapi.paths as Readonly<Record<string, object>>)[path] as object
  const methods = Object.keys(item).map((field) => field.toUpperCase())
  // HEAD is GET without the body (RFC 9110, section 9.3.2), and need not be said.
  if (methods.includes('GET')) methods.push('HEAD')
  return METHODS.filter((method) => methods.includes(method))
}

function send(path: string, method: string): Promise<Response> {
  const url = path.replace('{group}', 'scores').replace('{key}', 'Tom')
  return worker.get(url, { method, headers: { Authorization: `Bearer ${TOKEN}` } })
}

function allowed(response: Response): string[] {
  const methods = new Set(response.headers.get('allow')?.split(', '))
  return METHODS.filter((method) => methods.has(method))
}

const paths = Object.keys(openapi.paths)
const documented = paths.flatMap((path) => documentedMethods(path).map((m) => [m, path] as const))
const undocumented = paths.flatMap((path) =>
  METHODS.filter((method) => !documentedMethods(path).includes(method))
    .filter((method) => path !== '/cache/{group}' || !OF_A_VALUE.includes(method))
    .map((method) => [method, path] as const),
)

test.each(documented)('%s %s is documented, and a route', async (method, path) => {
  const response = await send(path, method)

  expect(response.status).not.toBe(405)
  expect(await response.text()).not.toContain('urn:workers-groupcache:no-such-route')
})

describe('a method that is not documented is 405, and Allow lists those that are', () => {
  test.each(undocumented)('%s %s', async (method, path) => {
    const response = await send(path, method)

    expect(response.status).toBe(405)
    if (method !== 'HEAD') {
      expect(await response.json()).toMatchObject({ code: 'method-not-allowed' })
    }
    const methods = documentedMethods(path)
    // A path with no key has the methods of a value as well, and no value: see the next test.
    const others = path === '/cache/{group}' ? OF_A_VALUE : []
    expect(allowed(response)).toEqual(METHODS.filter((m) => [...methods, ...others].includes(m)))
  })
})

test.each(OF_A_VALUE)('%s of a group, with no key, is 400, as its description says', async (m) => {
  const response = await send('/cache/{group}', m)

  expect(response.status).toBe(400)
  if (m !== 'HEAD') expect(await response.json()).toMatchObject({ code: 'bad-key' })
  expect(openapi.paths['/cache/{group}'].description).toContain('400 `bad-key`')
})

describe('GET /openapi.json', () => {
  test('answers the document to anyone, from any page, for five minutes', async () => {
    const response = await worker.get('/openapi.json')

    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('cache-control')).toBe('public, max-age=300')
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(openapi)))
  })

  test('is asked for by HEAD too', async () => {
    const response = await worker.get('/openapi.json', { method: 'HEAD' })

    expect(response.status).toBe(200)
    expect(await response.text()).toBe('')
  })
})
