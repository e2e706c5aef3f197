import { describe, expect, test } from 'vitest'
import type { Purge } from '../../src/core/entry/purge.ts'
import type { Loaded } from '../../src/core/load/loader.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { createTestGroup, textOf } from '../support/group-factory.ts'
import { latchedLoader } from '../support/latched-loader.ts'
import { settle } from '../support/settle.ts'

type Options = Parameters<typeof createTestGroup>[0]['options']

/** A group whose loads a test ends one by one, in the order of the calls. */
function latchedGroup(options?: Options) {
  const loader = latchedLoader()
  const parts = createTestGroup({ loader: loader.load, ...(options ? { options } : {}) })
  return { ...parts, loader, answer: loader.answer, fail: loader.fail }
}

/** A group that has the values given, under tags. */
async function filledGroup(values: Record<string, string[]>, options?: Options) {
  const loader = countingLoader((key) => ({ ...text(`value of ${key}`), tags: values[key] ?? [] }))
  const parts = createTestGroup({ loader: loader.load, ...(options ? { options } : {}) })
  for (const key of Object.keys(values)) await parts.group.get(key)
  loader.calls.length = 0
  return { ...parts, loader }
}

const PURGES: [string, Purge][] = [
  ['of the key', { keys: ['Tom'] }],
  ['of its tag', { tags: ['players'] }],
  ['of everything', { all: true }],
  ['of the key, softly', { keys: ['Tom'], soft: true }],
  ['of its tag, softly', { tags: ['players'], soft: true }],
  ['of everything, softly', { all: true, soft: true }],
]

describe.each(PURGES)('a purge %s', (_, purge) => {
  test('takes the value: the next caller causes a load', async () => {
    const { group, loader } = await filledGroup({ Tom: ['players'] })

    const report = await group.purge(purge)
    await group.get('Tom')

    expect(report).toEqual({ ok: true, nodes: 1, entries: 1, failed: [] })
    expect(loader.calls).toEqual(['Tom'])
  })

  test('during a load: the load does not store, and nobody who comes later joins it', async () => {
    const { answer, group, loader } = latchedGroup()
    const before = group.get('Tom')

    group.purgeLocally(purge)
    const after = group.get('Tom')
    answer(0, { ...text('old'), tags: ['players'] })
    await settle()
    expect(group.items).toBe(0)
    answer(1, { ...text('new'), tags: ['players'] })

    expect(textOf(await before)).toBe('old')
    expect(textOf(await after)).toBe('new')
    expect((await after).path).toEqual([{ cache: 'node-0', fwd: 'miss', stored: true }])
    expect(textOf(await group.get('Tom'))).toBe('new')
    expect(loader.calls).toHaveLength(2)
  })

  test('during a load that ends after the next one has stored: the newer value stays', async () => {
    const { answer, group, loader } = latchedGroup()
    void group.get('Tom')
    group.purgeLocally(purge)
    const after = group.get('Tom')
    answer(1, { ...text('new'), tags: ['players'] })
    await after

    answer(0, { ...text('old'), tags: ['players'] })
    await settle()

    expect(textOf(await group.get('Tom'))).toBe('new')
    expect(loader.calls).toHaveLength(2)
  })

  test('before a late answer: the late answer does not fill the cache', async () => {
    const { answer, clock, group } = latchedGroup({ timeoutMs: 100 })
    const hanging = group.get('Tom')
    clock.advance(100)
    await hanging

    group.purgeLocally(purge)
    answer(0, { ...text('old'), tags: ['players'] })
    await settle()

    expect(group.items).toBe(0)
  })

  test('during the refresh of a stale value: the refresh does not store', async () => {
    const { answer, clock, group } = latchedGroup({ ttlMs: 1_000, staleWhileRevalidateMs: 500 })
    const first = group.get('Tom')
    answer(0, { ...text('old'), tags: ['players'] })
    await first
    clock.advance(1_000)
    await group.get('Tom')

    group.purgeLocally(purge)
    answer(1, { ...text('old again'), tags: ['players'] })
    await settle()
    void group.get('Tom')
    answer(2, { ...text('new'), tags: ['players'] })
    await settle()

    expect(textOf(await group.get('Tom'))).toBe('new')
  })
})

