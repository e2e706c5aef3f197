import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import { createEdge } from '../../src/edge/edge.ts'
import { createGroupcache } from '../../src/edge/groupcache.ts'
import { workersPlatform } from '../../src/platform/workers.ts'

const HOLES: string[] = Object.assign([], { 1: 'Tom', length: 2 })

function createCache() {
  const config = readConfig({}, { scores: { load: () => '630', hotTtl: '1h' } })
  return createGroupcache(createEdge(config, env, workersPlatform), (bytes) => bytes.slice())
}

test('code in the same Worker gets bytes of its own: what it writes to them, nobody else gets', async () => {
  const cache = createCache()

  ;(await cache.get('scores', 'Tom'))?.value.fill(0)
  const [many] = await cache.getMany('scores', ['Tom'])
  if (many?.kind === 'value') many.value.fill(0)

  const value = (await cache.get('scores', 'Tom'))?.value
  expect(new TextDecoder().decode(value)).toBe('630')
})

test('results carry the keys as they were asked for', async () => {
  const config = readConfig({}, { pages: { origin: 'http://127.0.0.1:1/' } })
  const cache = createGroupcache(createEdge(config, env, workersPlatform), (bytes) => bytes)

  const results = await cache.getMany('pages', ['a%7e', '%zz', ''])

  expect(results.map(({ key }) => key)).toEqual(['a%7e', '%zz', ''])
})

test.each([
  [
    (cache: ReturnType<typeof createCache>) => cache.purge('scores', 'all' as never),
    'purge: an object.',
  ],
  [
    (cache: ReturnType<typeof createCache>) => cache.purge('scores', { key: 'a' } as never),
    'key: no such field.',
  ],
  [
    (cache: ReturnType<typeof createCache>) => cache.set('scores', 'a', 'x', [] as never),
    'options: an object',
  ],
  [
    (cache: ReturnType<typeof createCache>) => cache.get('scores', 'a', new Map() as never),
    'options: an object',
  ],
  [
    (cache: ReturnType<typeof createCache>) => cache.get('scores', 'a', { region: 'weur' }),
    'options.region: none, as REGIONS is not set',
  ],
  [(cache: ReturnType<typeof createCache>) => cache.getMany('scores', HOLES), 'keys: text'],
])('what is not valid is named, and not quoted (%#)', async (call, message) => {
  await expect(call(createCache())).rejects.toMatchObject({ code: 'bad-request', message })
})

test.each(['lru', 's3-fifo'] as const)(
  'hot copies of what is asked for often outlive a scan, in a group with `eviction` %s too',
  async (eviction) => {
    const options = { load: (key: string) => key, hotTtl: '1h', maxHotBytes: 25_000, eviction }
    const config = readConfig({}, { echo: options })
    const cache = createGroupcache(createEdge(config, env, workersPlatform), (bytes) => bytes)
    for (let round = 0; round < 3; round++) await cache.get('echo', 'often')

    for (let i = 0; i < 50; i++) await cache.get('echo', `once-${i}`)

    expect((await cache.get('echo', 'often'))?.status).toMatch(/^edge; hit/)
  },
)
