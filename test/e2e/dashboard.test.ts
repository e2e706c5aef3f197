/** How the files of the dashboard are served. What they do in a browser is tested in one. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'

let worker: WorkerServer

beforeAll(async () => {
  // The files are open, with a token or without one.
  worker = await startWorker()
})

afterAll(() => worker.close())

describe.each([
  ['/', 'text/html; charset=utf-8'],
  ['/dashboard.js', 'text/javascript; charset=utf-8'],
  ['/dashboard.css', 'text/css; charset=utf-8'],
])('GET %s', (path, contentType) => {
  test('has its type, its policy, and no cookie', async () => {
    const response = await worker.get(path)

    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': contentType,
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
        "require-trusted-types-for 'script'; trusted-types 'none'",
      'cross-origin-opener-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cache-control': 'no-cache',
    })
    expect(response.headers.has('set-cookie')).toBe(false)
  })

  test('is 304 for whom has it already, and 200 for whom has another', async () => {
    const { headers } = await worker.get(path)
    const etag = headers.get('etag') as string

    const again = await worker.get(path, { headers: { 'If-None-Match': etag } })
    expect(again.status).toBe(304)
    expect(again.headers.get('etag')?.replace('W/', '')).toBe(etag.replace('W/', ''))
    expect(await again.text()).toBe('')
    const other = await worker.get(path, { headers: { 'If-None-Match': '"other"' } })
    expect(other.status).toBe(200)
  })

  test('is answered to HEAD without its body', async () => {
    const response = await worker.get(path, { method: 'HEAD' })

    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe(contentType)
    expect(await response.text()).toBe('')
  })

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is not allowed', async (method) => {
    const response = await worker.get(path, { method })

    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('GET, HEAD')
    expect(await response.json()).toMatchObject({ code: 'method-not-allowed' })
  })
})

test('what the page asks for is there', async () => {
  const page = await (await worker.get('/')).text()
  const asked = Array.from(page.matchAll(/(?:src|href)="([^"]+)"/g), ([, url]) => url as string)
  const files = asked.filter((url) => !url.startsWith('data:'))

  expect(files.sort()).toEqual(['dashboard.css', 'dashboard.js'])
  for (const file of files) expect((await worker.get(`/${file}`)).status).toBe(200)
})