describe('a purge by tag', () => {
  test('takes what carries the tag, and leaves the rest', async () => {
    const { group, loader } = await filledGroup({ a: ['x'], b: ['x', 'y'], c: ['y'], d: [] })

    const report = await group.purge({ tags: ['x'] })
    for (const key of ['a', 'b', 'c', 'd']) await group.get(key)

    expect(report.entries).toBe(2)
    expect(loader.calls).toEqual(['a', 'b'])
    expect(group.stats.evictions.purged).toBe(2)
  })

  test('counts only what is held and not purged already', async () => {
    const { group } = await filledGroup({ a: ['x'], b: ['x'] })
    await group.purge({ keys: ['a'] })

    expect((await group.purge({ tags: ['x', 'never seen'] })).entries).toBe(1)
    expect((await group.purge({ tags: ['x'] })).entries).toBe(0)
    await group.get('a')
    expect((await group.purge({ tags: ['x'] })).entries).toBe(1)
  })

  test('does not hold back a load under way that turns out not to carry the tag', async () => {
    const { answer, group, loader } = latchedGroup()
    const load = group.get('Tom')

    group.purgeLocally({ tags: ['players'] })
    answer(0, { ...text('630'), tags: ['others'] })
    await load

    expect(textOf(await group.get('Tom'))).toBe('630')
    expect(loader.calls).toHaveLength(1)
  })

  test('does not look at the entries: a hundred thousand marks for as many entries would', async () => {
    const { group } = createTestGroup({
      loader: countingLoader((key) => ({ ...text(key), tags: ['all'] })).load,
      maxBytes: 64 * 1024 * 1024,
    })
    for (let i = 0; i < 20_000; i++) await group.get(`key-${i}`)

    expect((await group.purge({ tags: ['all'] })).entries).toBe(20_000)
    // They are gone for every reader, and leave memory when they are looked up, or give way to others.
    expect(group.items).toBe(20_000)
    await group.get('key-0')
    expect(group.stats.evictions.purged).toBe(1)
    expect(group.items).toBe(20_000)
  })
})

describe('a soft purge', () => {
  const windows = { ttlMs: 60_000, staleWhileRevalidateMs: 500, staleIfErrorMs: 10_000 }
  const soft: [string, Purge][] = PURGES.filter(([, purge]) => purge.soft)

  test.each(soft)('%s makes the value stale from that moment', async (_, purge) => {
    const { clock, group, loader } = await filledGroup({ Tom: ['players'] }, windows)

    const report = await group.purge(purge)
    clock.advance(400)
    const stale = await group.get('Tom')
    await settle()
    const renewed = await group.get('Tom')

    expect(report.entries).toBe(1)
    expect(textOf(stale)).toBe('value of Tom')
    expect(stale.path).toEqual([{ cache: 'node-0', fwd: 'stale', ttlMs: -400 }])
    expect(renewed.path[0]).toMatchObject({ hit: true, ttlMs: 60_000 })
    expect(loader.calls).toEqual(['Tom'])
  })

  test.each(soft)('%s leaves the stale windows their length, and no more', async (_, purge) => {
    const { clock, group, loader } = await filledGroup({ Tom: ['players'] }, windows)

    await group.purge(purge)
    clock.advance(10_000)

    expect((await group.get('Tom')).path).toEqual([{ cache: 'node-0', fwd: 'miss', stored: true }])
    expect(loader.calls).toEqual(['Tom'])
  })

  test('of the key brings nothing back that its tag had been purged of', async () => {
    const { group, loader } = await filledGroup({ Tom: ['players'] }, windows)

    await group.purge({ tags: ['players'] })
    const report = await group.purge({ keys: ['Tom'], soft: true })
    await group.get('Tom')

    expect(report.entries).toBe(0)
    expect(loader.calls).toEqual(['Tom'])
  })

  test.each(soft)('%s, again and again, makes no stale window longer', async (_, purge) => {
    const { clock, group, loader } = await filledGroup({ Tom: ['players'] }, windows)

    for (let i = 0; i < 5; i++) {
      await group.purge(purge)
      clock.advance(2_000)
    }
    await group.get('Tom')

    expect(loader.calls).toEqual(['Tom'])
    expect(group.stats.stale).toBe(0)
  })

  test('does not lengthen the life of what is stale already', async () => {
    const { clock, group } = await filledGroup({ Tom: [] }, windows)
    clock.advance(60_400)

    await group.purge({ keys: ['Tom'], soft: true })
    clock.advance(200)

    expect(group.get('Tom')).toBeInstanceOf(Promise)
  })

  test('of a value that is purged hard takes nothing back', async () => {
    const { group, loader } = await filledGroup({ Tom: ['players'] }, windows)

    await group.purge({ tags: ['players'] })
    await group.purge({ tags: ['players'], soft: true })
    await group.get('Tom')

    expect(loader.calls).toEqual(['Tom'])
  })
})

