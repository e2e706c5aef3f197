import { describe, expect, test } from 'vitest'
import { RENEWABLE_FOR_MS } from '../../src/core/durable/entry-store.ts'
import { ENTRY_OVERHEAD_BYTES } from '../../src/core/entry/entry.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { createDurableGroup, createDurableGroupOn } from '../support/durable-group.ts'
import { textOf } from '../support/group-factory.ts'
import { settle } from '../support/settle.ts'

describe('an entry of a durable group', () => {
  test('is answered without a load, and without a promise, once memory is lost', async () => {
    const loader = countingLoader(() => ({ ...text('630'), contentLanguage: 'en', tags: ['a'] }))
    const node = createDurableGroup({ loader: loader.load })
    const first = await node.group.get('Tom')
    node.write()

    node.loseMemory()
    node.clock.advance(10_000)
    const reply = node.group.get('Tom')

    expect(reply).not.toBeInstanceOf(Promise)
    expect(reply).toMatchObject({
      entry: first.kind === 'value' && first.entry,
      path: [{ cache: 'node-0', hit: true, ttlMs: 50_000 }],
    })
    expect(loader.calls).toHaveLength(1)
    expect(node.group.stats).toMatchObject({ gets: 1, hits: 1, durableHits: 1, loads: 0 })
  })

  test('is written after its reply, not before', async () => {
    const node = createDurableGroup({ loader: countingLoader().load })

    await node.group.get('Tom')
    await settle()

    expect(node.store.writes).toEqual([])
    node.write()
    expect(node.store.writes).toEqual(['Tom'])
  })

  test('is read back once, and then answered from memory', async () => {
    const node = createDurableGroup({ loader: countingLoader().load })
    await node.group.get('Tom')
    node.write()
    node.loseMemory()

    for (let i = 0; i < 3; i++) node.group.get('Tom')

    expect(node.group.stats).toMatchObject({ gets: 3, hits: 3, durableHits: 1 })
    expect(node.group.items).toBe(1)
  })

  test('that was set is there too', async () => {
    const node = createDurableGroup({ loader: countingLoader().load })
    await node.group.setLocally('Tom', { ...text('set'), ttlMs: 5_000 })
    node.write()

    node.loseMemory()

    expect(textOf(await node.group.get('Tom'))).toBe('set')
    node.clock.advance(5_000)
    expect(textOf(await node.group.get('Tom'))).toBe('value of Tom')
  })

  test('that nobody has written yet is loaded anew', async () => {
    const loader = countingLoader()
    const node = createDurableGroup({ loader: loader.load })
    await node.group.get('Tom')

    node.loseMemory()
    await node.group.get('Tom')

    expect(loader.calls).toHaveLength(2)
  })

  test('gives way in memory, and is read back', async () => {
    const loader = countingLoader()
    const node = createDurableGroup({ loader: loader.load, maxBytes: 2 * 1024 + 100 })
    for (const key of ['a', 'b', 'c']) {
      await node.group.get(key)
      node.write()
    }

    expect(textOf(await node.group.get('a'))).toBe('value of a')
    expect(loader.calls).toEqual(['a', 'b', 'c'])
  })

  test('gives way in memory while it waits, and is there all the same', async () => {
    const loader = countingLoader()
    const node = createDurableGroup({ loader: loader.load, maxBytes: ENTRY_OVERHEAD_BYTES + 100 })
    for (const key of ['a', 'b', 'c']) await node.group.get(key)

    expect(textOf(await node.group.get('a'))).toBe('value of a')
    node.write()
    node.loseMemory()
    for (const key of ['a', 'b', 'c']) expect(node.group.get(key)).not.toBeInstanceOf(Promise)
    expect(loader.calls).toEqual(['a', 'b', 'c'])
  })

  test('that has no room in memory is answered, and read back each time', async () => {
    const loader = countingLoader()
    const { clock, group, store, write } = createDurableGroup({ loader: loader.load })
    await group.get('Tom')
    write()
    const parts = { loader: loader.load, maxBytes: ENTRY_OVERHEAD_BYTES, clock }
    const small = createDurableGroupOn(store, parts)

    for (let i = 0; i < 2; i++) expect(textOf(await small.group.get('Tom'))).toBe('value of Tom')

    expect(small.group).toMatchObject({
      items: 0,
      stats: { durableHits: 2, rejected: 0, loads: 0 },
    })
  })

  test('is stale on disk as it is in memory: answered within its window, and refreshed', async () => {
    const loader = countingLoader()
    const options = { ttlMs: 1_000, staleWhileRevalidateMs: 1_000 }
    const node = createDurableGroup({ loader: loader.load, options })
    await node.group.get('Tom')
    node.write()
    node.loseMemory()
    node.clock.advance(1_500)

    const reply = node.group.get('Tom')
    await settle()

    expect(reply).toMatchObject({ path: [{ fwd: 'stale', ttlMs: -500 }] })
    expect(node.group.stats).toMatchObject({ stale: 1, hits: 0, durableHits: 0, loads: 1 })
    expect(await node.group.get('Tom')).toMatchObject({ path: [{ hit: true, ttlMs: 1_000 }] })
  })

  test('is over when its time is, to the millisecond', async () => {
    const loader = countingLoader()
    const node = createDurableGroup({ loader: loader.load })
    await node.group.get('Tom')
    node.write()

    node.loseMemory()
    node.clock.advance(59_999)
    expect(node.group.get('Tom')).not.toBeInstanceOf(Promise)
    node.loseMemory()
    node.clock.advance(1)
    await node.group.get('Tom')

    expect(loader.calls).toHaveLength(2)
  })

  test('is not answered by a clock that was set back behind the moment of storing', async () => {
    const loader = countingLoader()
    const node = createDurableGroup({ loader: loader.load })
    await node.group.get('Tom')
    node.write()
    node.loseMemory()

    node.clock.goBack(1)
    await node.group.get('Tom')

    expect(loader.calls).toHaveLength(2)
  })

  test('that its origin can renew is asked about after its end, and its bytes stay', async () => {
    const seen: (string | undefined)[] = []
    const node = createDurableGroup({
      loader: async (_, { stale }) => {
        seen.push(stale?.originEtag)
        return stale ? { kind: 'not-modified' } : { ...text('630'), originEtag: '"o"' }
      },
    })
    await node.group.get('Tom')
    node.write()
    node.loseMemory()
    node.clock.advance(60_000 + RENEWABLE_FOR_MS - 1)

    expect(textOf(await node.group.get('Tom'))).toBe('630')
    node.write()
    node.loseMemory()
    node.clock.advance(60_000 + RENEWABLE_FOR_MS)
    await node.group.get('Tom')

    expect(seen).toEqual([undefined, '"o"', undefined])
  })
})

