import { describe, expect, test } from 'vitest'
import { ENTRY_OVERHEAD_BYTES } from '../../src/core/entry/entry.ts'
import { ConfigError, NotFoundError } from '../../src/core/errors.ts'
import type { FillResult } from '../../src/core/group/fill.ts'
import { Groups } from '../../src/core/group/groups.ts'
import type { LoadedValue } from '../../src/core/load/loader.ts'
import { type LoadSharing, Singleflight } from '../../src/core/load/singleflight.ts'
import { Topology } from '../../src/core/ring/topology.ts'
import { pickerOf } from '../support/cluster.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { createTestGroup, GUEST, textOf } from '../support/group-factory.ts'

describe('a group in a node', () => {
  test('ten gets of a key cause one load', async () => {
    const loader = countingLoader()
    const { group } = createTestGroup({ loader: loader.load })

    for (let i = 0; i < 10; i++) expect(textOf(await group.get('Tom'))).toBe('value of Tom')

    expect(loader.calls).toEqual(['Tom'])
    expect(group.stats).toMatchObject({ gets: 10, hits: 9, loads: 1, loadsCoalesced: 0 })
  })

  test('a hit is answered at once, without a promise', async () => {
    const { group } = createTestGroup({ loader: countingLoader().load })
    await group.get('Tom')

    expect(group.get('Tom')).not.toBeInstanceOf(Promise)
  })

  test('what memory does not answer at once is traced, and nothing else', async () => {
    const traced: string[] = []
    const options = { ttlMs: 1_000, staleWhileRevalidateMs: 1_000 }
    const { group, clock } = createTestGroup({
      loader: countingLoader().load,
      options,
      traced(key, run) {
        traced.push(key)
        return run()
      },
    })

    await group.get('Tom')
    await group.get('Tom')
    expect(traced).toEqual(['Tom'])

    clock.advance(1_500)
    expect(group.get('Tom')).toMatchObject({ path: [{ fwd: 'stale' }] })
    expect(traced).toEqual(['Tom'])

    await group.getMany(['Tom', 'Jack', 'Sam'])
    expect(traced).toEqual(['Tom', 'Jack', 'Sam'])
  })

  test('what goes wrong inside a trace is the outcome of the get', async () => {
    const { group } = createTestGroup({
      loader: countingLoader().load,
      traced: () => Promise.reject(new Error('no span')),
    })

    await expect(group.get('Tom')).rejects.toThrow('no span')
  })

  test('ten concurrent callers of a cold key cause one load, and nine of them say so', async () => {
    const latch = Promise.withResolvers<LoadedValue>()
    const loader = countingLoader(() => latch.promise)
    const { group } = createTestGroup({ loader: loader.load })

    const callers = Array.from({ length: 10 }, () => group.get('Tom'))
    latch.resolve(text('630'))
    const replies = await Promise.all(callers)

    expect(replies.map(textOf)).toEqual(Array(10).fill('630'))
    expect(loader.calls).toEqual(['Tom'])
    expect(replies.filter(({ path }) => path[0]?.collapsed)).toHaveLength(9)
    expect(group.stats).toMatchObject({ gets: 10, hits: 0, loads: 1, loadsCoalesced: 9 })
  })

  test('a loader that throws answers all who waited with a failure, and frees the key', async () => {
    let healthy = false
    const loader = countingLoader((key) => {
      if (!healthy) throw new Error('the database says: password=hunter2')
      return text(`value of ${key}`)
    })
    const { group, errors } = createTestGroup({ loader: loader.load })

    const replies = await Promise.all([group.get('Tom'), group.get('Tom')])
    healthy = true
    const later = await group.get('Tom')

    for (const reply of replies)
      expect(reply).toMatchObject({ kind: 'failed', code: 'load-failed' })
    expect(JSON.stringify(replies)).not.toContain('hunter2')
    expect(errors).toHaveLength(1)
    expect(textOf(later)).toBe('value of Tom')
    expect(loader.calls).toHaveLength(2)
    expect(group.stats).toMatchObject({ loads: 2, loadErrors: 1 })
  })

  test('two loads of a key, one after the other, leave one item of exact weight', async () => {
    const loader = countingLoader(() => text('630'))
    const { group } = createTestGroup({ loader: loader.load, flights: new SerialFlights() })

    const replies = await Promise.all([group.get('Tom'), group.get('Tom')])

    expect(replies.map(textOf)).toEqual(['630', '630'])
    expect(loader.calls).toEqual(['Tom'])
    expect(group.items).toBe(1)
    expect(group.bytes).toBe(weightOf('Tom', '630'))
    expect(replies[1]?.path).toEqual([{ cache: 'node-0', hit: true, ttlMs: 60_000 }])
  })

  test('filling past the bound evicts the least recently used, which is loaded once more', async () => {
    const weight = weightOf('key-0', 'value of key-0')
    const loader = countingLoader()
    const { group } = createTestGroup({ loader: loader.load, maxBytes: 10 * weight })
    const keys = Array.from({ length: 10 }, (_, i) => `key-${i}`)

    for (const key of keys) await group.get(key)
    expect(group.bytes).toBe(10 * weight)
    await group.get('key-x')
    expect(group.bytes).toBe(10 * weight)
    await group.get('key-0')
    await group.get('key-0')

    expect(loader.calls).toEqual([...keys, 'key-x', 'key-0'])
    expect(group.stats.evictions.capacity).toBe(2)
  })

  test('with S3-FIFO, keys asked for once do not displace what is in use, not even past its ttl', async () => {
    const weight = weightOf('key-0', 'value of key-0')
    const loader = countingLoader()
    const parts = { loader: loader.load, maxBytes: 10 * weight, eviction: 's3-fifo' } as const
    const { group, clock } = createTestGroup(parts)
    const scan = (part: string) =>
      Promise.all(Array.from({ length: 10 }, (_, i) => group.get(`${part}-${i}`)))

    for (const _ of [1, 2, 3]) await group.get('key-0')
    await scan('one')
    clock.advance(60_000)
    await group.get('key-0')
    await scan('two')
    await group.get('key-0')

    expect(loader.calls.filter((key) => key === 'key-0')).toHaveLength(2)
    expect(group.bytes).toBeLessThanOrEqual(10 * weight)
  })

  test('with S3-FIFO, a get that refreshes a stale value is one use of its key, not two', async () => {
    const weight = weightOf('key-0', 'value of key-0')
    const loader = countingLoader()
    const { group, clock } = createTestGroup({
      loader: loader.load,
      options: { staleIfErrorMs: 600_000 },
      maxBytes: 10 * weight,
      eviction: 's3-fifo',
    })

    await group.get('key-0')
    clock.advance(60_000)
    await group.get('key-0')
    for (let i = 1; i <= 12; i++) await group.get(`key-${i}`)
    await group.get('key-0')

    // Two uses would have kept it.
    expect(loader.calls.filter((key) => key === 'key-0')).toHaveLength(3)
  })

  test('a value is fresh until its ttl has passed, and not a millisecond longer', async () => {
    const loader = countingLoader()
    const { group, clock } = createTestGroup({ loader: loader.load, options: { ttlMs: 5_000 } })

    await group.get('Tom')
    clock.advance(4_999)
    const before = await group.get('Tom')
    clock.advance(1)
    const after = await group.get('Tom')

    expect(before.path).toEqual([{ cache: 'node-0', hit: true, ttlMs: 1 }])
    expect(after.path).toEqual([{ cache: 'node-0', fwd: 'miss', stored: true }])
    expect(loader.calls).toHaveLength(2)
    expect(group.stats.evictions.expired).toBe(1)
    expect(group.items).toBe(1)
  })

  test('jitter ends a life early by its part at most, and the ttl reported is the one that holds', async () => {
    const { group } = createTestGroup({
      loader: countingLoader().load,
      options: { ttlMs: 10_000, expiryJitter: 0.2 },
      random: () => 0.5,
    })

    await group.get('Tom')

    expect((await group.get('Tom')).path).toEqual([{ cache: 'node-0', hit: true, ttlMs: 9_000 }])
  })

  test('a ttl of zero stores nothing, but still lets callers share a load', async () => {
    const loader = countingLoader()
    const { group } = createTestGroup({ loader: loader.load, options: { ttlMs: 0 } })

    const [first] = await Promise.all([group.get('Tom'), group.get('Tom')])
    await group.get('Tom')

    expect(first.path).toEqual([{ cache: 'node-0', fwd: 'miss' }])
    expect(loader.calls).toHaveLength(2)
    expect(group.items).toBe(0)
    expect(group.stats.rejected).toBe(0)
  })

  test('the loader can give one value a life of its own', async () => {
    const loader = countingLoader(() => ({ ...text('630'), ttlMs: 7 }))
    const { group } = createTestGroup({ loader: loader.load })

    await group.get('Tom')

    expect((await group.get('Tom')).path).toEqual([{ cache: 'node-0', hit: true, ttlMs: 7 }])
  })

  test('a value above maxValueBytes is answered and not stored', async () => {
    const loader = countingLoader(() => text('x'.repeat(1025)))
    const { group } = createTestGroup({ loader: loader.load, options: { maxValueBytes: 1024 } })

    const reply = await group.get('Tom')
    await group.get('Tom')

    expect(textOf(reply)).toHaveLength(1025)
    expect(reply.path).toEqual([{ cache: 'node-0', fwd: 'miss' }])
    expect(loader.calls).toHaveLength(2)
    expect(group).toMatchObject({ items: 0, bytes: 0 })
    expect(group.stats.rejected).toBe(2)
  })

  test('a value that has grown too large takes the older one with it', async () => {
    let length = 10
    const loader = countingLoader(() => ({ ...text('x'.repeat(length)), originEtag: '"1"' }))
    const { group, clock } = createTestGroup({
      loader: loader.load,
      options: { maxValueBytes: 1024 },
    })
    await group.get('Tom')
    clock.advance(60_000)
    length = 1025

    await group.get('Tom')

    expect(group).toMatchObject({ items: 0, bytes: 0 })
    expect(group.stats).toMatchObject({ rejected: 1, evictions: { replaced: 1 } })
  })

  test('a small view of a large buffer weighs what it shows', async () => {
    const large = new Uint8Array(100_000)
    const loader = countingLoader(() => ({ ...text(''), value: large.subarray(10, 13) }))
    const { group } = createTestGroup({ loader: loader.load })

    await group.get('Tom')

    expect(group.bytes).toBe(weightOf('Tom', '...'))
  })

  test('a load that takes longer than the timeout is answered as such, and frees the key', async () => {
    const loader = countingLoader(() => new Promise<never>(() => {}))
    const { group, clock } = createTestGroup({ loader: loader.load, options: { timeoutMs: 100 } })

    const hanging = group.get('Tom')
    clock.advance(100)
    const reply = await hanging
    void group.get('Tom')

    expect(reply).toMatchObject({ kind: 'failed', code: 'load-timeout' })
    expect(loader.calls).toHaveLength(2)
    expect(group.stats).toMatchObject({ loadTimeouts: 1, loadErrors: 0 })
  })

  test('"not found" is an answer, however the loader says it, and is not logged', async () => {
    const loader = countingLoader((key) => {
      if (key === 'thrown') throw new NotFoundError('no such player')
      return { kind: 'not-found' }
    })
    const { group, errors } = createTestGroup({ loader: loader.load })

    expect(await group.get('thrown')).toMatchObject({ kind: 'not-found' })
    expect(await group.get('returned')).toMatchObject({ kind: 'not-found' })
    expect(group.stats).toMatchObject({ notFound: 2, loadErrors: 0 })
    expect(errors).toEqual([])
  })

  test.each(['a b/c,d', '100%25', 'ключ', '..', '', '__proto__', ' '])(
    'the key %j is a key like any other',
    async (key) => {
      const loader = countingLoader()
      const { group } = createTestGroup({ loader: loader.load })

      await group.get(key)

      expect(textOf(await group.get(key))).toBe(`value of ${key}`)
      expect(loader.calls).toEqual([key])
    },
  )

  test('a load is counted in the histogram by how long it took', async () => {
    const latch = Promise.withResolvers<LoadedValue>()
    const { group, clock } = createTestGroup({ loader: countingLoader(() => latch.promise).load })

    const get = group.get('Tom')
    clock.advance(300)
    latch.resolve(text('630'))
    await get

    expect(group.stats.loadSeconds).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    expect(group.stats.loadSecondsSum).toBeCloseTo(0.3)
  })
})

