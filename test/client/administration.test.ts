import { describe, expect, test } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { fakeHttp, jsonOf, type SentRequest, textOf } from '../support/fake-http.ts'

const REPORT = { ok: true, nodes: 3, entries: 2, failed: [] }

function clientOf(answer: (request: SentRequest) => Response) {
  const http = fakeHttp(answer)
  const client = createClient({ baseUrl: 'https://cache.test', fetch: http.fetch })
  return { client, requests: http.requests }
}

describe('purge, ring and stats', () => {
  test.each([
    [200, REPORT],
    [502, { ok: false, nodes: 2, entries: 2, failed: ['node-3'] }],
  ])('purge gives the report that comes with %i', async (status, report) => {
    const { client, requests } = clientOf(() => Response.json(report, { status }))

    expect(await client.purge('scores', { tags: ['a'], soft: true })).toEqual(report)
    const request = requests[0] as SentRequest
    expect(`${request.method} ${request.url}`).toBe('POST https://cache.test/admin/purge')
    expect(jsonOf(request)).toEqual({ group: 'scores', tags: ['a'], soft: true })
  })

  test('purge throws a 502 that is no report', async () => {
    const { client } = clientOf(() => new Response('<h1>Bad gateway</h1>', { status: 502 }))

    await expect(client.purge('scores', { all: true })).rejects.toMatchObject({
      code: 'unexpected-answer',
      status: 502,
    })
  })

  test('ring asks for a key or for all nodes', async () => {
    const owned = { group: 'scores', key: 'a&b c', owner: 'node-1', guests: ['node-2'] }
    const all = { nodes: [{ name: 'node-1', share: 1 }] }
    const { client, requests } = clientOf(({ url }) =>
      Response.json(url.includes('?') ? owned : all),
    )

    expect(await client.ring('scores', 'a&b c')).toEqual(owned)
    expect(await client.ring()).toEqual(all)
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET https://cache.test/admin/ring?group=scores&key=a%26b%20c',
      'GET https://cache.test/admin/ring',
    ])
  })

  test('stats gives the counters as they come', async () => {
    const report = { nodes: [{ node: 'node-1', groups: {} }], sum: {}, failed: [] }
    const { client, requests } = clientOf(() => Response.json(report))

    expect(await client.stats()).toEqual(report)
    expect(requests[0]?.url).toBe('https://cache.test/admin/stats')
    expect(textOf(requests[0] as SentRequest)).toBe('')
  })
})
