/** What the real runtime makes of an origin's answers, header by header as they are sent. */

import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RawAnswer, type RawOrigin, startRawOrigin } from '../support/raw-origin.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'

const MiB = 1024 * 1024
const TEXT = 'hello hello hello'

let origin: RawOrigin
let worker: WorkerServer
let answer: (path: string, head: string, before: number) => RawAnswer | undefined
/** A path of its own for each test. */
let path: string
let tests = 0

beforeAll(async () => {
  origin = await startRawOrigin((...asked) => answer(...asked))
  const group = { origin: `${origin.url}/base/`, hotTtl: '0s', expiryJitter: 0 }
  const GROUPS = {
    pages: { ...group, headers: { 'X-Key': 'secret' } },
    stale: { ...group, staleWhileRevalidate: '60s' },
  }
  worker = await startWorker({ vars: { GROUPS, ADMIN_TOKEN: 'correct-horse' } })
})

afterAll(async () => {
  await worker.close()
  await origin.close()
})

beforeEach(() => {
  path = `/base/${tests++}`
})

async function get(group = 'pages') {
  const response = await worker.get(path.replace('/base/', `/cache/${group}/`))
  const { headers, status } = response
  return { status, headers, text: await response.text() }
}

/** Gets until the origin is asked again, as the value is not fresh any more. */
async function untilAskedAgain(group = 'pages') {
  const asked = origin.requestsOf(path).length
  const askedNow = async () => {
    await get(group)
    return origin.requestsOf(path).length
  }
  await expect.poll(askedNow, { timeout: 10_000 }).toBeGreaterThan(asked)
}

const [gzip, br, deflated] = [gzipSync(TEXT), brotliCompressSync(TEXT), deflateSync(TEXT)]

describe('a body', () => {
  test.each<[string[], Uint8Array | string]>([
    [[], TEXT],
    [[''], TEXT],
    [['identity'], TEXT],
    [['IDENTITY'], TEXT],
    [['gzip'], gzip],
    [[' \tgzip \t'], gzip],
    [['br'], br],
    [['', 'gzip'], gzip],
  ])('with the coding %j is decoded', async (codings, body) => {
    const headers = codings.map((coding) => `Content-Encoding: ${coding}`)
    answer = () => ({ headers, body })

    expect(await get()).toMatchObject({ status: 200, text: TEXT })
    expect(await get()).toMatchObject({ status: 200, text: TEXT })
    expect(origin.requestsOf(path)).toHaveLength(1)
  })

  const ENCODED: [string[], Uint8Array][] = [
    [['x-gzip'], gzip],
    [['GZip'], gzip],
    [['GZIP'], gzip],
    [['BR'], br],
    [['Br'], br],
    [['deflate'], deflated],
    [['gzip, gzip'], gzipSync(gzip)],
    [['gzip', 'gzip'], gzipSync(gzip)],
    [['br', 'gzip'], gzipSync(br)],
    [['identity, gzip'], gzip],
    [['gzip', 'identity'], gzip],
    [['gzip,'], gzip],
    [['zstd'], gzip],
  ]
  test.each(ENCODED)('with the coding %j is a failure, and not kept', async (codings, body) => {
    const headers = codings.map((coding) => `Content-Encoding: ${coding}`)
    answer = () => ({ headers: ['Cache-Control: max-age=60', ...headers], body })

    for (let i = 1; i <= 2; i++) {
      const { status, text } = await get()
      expect(status).toBe(502)
      expect(JSON.parse(text)).toMatchObject({ code: 'load-failed' })
      expect(origin.requestsOf(path)).toHaveLength(i)
    }
  })

  test('that is streamed past the nodes is a failure in such a coding too', async () => {
    answer = (_, __, before) =>
      before === 0
        ? { announcedLength: 40 * MiB }
        : { headers: ['Content-Encoding: BR'], body: br, announcedLength: 40 * MiB }

    expect(await get()).toMatchObject({ status: 502 })
    expect(origin.requestsOf(path)).toHaveLength(2)
  })

  test('in such a coding does not replace a stale value', async () => {
    answer = (_, __, before) =>
      before === 0
        ? { headers: ['Cache-Control: max-age=1, stale-while-revalidate=60'], body: 'plain' }
        : { headers: ['Content-Encoding: x-gzip'], body: gzip }
    await get()
    await untilAskedAgain()

    expect(await get()).toMatchObject({ status: 200, text: 'plain' })
  })
})