test('a loader whose promise settles twice has answered once', async () => {
  const thenable = {
    // biome-ignore lint/suspicious/noThenProperty: what a loader returns may be anything that is awaited
    then(resolve: (loaded: LoadedValue) => void, reject: (error: unknown) => void) {
      resolve(text('first'))
      resolve(text('second'))
      reject(new Error('third'))
    },
  }
  const { group, errors } = createTestGroup({ loader: () => thenable as Promise<LoadedValue> })

  expect(textOf(await group.get('Tom'))).toBe('first')
  expect(textOf(await group.get('Tom'))).toBe('first')
  expect(group.stats).toMatchObject({ loads: 1, loadErrors: 0 })
  expect(errors).toEqual([])
})

describe('a guest', () => {
  test('keeps a copy for hotTtl from when it began to load, and says that it is a guest', async () => {
    const latch = Promise.withResolvers<LoadedValue>()
    const loader = countingLoader(() => latch.promise)
    const { group, clock } = createTestGroup({ loader: loader.load, placement: GUEST })

    const load = group.get('Tom')
    clock.advance(400)
    latch.resolve(text('630'))
    const loaded = await load
    const hit = await group.get('Tom')
    clock.advance(600)
    await group.get('Tom')

    expect(loaded.path).toEqual([{ cache: 'node-1', fwd: 'miss', stored: true, detail: 'guest' }])
    expect(hit.path).toEqual([{ cache: 'node-1', hit: true, ttlMs: 600, detail: 'guest' }])
    expect(loader.calls).toHaveLength(2)
    expect(group.stats.guestLoads).toBe(2)
  })
})