describe('what takes the place of a stored entry', () => {
  test.each([
    ['is never stored', () => ({ ...text('new'), ttlMs: 0 })],
    ['says that there is nothing', () => ({ kind: 'not-found' as const })],
    ['says so for a while', () => ({ kind: 'not-found' as const, ttlMs: 1_000 })],
    ['is too large', () => text('x'.repeat(1_025))],
    ['is too large for a call', () => ({ kind: 'too-large' as const })],
  ])('and %s takes it off the disk at once', async (_, answer) => {
    let calls = 0
    const options = { ttlMs: 1_000, staleWhileRevalidateMs: 60_000 }
    const loader = countingLoader(() => (calls++ === 0 ? text('old') : answer()))
    const node = createDurableGroup({ loader: loader.load, options })
    await node.group.get('Tom')
    node.write()
    node.clock.advance(1_000)
    await node.group.get('Tom')
    await settle()

    expect(node.store.items).toBe(0)
    node.loseMemory()
    node.clock.advance(1_000)
    await node.group.get('Tom')
    expect(loader.calls).toHaveLength(3)
  })

  test('takes what still waits off its way to the disk', async () => {
    let calls = 0
    const options = { ttlMs: 1_000, staleWhileRevalidateMs: 60_000 }
    const loader = countingLoader(() => (calls++ === 0 ? text('old') : { kind: 'not-found' }))
    const node = createDurableGroup({ loader: loader.load, options })
    await node.group.get('Tom')
    node.clock.advance(1_000)
    await node.group.get('Tom')
    await settle()
    node.write()

    expect(node.store.writes).toEqual([])
  })

  test('is what is read back', async () => {
    const loader = countingLoader(() => text(`load ${loader.calls.length}`))
    const node = createDurableGroup({ loader: loader.load, options: { ttlMs: 1_000 } })
    await node.group.get('Tom')
    node.write()
    node.clock.advance(1_000)
    await node.group.get('Tom')
    node.write()

    node.loseMemory()

    expect(textOf(await node.group.get('Tom'))).toBe('load 2')
    expect(node.store.items).toBe(1)
  })

  test('and waits to be written is what counts, when memory has let it go', async () => {
    const loader = countingLoader((key) => text(`load ${loader.calls.length} of ${key}`))
    const node = createDurableGroup({
      loader: loader.load,
      options: { ttlMs: 1_000, staleWhileRevalidateMs: 60_000 },
      maxBytes: ENTRY_OVERHEAD_BYTES + 100,
    })
    await node.group.get('a')
    node.write()
    node.clock.advance(1_000)
    await node.group.get('a')
    await settle()
    await node.group.get('b')

    expect(textOf(await node.group.get('a'))).toBe('load 2 of a')
  })

  test('and was set takes it off the disk before the set has answered', async () => {
    const node = createDurableGroup({ loader: countingLoader().load })
    await node.group.get('Tom')
    node.write()

    await node.group.setLocally('Tom', text('set'))

    expect(node.store.items).toBe(0)
    node.write()
    expect(node.store.items).toBe(1)
  })

  test('and was set with no life leaves nothing', async () => {
    const node = createDurableGroup({ loader: countingLoader().load })
    await node.group.get('Tom')
    node.write()

    expect(await node.group.setLocally('Tom', { ...text('set'), ttlMs: 0 })).toBe('no-life')

    node.write()
    expect(node.store.items).toBe(0)
  })
})

