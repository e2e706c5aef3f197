/** What the runtime's own traces, and its log, say of a get. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HttpOriginServer, startHttpOrigin } from '../support/http-origin.ts'
import { type SeveralWorkers, startWorkers } from '../support/several-workers.ts'

interface Seen {
  readonly spans: readonly { readonly name: string; readonly attributes: object }[]
  readonly logs: readonly unknown[]
}

const TEST_WORKER = 'test/support/workers/wrangler.toml'

let origin: HttpOriginServer
let workers: SeveralWorkers

beforeAll(async () => {
  origin = await startHttpOrigin()
  origin.answer = ({ url }, response) => {
    response.statusCode = url === '/broken-secret' ? 500 : 200
    response.end('a value')
  }
  const GROUPS = {
    pages: { origin: origin.url, hotTtl: '1h' },
    hot: { origin: origin.url, hotTtl: '1h' },
    many: { origin: origin.url },
    open: { origin: origin.url, traceKeys: true },
  }
  workers = await startWorkers([
    { name: 'traced', configPath: TEST_WORKER, vars: { GROUPS, NODES: 1 }, tail: 'tail' },
    { name: 'tail', configPath: 'test/support/workers/tail/wrangler.toml' },
  ])
})

afterAll(async () => {
  await workers?.close()
  await origin?.close()
})

async function seen(): Promise<Seen> {
  return (await workers.get('tail', '/')).json() as Promise<Seen>
}

/** The spans of a group, once there are so many: traces arrive on their own time. */
async function spansOf(group: string, count: number) {
  const own = async () => {
    const { spans } = await seen()
    return spans.filter(({ attributes }) => {
      const known = attributes as Record<string, unknown>
      return known['groupcache.group'] === group && known['groupcache.outcome'] !== undefined
    })
  }
  await expect.poll(async () => (await own()).length).toBe(count)
  return own()
}

async function get(path: string): Promise<number> {
  const response = await workers.get('traced', path)
  await response.arrayBuffer()
  return response.status
}

describe('the trace of a get', () => {
  test('has a span for the edge, the node and the load, each with group, node and outcome', async () => {
    expect(await get('/cache/pages/secret')).toBe(200)

    const spans = await spansOf('pages', 3)

    const edge = { 'groupcache.group': 'pages', 'groupcache.node': 'edge' }
    const node = { 'groupcache.group': 'pages', 'groupcache.node': 'node-0' }
    const expected = [
      { name: 'edge.get', attributes: { ...edge, 'groupcache.outcome': 'miss' } },
      { name: 'node.get', attributes: { ...node, 'groupcache.outcome': 'miss' } },
      { name: 'load', attributes: { ...node, 'groupcache.outcome': 'value' } },
    ]
    expect(spans).toHaveLength(expected.length)
    expect(spans).toEqual(expect.arrayContaining(expected))
  })

  test('has none of ours where memory answers', async () => {
    expect(await get('/cache/hot/one')).toBe(200)
    expect(await get('/cache/hot/one')).toBe(200)
    // By when the spans of this one have come, those of the second would have.
    expect(await get('/cache/hot/two')).toBe(200)

    const spans = await spansOf('hot', 6)

    const once = ['edge.get', 'load', 'node.get']
    expect(spans.map(({ name }) => name).toSorted()).toEqual([...once, ...once].toSorted())
  })

  test('of many keys has a span for each key that a node had to load', async () => {
    const headers = { 'Content-Type': 'application/json' }
    const body = JSON.stringify({ keys: ['one', 'two'] })
    const response = await workers.get('traced', '/cache/many', { method: 'POST', headers, body })
    expect(response.status).toBe(200)
    await response.arrayBuffer()

    const spans = await spansOf('many', 4)

    const names = spans.map(({ name }) => name)
    expect(names.toSorted()).toEqual(['load', 'load', 'node.get', 'node.get'])
  })

  test('names the key only where its group allows that', async () => {
    expect(await get('/cache/open/visible')).toBe(200)

    const spans = await spansOf('open', 3)

    for (const { attributes } of spans) {
      expect(attributes).toMatchObject({ 'groupcache.key': 'visible' })
    }
  })

  test('says of a failed load what failed, and the log has it as JSON without the key', async () => {
    expect(await get('/cache/pages/broken-secret')).toBe(502)
    await spansOf('pages', 6)

    const { spans, logs } = await seen()
    const outcomes = spans.map((span) => Object.values(span.attributes).at(-1))
    expect(outcomes.filter((outcome) => outcome === 'load-failed')).toHaveLength(2)
    expect(outcomes.filter((outcome) => outcome === 'error')).toHaveLength(1)
    const [line] = logs.flat() as string[]
    expect(JSON.parse(line as string)).toMatchObject({
      level: 'error',
      event: 'group failure',
      group: 'pages',
      node: 'node-0',
      error: { name: 'LoadError', code: 'load-failed', message: expect.stringContaining('500') },
    })
    // The runtime's own spans have the URLs that are fetched; ours, and the log, know no key.
    const own = spans.filter(({ name }) => ['edge.get', 'node.get', 'load'].includes(name))
    expect(JSON.stringify({ own, logs })).not.toContain('secret')
  })
})