describe('setting groups up', () => {
  test('peers are registered once', () => {
    const { group } = createTestGroup({ loader: countingLoader().load })
    const peers = pickerOf([], new Topology({ nodes: 1 }))
    group.registerPeers(peers)

    expect(() => group.registerPeers(peers)).toThrow(ConfigError)
  })

  test('a name is taken once', () => {
    const groups = new Groups()
    const { group } = createTestGroup({ loader: countingLoader().load })
    groups.add(group)

    expect(() => groups.add(group)).toThrow(/scores.*allowed: a name that no other group has/)
    expect(groups.get('scores')).toBe(group)
    expect(groups.get('constructor')).toBeUndefined()
  })
})

function weightOf(key: string, value: string): number {
  return key.length + value.length + 'text/plain'.length + ENTRY_OVERHEAD_BYTES
}

/** Runs the work of two callers of a key one after the other, as if the second had missed late. */
class SerialFlights implements LoadSharing<FillResult> {
  private readonly flights = new Singleflight<FillResult>()
  private last: Promise<unknown> = Promise.resolve()

  has(): boolean {
    return false
  }

  run(key: string, work: () => FillResult | Promise<FillResult>): Promise<FillResult> {
    const result = this.last.then(() => this.flights.run(key, work))
    this.last = result
    return result
  }

  forget(): void {}

  forgetAll(): void {}
}