describe('the store', () => {
  const size = ENTRY_OVERHEAD_BYTES + 1 + 10 + 'text/plain'.length

  function node(maxEntries: number, maxBytes = 1024 * 1024, ttlMs = 60_000) {
    const loader = countingLoader(() => text('0123456789'))
    const parts = createDurableGroup({
      loader: loader.load,
      options: { ttlMs },
      maxBytes,
      maxDurableBytes: maxEntries * size,
    })
    const get = async (key: string) => {
      await parts.group.get(key)
      parts.clock.advance(10)
      parts.write()
    }
    return { ...parts, get, keys: () => [...parts.store.keysOf({ all: true })].sort() }
  }

  test('is bounded: what was used longest ago gives way', async () => {
    const { get, group, keys } = node(3, size)
    for (const key of ['a', 'b', 'c', 'd']) await get(key)

    expect(keys()).toEqual(['b', 'c', 'd'])
    expect(group).toMatchObject({ durableItems: 3, durableBytes: 3 * size })
  })

  test('spares what memory has too', async () => {
    const { get, keys } = node(3, 2 * size)
    for (const key of ['a', 'b', 'a', 'c', 'a', 'd']) await get(key)

    expect(keys()).toEqual(['a', 'c', 'd'])
  })

  test('takes nothing that is larger than it', async () => {
    const { get, keys, store } = node(0.9)
    await get('a')

    expect(keys()).toEqual([])
    expect(store.writes).toEqual([])
  })

  test('keeps an entry that is read back now and then', async () => {
    const { clock, get, keys } = node(2, size, 3_600_000)
    for (const key of ['a', 'b']) await get(key)
    clock.advance(600_000)
    await get('a')
    await get('c')

    expect(keys()).toEqual(['a', 'c'])
  })

  test('is swept of what is gone, and of nothing else', async () => {
    const { clock, get, group, keys } = node(10)
    await get('a')
    clock.advance(30_000)
    await get('b')
    clock.advance(30_000)

    expect(group.sweep(clock.now(), 10)).toBe(false)
    expect(keys()).toEqual(['b'])
    expect(group.sweep(clock.now(), 1)).toBe(false)
    clock.advance(60_000)
    expect(group.sweep(clock.now(), 1)).toBe(true)
    expect(group.earliestRemovableMs).toBe(Number.POSITIVE_INFINITY)
  })

  test('tells when the first entry will be gone, after writing', async () => {
    const { clock, get, written } = node(10)
    const endMs = clock.now() + 60_000
    await get('a')
    await get('b')

    expect(written).toEqual([endMs, endMs])
  })

  test('gets nothing that is gone before its turn has come', async () => {
    const parts = node(3, 1024 * 1024, 5)
    await parts.get('a')

    expect(parts.store.writes).toEqual([])
  })

  test('has no more than a mebibyte waiting, or one entry', async () => {
    const loader = countingLoader(() => text('x'.repeat(600 * 1024)))
    const options = { maxValueBytes: 1024 * 1024 }
    const durable = createDurableGroup({ loader: loader.load, options, maxBytes: 8 * 1024 * 1024 })

    await durable.group.get('a')
    expect(durable.store.writes).toEqual([])
    await durable.group.get('b')
    expect(durable.store.writes).toEqual(['a'])
    durable.write()
    expect(durable.store.writes).toEqual(['a', 'b'])
  })
})

