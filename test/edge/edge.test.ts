import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import { createEdge } from '../../src/edge/edge.ts'
import { workersPlatform } from '../../src/platform/workers.ts'

test('when no node can be reached, the edge loads the key itself, once, and says so', async () => {
  const loaded: string[] = []
  const load = (key: string) => {
    loaded.push(key)
    return '630'
  }
  const config = readConfig({}, { scores: { load } })
  const edge = createEdge(config, { ...env, CACHE_NODE: env.BROKEN_NODE }, workersPlatform)
  const group = edge.groups.get('scores')?.group

  const reply = await group?.get('Tom')
  const again = await group?.get('Tom')

  expect(reply?.path).toEqual([{ cache: 'edge', fwd: 'miss', stored: true, detail: 'no-node' }])
  expect(again?.path).toEqual([
    { cache: 'edge', hit: true, ttlMs: expect.any(Number), detail: 'no-node' },
  ])
  expect(loaded).toEqual(['Tom'])
  expect(group?.stats).toMatchObject({ peerErrors: 3, edgeLoads: 1 })
})

test('the edge keeps no hot copies where it has no room for any', async () => {
  const scores = { load: () => '630', maxHotBytes: 0 }
  const group = createEdge(readConfig({}, { scores }), env, workersPlatform).groups.get(
    'scores',
  )?.group

  await group?.get('Tom')

  expect(group).toMatchObject({ items: 0, bytes: 0 })
})

test('at the edge no load waits for another: its promise would be of another request', async () => {
  const latch = Promise.withResolvers<string>()
  const started: string[] = []
  const load = (key: string) => {
    started.push(key)
    if (started.length === 2) latch.resolve('630')
    return latch.promise
  }
  const config = readConfig({}, { scores: { load, maxLoads: 1 } })
  const edge = createEdge(config, { ...env, CACHE_NODE: env.BROKEN_NODE }, workersPlatform)
  const group = edge.groups.get('scores')?.group

  const replies = await Promise.all([group?.get('Tom'), group?.get('Jack')])

  expect(replies).toMatchObject([{ kind: 'value' }, { kind: 'value' }])
  expect(started.toSorted()).toEqual(['Jack', 'Tom'])
})

test('a Worker whose nodes are not bound does not start', () => {
  const config = readConfig({}, { scores: { load: () => '630' } })

  expect(() => createEdge(config, {} as Cloudflare.Env, workersPlatform)).toThrow(
    /CACHE_NODE is not set/,
  )
})
