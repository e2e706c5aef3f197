/** Calls with any arguments, of other Workers and of the edge: a result or a stable code, and nothing lost. */

import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import { encodeUtf8 } from '../../src/core/bytes.ts'
import type { Groupcache } from '../../src/core/group/api.ts'
import { PROTOCOL_VERSION } from '../../src/core/peers/messages.ts'
import { Ring } from '../../src/core/ring/ring.ts'
import { createEdge } from '../../src/edge/edge.ts'
import { createGroupcache } from '../../src/edge/groupcache.ts'
import type { CacheNode } from '../../src/node/cache-node.ts'
import { workersPlatform } from '../../src/platform/workers.ts'
import { holds } from '../support/fuzz.ts'
import { groups } from '../support/workers/groups.ts'

/** What can cross a call: no functions, no symbols. */
const odd = fc.oneof(
  fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
  }),
  fc.constantFrom<unknown>(
    null,
    undefined,
    '',
    0,
    -1,
    Number.NaN,
    '__proto__',
    'constructor',
    [],
    {},
  ),
)
function mostly<T>(meant: fc.Arbitrary<T>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 4, arbitrary: meant }, { weight: 1, arbitrary: odd })
}
const text = (all: readonly string[]) => mostly(fc.constantFrom(...all))
const group = text(['scores', 'echo', 'nowhere'])
/** Never the key that is to be kept. */
const key = fc.oneof(text(['Tom', '', 'x'.repeat(1_025), '\0', '\ud800']), fc.string())
const keys = mostly(fc.array(key, { maxLength: 4 }))
const life = mostly(fc.constantFrom(0, 1_000, 1.5))
const tags = mostly(fc.array(text(['x', 'a,b', '']), { maxLength: 3 }))
const value = mostly(fc.oneof(fc.string(), fc.uint8Array({ maxLength: 20 })))
const options = mostly(
  fc.record(
    { contentType: text(['text/plain', 'a\r\nb: c']), ttlMs: life, tags, other: odd },
    { requiredKeys: [] },
  ),
)
const callOptions = mostly(fc.record({ region: text(['', 'weur']) }, { requiredKeys: [] }))
/** Not of all there is: that would be right to take what is kept. */
const purge = mostly(
  fc.record(
    { keys, tags, soft: mostly(fc.boolean()), all: fc.constantFrom(1, 'true', null) },
    { requiredKeys: [] },
  ),
)
const anyCall: fc.Arbitrary<[method: keyof Groupcache, args: unknown[]]> = fc.oneof(
  fc.tuple(fc.constant('get' as const), fc.tuple(group, key, callOptions)),
  fc.tuple(fc.constant('getMany' as const), fc.tuple(group, keys, callOptions)),
  fc.tuple(fc.constant('set' as const), fc.tuple(group, key, value, options)),
  fc.tuple(fc.constant('purge' as const), fc.tuple(group, purge)),
  fc.tuple(fc.constant('ring' as const), fc.tuple(group, key, callOptions)),
  fc.tuple(
    fc.constantFrom<(keyof Groupcache)[]>('get', 'getMany', 'set', 'purge', 'ring'),
    fc.array(odd),
  ),
)

const CODES = ['bad-key', 'bad-request', 'no-such-group', 'value-too-large', 'overloaded']

test('a call from another Worker has a result or an error with a stable code, and loses nothing', async () => {
  const config = readConfig({}, groups)
  const cache = createGroupcache(createEdge(config, env, workersPlatform), (bytes) => bytes)
  const kept = 'kept for other Workers'
  await cache.set('scores', kept, '630')
  const property = fc.asyncProperty(anyCall, async ([method, args]) => {
    try {
      await (cache[method] as (...args: unknown[]) => Promise<unknown>)(...args)
    } catch (error) {
      expect(CODES).toContain((error as { code?: unknown }).code)
      expect((error as Error).message).not.toBe('')
    }
    const found = await cache.get('scores', kept)
    expect(new TextDecoder().decode(found?.value)).toBe('630')
  })
  await holds(property, { seed: 231, numRuns: 1_000 })
})

/** Of the key that is kept: another node would not hold it. */
const owner = new Ring(Array.from({ length: 16 }, (_, i) => `node-${i}`)).pick('kept')

type Method = 'get' | 'getMany' | 'peek' | 'set' | 'purge' | 'stats' | 'ping'
const newValue = mostly(
  fc.record(
    {
      value: mostly(fc.uint8Array({ maxLength: 20 })),
      contentType: text(['text/plain']),
      tags,
      ttlMs: life,
      staleIfErrorMs: life,
    },
    { requiredKeys: ['value', 'contentType'] },
  ),
)
const anyMessage = mostly(
  fc.record(
    {
      version: fc.oneof(
        { weight: 9, arbitrary: fc.constant(PROTOCOL_VERSION) },
        { weight: 1, arbitrary: odd },
      ),
      group,
      key,
      keys,
      maxBytes: mostly(fc.oneof(fc.nat(), fc.double())),
      firstBytes: mostly(fc.oneof(fc.nat(), fc.double())),
      heldOnly: mostly(fc.boolean()),
      value: newValue,
      purge,
      report: odd,
    },
    { requiredKeys: ['version', 'group', 'key'] },
  ),
)
const method = fc.constantFrom<Method[]>('get', 'getMany', 'peek', 'set', 'purge', 'stats', 'ping')

test('a node that gets any message serves it or says with a code that it cannot, and keeps what it holds', async () => {
  const stub = env.CACHE_NODE.getByName(owner)
  await runInDurableObject(stub, async (instance) => {
    const node = instance as unknown as CacheNode
    const message = { version: PROTOCOL_VERSION, group: 'durable', key: 'kept' }
    const kept = { value: encodeUtf8('630'), contentType: 'text/plain' }
    await node.set({ ...message, value: kept })
    const property = fc.asyncProperty(method, anyMessage, async (name, sent) => {
      const call = node[name] as (message: unknown) => unknown
      try {
        await call.call(node, sent)
      } catch (error) {
        const { code } = error as { code?: unknown }
        expect(['bad-request', 'bad-key', 'no-such-group', 'peer-unavailable']).toContain(code)
      }
      const peeked = await node.peek(message)
      expect(peeked).toMatchObject({ kind: 'value', entry: { value: kept.value } })
      const stats = await node.stats({ version: PROTOCOL_VERSION })
      for (const { bytes, items } of Object.values(stats.groups)) {
        expect(Number.isSafeInteger(bytes) && bytes >= 0).toBe(true)
        expect(Number.isSafeInteger(items) && items >= 0).toBe(true)
      }
    })
    await holds(property, { seed: 232, numRuns: 500 })
  })
})