describe('a place that does not own a key', () => {
  test('neither writes nor reads', async () => {
    const loader = countingLoader()
    let owned = true
    const node = createDurableGroup({ loader: loader.load, isOwned: () => owned })
    await node.group.get('Tom')
    node.write()
    node.loseMemory()

    owned = false
    await node.group.get('Tom')
    await node.group.get('Jack')
    node.write()

    expect(loader.calls).toEqual(['Tom', 'Tom', 'Jack'])
    expect(node.store.writes).toEqual(['Tom'])
  })

  test('leaves what it has stored when it did: others may ask for that', async () => {
    let owned = true
    const isOwned = () => owned
    const placement = {
      cacheName: 'node-0',
      fallbackRoleFor: () => (owned ? undefined : ('guest' as const)),
    }
    const node = createDurableGroup({ loader: countingLoader().load, isOwned, placement })
    await node.group.get('Tom')
    node.write()
    node.loseMemory()

    owned = false
    await node.group.get('Tom')
    node.write()

    expect(node.group.durableItems).toBe(1)
  })

  test('shows nothing that is purged', async () => {
    const loader = countingLoader((key) => ({ ...text(key), tags: ['x'] }))
    const node = createDurableGroup({ loader: loader.load })
    await node.group.get('Tom')

    node.group.purgeLocally({ tags: ['x'] })

    expect(node.group.items).toBe(1)
    expect(node.group.peek('Tom')).toBeUndefined()
  })

  test('may peek at what it has, in memory and on disk, without a trace', async () => {
    let owned = true
    const node = createDurableGroup({
      loader: countingLoader().load,
      options: { ttlMs: 1_000, staleIfErrorMs: 500 },
      isOwned: (key) => owned || key === 'a',
    })
    for (const key of ['a', 'b']) await node.group.get(key)
    node.write()
    node.loseMemory()
    owned = false
    node.group.get('a')
    const stats = structuredClone({ ...node.group.stats })
    const peek = (key: string) => node.group.peek(key)

    for (const key of ['a', 'b']) expect(peek(key)).toMatchObject({ entry: { etag: '"10 bytes"' } })
    expect(peek('c')).toBeUndefined()
    node.clock.advance(1_499)
    expect([peek('a')?.kind, peek('b')?.kind]).toEqual(['value', 'value'])
    node.clock.advance(1)
    expect([peek('a'), peek('b')]).toEqual([undefined, undefined])
    expect({ ...node.group.stats }).toEqual(stats)
    expect(node.group.items).toBe(1)
  })
})