describe('a set', () => {
  test('is answered from then on, with its own type and life', async () => {
    const { clock, group, loader } = await filledGroup({ Tom: [] })

    await group.set('Tom', { ...text('700'), contentType: 'text/x', ttlMs: 5_000 })
    const reply = await group.get('Tom')
    clock.advance(5_000)
    await group.get('Tom')

    expect(reply).toMatchObject({ entry: { contentType: 'text/x', etag: '"3 bytes"' } })
    expect(textOf(reply)).toBe('700')
    expect(loader.calls).toEqual(['Tom'])
  })

  test('during a load: the load does not replace it, and who comes later gets what was set', async () => {
    const { answer, group, loader } = latchedGroup()
    const before = group.get('Tom')

    await group.set('Tom', text('set'))
    const after = group.get('Tom')
    answer(0, text('loaded'))
    await settle()

    expect(textOf(await before)).toBe('loaded')
    expect(textOf(await after)).toBe('set')
    expect(textOf(await group.get('Tom'))).toBe('set')
    expect(loader.calls).toHaveLength(1)
  })

  test('wins over a load that begins while its tag is being computed', async () => {
    const tag = Promise.withResolvers<string>()
    const latch = Promise.withResolvers<Loaded>()
    const { group } = createTestGroup({
      loader: countingLoader(() => latch.promise).load,
      entityTag: (value) => (value.byteLength === 3 ? tag.promise : '"x"'),
    })
    const set = group.set('Tom', text('set'))
    const load = group.get('Tom')

    tag.resolve('"set"')
    await set
    latch.resolve(text('loaded'))
    await load

    expect(textOf(await group.get('Tom'))).toBe('set')
  })

  test('carries tags, by which it is purged', async () => {
    const { group, loader } = await filledGroup({})
    await group.set('Tom', { ...text('700'), tags: ['players'] })

    expect((await group.purge({ tags: ['players'] })).entries).toBe(1)
    await group.get('Tom')

    expect(loader.calls).toEqual(['Tom'])
  })

  test('during a load, and gone again before that ends: the load does not store', async () => {
    const { answer, clock, group } = latchedGroup()
    void group.get('Tom')
    await group.set('Tom', { ...text('set'), ttlMs: 100 })
    clock.advance(100)
    const after = group.get('Tom')

    answer(0, text('loaded before'))
    await settle()

    expect(group.items).toBe(0)
    answer(1, text('loaded after'))
    expect(textOf(await after)).toBe('loaded after')
  })

  test('with no life takes the older value with it', async () => {
    const { group } = await filledGroup({ Tom: [] })

    expect(await group.set('Tom', { ...text('700'), ttlMs: 0 })).toBe('no-life')
    expect(group.items).toBe(0)
  })

  test('that is too large says so, and leaves the old value', async () => {
    const { group } = await filledGroup({ Tom: [] }, { maxValueBytes: 20 })

    expect(await group.set('Tom', text('x'.repeat(21)))).toBe('too-large')
    expect(textOf(await group.get('Tom'))).toBe('value of Tom')
  })
})
