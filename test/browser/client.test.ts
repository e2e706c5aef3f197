/** The client in a web page of another origin than the Worker's. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { startWorker, type WorkerServer } from '../support/worker-server.ts'
import { type ClientPage, openClientPage } from './client-page.ts'

const TOKEN = 'correct-horse'

let origin: HttpOriginServer
let worker: WorkerServer
let browser: ClientPage

beforeAll(async () => {
  browser = await openClientPage()
  origin = await startHttpOrigin()
  origin.answer = (request, response) => {
    response.statusCode = request.url === '/broken' ? 500 : request.url === '/gone' ? 404 : 200
    response.end(`origin says ${request.url}`)
  }
  const GROUPS = { pages: { origin: origin.url, hotTtl: '0s' } }
  worker = await startWorker({ vars: { GROUPS, ADMIN_TOKEN: TOKEN } })
})

afterAll(async () => {
  await browser?.close()
  await worker?.close()
  await origin?.close()
})

/** What functions in the page are given. */
function options(token?: string) {
  return token === undefined ? { baseUrl: worker.url.href } : { baseUrl: worker.url.href, token }
}

test('the page has the client, and is of another origin', () => {
  expect(browser.failures).toEqual([])
  expect(browser.origin).not.toBe(worker.url.origin)
})

describe('a page without the token', () => {
  test('gets a value, with all that belongs to it', async () => {
    const got = await browser.page.evaluate(async (options) => {
      const got = await createClient(options).get('scores', 'Tom')
      return got && { ...got, value: new TextDecoder().decode(got.value) }
    }, options())

    expect(got).toEqual({
      value: '630',
      contentType: 'text/plain; charset=utf-8',
      etag: expect.stringMatching(/^"\w+"$/),
      ageMs: expect.any(Number),
      expiresAtMs: expect.any(Number),
      status: expect.stringMatching(/^node-\d+; fwd=miss; stored, edge; fwd=miss$/),
    })
  })

  test('gets many, of which some fail and some do not exist', async () => {
    const kinds = await browser.page.evaluate(async (options) => {
      const results = await createClient(options).getMany('pages', ['a?b=c', 'broken', 'gone'])
      return results.map((result) => (result.kind === 'failed' ? result.code : result.kind))
    }, options())

    expect(kinds).toEqual(['value', 'load-failed', 'not-found'])
  })

  test.each([
    ['to set', 'unauthorized', 401],
    ['to purge', 'unauthorized', 401],
    ['to see the ring', 'unauthorized', 401],
    ['to see the counters', 'unauthorized', 401],
    ['to read a group that is not there', 'no-such-group', 404],
    ['to read a key that is none', 'bad-key', 400],
  ] as const)('is refused %s, and can tell that by the code %s', async (what, code, status) => {
    const failure = await browser.page.evaluate(
      async ({ what, options }) => {
        const client = createClient(options)
        const calls = {
          'to set': () => client.set('pages', 'a', 'x'),
          'to purge': () => client.purge('pages', { all: true }),
          'to see the ring': () => client.ring(),
          'to see the counters': () => client.stats(),
          'to read a group that is not there': () => client.get('nowhere', 'a'),
          'to read a key that is none': () => client.get('pages', '../a'),
        }
        return calls[what]().then(
          () => 'no failure',
          ({ name, code, status }) => ({ name, code, status }),
        )
      },
      { what, options: options() },
    )

    expect(failure).toEqual({ name: 'GroupcacheError', code, status })
  })

  test('has the code network where nothing answers', async () => {
    const closed = await startHttpOrigin()
    await closed.close()

    const code = await browser.page.evaluate(
      (options) =>
        createClient(options)
          .stats()
          .catch(({ code }) => code),
      { baseUrl: closed.url },
    )

    expect(code).toBe('network')
  })
})

describe('a page with the token', () => {
  test.each([
    ['scores', 'a b/c,d ключ?x=1#y', null],
    ['pages', 'dir/a%2Fb?x=1', 'origin says /dir/a%2Fb?x=1'],
  ])('sets, gets and purges in %s the key %s', async (group, key, unset) => {
    const [set, report, purged] = await browser.page.evaluate(
      async ({ group, key, options }) => {
        const client = createClient(options)
        const text = async () => {
          const got = await client.get(group, key)
          return got && `${got.contentType}: ${new TextDecoder().decode(got.value)}`
        }
        const bytes = new TextEncoder().encode('größer')
        const contentType = 'text/x-word'
        await client.set(group, key, bytes, { contentType, ttlMs: 30_000, tags: ['a', 'b'] })
        return [await text(), await client.purge(group, { tags: ['b'] }), await text()] as const
      },
      { group, key, options: options(TOKEN) },
    )

    expect(set).toBe('text/x-word: größer')
    expect(report).toEqual({ ok: true, nodes: 16, entries: 1, failed: [] })
    expect(purged).toBe(unset === null ? null : `application/octet-stream: ${unset}`)
  })

  test('sees the ring and the counters', async () => {
    const [ring, stats] = await browser.page.evaluate(async (options) => {
      const client = createClient(options)
      return [await client.ring('scores', 'Tom'), await client.stats()] as const
    }, options(TOKEN))

    expect(ring).toMatchObject({ group: 'scores', key: 'Tom', owner: expect.any(String) })
    expect(stats.nodes).toHaveLength(16)
  })
})