describe('a control character', () => {
  const CHARACTERS = ['\x01', '\b', '\v', '\f', '\x1f', '\x7f', '\xc2\x85']
  const NAMES = ['Content-Type', 'Content-Language', 'Last-Modified', 'ETag']
  const linesWith = (character: string) => NAMES.map((name) => `${name}: a${character}b`)

  test.each(CHARACTERS)('%j costs its header, and not the answer', async (character) => {
    answer = () => ({ headers: linesWith(character), body: TEXT })
    await get()
    const { headers, status, text } = await get()

    expect([status, text]).toEqual([200, TEXT])
    expect(headers.get('content-type')).toBe('application/octet-stream')
    expect(headers.get('content-language')).toBeNull()
    expect(headers.get('last-modified')).toBeNull()
    expect(origin.requestsOf(path)).toHaveLength(1)
  })

  test('that a 304 brings leaves what is stored, and is not sent back', async () => {
    answer = (_, head, before) =>
      before === 0
        ? {
            headers: ['Cache-Control: max-age=1', 'Content-Type: text/plain', 'ETag: "v"'],
            body: TEXT,
          }
        : {
            status: head.includes('If-None-Match: "v"') ? '304 Not Modified' : '500 No',
            headers: ['Cache-Control: max-age=1', ...linesWith('\x01').slice(0, 3)],
          }
    await get()
    await untilAskedAgain()
    await untilAskedAgain()
    const { headers, status, text } = await get()

    expect([status, text, headers.get('content-type')]).toEqual([200, TEXT, 'text/plain'])
    expect(origin.requestsOf(path).some((head) => head.includes('\x01'))).toBe(false)
  })

  test('in the type of a value that is streamed costs the type', async () => {
    answer = () => ({ headers: ['Content-Type: a\x01b'], announcedLength: 40 * MiB })
    const response = await worker.get(path.replace('/base/', '/cache/pages/'), { method: 'HEAD' })

    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
  })
})

describe('an origin that does not cope with a condition', () => {
  const FIRST = { headers: ['Cache-Control: max-age=1', 'ETag: "v"'], body: 'old' }
  const FRESH = { headers: ['Cache-Control: max-age=60', 'ETag: "w"'], body: 'new' }

  test.each<[string, RawAnswer | undefined]>([
    ['400', { status: '400 Bad Request' }],
    ['416', { status: '416 Range Not Satisfiable' }],
    ['501', { status: '501 Not Implemented' }],
    ['a reset', undefined],
    ['a body that breaks off', { body: 'part', announcedLength: 100 }],
    ['a coding that stays', { headers: ['Content-Encoding: x-gzip'], body: gzip }],
    ['a redirect to elsewhere', { status: '302 Found', headers: ['Location: /other/'] }],
  ])('but answers %s is asked once more, without it', async (_, refusal) => {
    answer = (_, head, before) => {
      if (before === 0) return FIRST
      return head.includes('If-None-Match') ? refusal : FRESH
    }
    await get()
    await untilAskedAgain()

    expect(await get()).toMatchObject({ status: 200, text: 'new' })
    expect(origin.requestsOf(path)).toHaveLength(3)
  })

  test('is not sent a Last-Modified that is not a date', async () => {
    answer = (_, head) =>
      head.includes('If-Modified-Since')
        ? { status: '400 Bad Request' }
        : { headers: ['Cache-Control: max-age=1', 'Last-Modified: 0'], body: 'page' }
    await get()
    await untilAskedAgain()

    expect(await get()).toMatchObject({ status: 200, text: 'page' })
    expect(origin.requestsOf(path).join()).not.toContain('If-Modified-Since')
  })
})

describe('a redirect', () => {
  test.each([
    '/other/steal',
    '/base-2/steal',
    '/base',
    '/base/..%2fother/steal',
    '/base/..;/other/steal',
    '..\\other\\steal',
    'blob:{origin}/base/steal',
  ])('to %s leaves the base path, and is not followed', async (location) => {
    const headers = [`Location: ${location.replace('{origin}', origin.url)}`]
    answer = (asked) => (asked === path ? { status: '302 Found', headers } : { body: 'stolen' })
    const asked = origin.requests.length

    const { status, text } = await get()

    expect([status, JSON.parse(text).code]).toEqual([502, 'load-failed'])
    expect(origin.requests).toHaveLength(asked + 1)
  })

  test('below the base path is followed, with the headers of the group', async () => {
    const target = `${path}-target`
    const headers = [`Location: ${target}`]
    answer = (asked) => (asked === path ? { status: '302 Found', headers } : { body: 'target' })

    expect(await get()).toMatchObject({ status: 200, text: 'target' })
    expect(origin.requestsOf(target)[0]).toContain('X-Key: secret')
  })
})

test('a purge by the tag of a redirect takes the value that it led to', async () => {
  const target = `${path}-target`
  const headers = [`Location: ${target}`, 'Cache-Tag: redirect-tag']
  answer = (asked, _, before) => {
    if (asked === target) return { body: 'target' }
    return before === 0 ? { status: '302 Found', headers } : { body: 'changed' }
  }
  await get()
  expect(await get()).toMatchObject({ text: 'target' })

  const purge = { tags: ['redirect-tag'], group: 'pages' }
  await worker.get('/admin/purge', {
    method: 'POST',
    headers: { Authorization: 'Bearer correct-horse' },
    body: JSON.stringify(purge),
  })

  expect(await get()).toMatchObject({ text: 'changed' })
  expect(origin.requestsOf(target)).toHaveLength(1)
})

describe('the life of a value', () => {
  const HOUR_MS = 3_600_000
  const dateIn = (ms: number) => new Date(Date.now() + ms).toUTCString()

  test('that was made an hour ago is over', async () => {
    const headers = ['Cache-Control: max-age=60', `Date: ${dateIn(-HOUR_MS)}`]
    answer = () => ({ headers, body: TEXT })
    await get()
    await get()

    expect(origin.requestsOf(path)).toHaveLength(2)
  })

  test('of a second is not over for the part of a second that its Date lacks', async () => {
    // In the first half of a second: made at the end of the last one, by its Date up to 1.5 s ago.
    const ms = new Date().getMilliseconds()
    const late = ms < 500 ? ms + 1 : 0
    answer = () => ({ headers: ['Cache-Control: max-age=1', `Date: ${dateIn(-late)}`], body: TEXT })
    await get()

    expect((await get()).headers.get('cache-status')).toContain('hit; ttl=1')
  })

  test('that comes stale says for how long it has been', async () => {
    const headers = ['Cache-Control: max-age=10, stale-while-revalidate=60', 'Age: 13']
    answer = () => ({ headers, body: TEXT })
    await get()
    const { headers: answered } = await get()

    expect(answered.get('cache-status')).toMatch(/^node-\d+; fwd=stale; ttl=-[345],/)
    expect(answered.get('age')).toMatch(/^[01]$/)
  })

  test('by s-maxage has no stale window of its group', async () => {
    answer = (_, __, before) =>
      before === 0
        ? { headers: ['Cache-Control: s-maxage=1'], body: 'old' }
        : { headers: ['Cache-Control: s-maxage=60'], body: 'new' }
    await get('stale')
    await untilAskedAgain('stale')

    // The get that found it over has waited for the new one.
    expect((await get('stale')).headers.get('cache-status')).toMatch(/^node-\d+; hit; ttl=(60|59),/)
    expect(origin.requestsOf(path)).toHaveLength(2)
  })

  test('begins anew with a 304, whose headers clients see', async () => {
    const second = dateIn(-HOUR_MS)
    answer = (_, __, before) =>
      before === 0
        ? { headers: ['Cache-Control: max-age=1', 'ETag: "v"', 'Content-Language: de'], body: TEXT }
        : {
            status: '304 Not Modified',
            headers: [
              'Cache-Control: max-age=60',
              'ETag: "v"',
              'Content-Language: en',
              `Last-Modified: ${second}`,
            ],
          }
    await get()
    await untilAskedAgain()
    const { headers, text } = await get()

    expect(text).toBe(TEXT)
    expect(headers.get('content-language')).toBe('en')
    expect(headers.get('last-modified')).toBe(second)
    expect(headers.get('age')).toMatch(/^[01]$/)
    expect(headers.get('cache-status')).toMatch(/^node-\d+; hit; ttl=(60|59),/)
    expect(origin.requestsOf(path)).toHaveLength(2)
  })
})
