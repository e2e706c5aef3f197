import { describe, expect, test } from 'vitest'
import { countingLoader } from '../support/counting-loader.ts'
import { createTestGroup } from '../support/group-factory.ts'
import { latchedLoader } from '../support/latched-loader.ts'
import { settle } from '../support/settle.ts'
import { bytes, expectNoneTwice, keysOf, lengthsOf, SMALL_ROOM } from '../support/sized-values.ts'

const LARGE = { maxValueBytes: 8_000 }

describe('a batch in one place', () => {
  test.each([
    ['values of 1 KiB', () => bytes(1_024)],
    ['"not found"', () => ({ kind: 'not-found' }) as const],
  ])('loads a hundred cold keys in fourteen rounds (%s)', async (_, answer) => {
    const loader = latchedLoader()
    const { group } = createTestGroup({ loader: loader.load })

    const replies = group.getMany(keysOf(100))
    const rounds: number[] = []
    for (let begun = 0; begun < 100 && rounds.length < 100; begun = loader.calls.length) {
      await settle()
      rounds.push(loader.calls.length - begun)
      for (let i = begun; i < loader.calls.length; i++) loader.answer(i, answer())
    }

    expect(rounds).toEqual([1, 3, ...Array(12).fill(8)])
    expect((await replies).every((reply) => reply !== null)).toBe(true)
  })

  test('loads keys that fail in as few rounds, each once', async () => {
    const loader = latchedLoader()
    const { group } = createTestGroup({ loader: loader.load })

    const replies = group.getMany(keysOf(16))
    for (const begun of [0, 1, 4, 12]) {
      await settle()
      for (let i = begun; i < loader.calls.length; i++) loader.fail(i)
    }

    expect(lengthsOf(await replies)).toEqual(Array(16).fill('failed'))
    expectNoneTwice(loader)
  })

  test('starts the next load as soon as one lands, whichever it is', async () => {
    const loader = latchedLoader()
    const { group } = createTestGroup({ loader: loader.load })

    const replies = group.getMany(keysOf(20))
    for (let i = 0; i < 20; i++) {
      await settle()
      if (i !== 1) loader.answer(i, bytes(10))
    }
    await settle()

    expect(loader.calls).toHaveLength(20)
    loader.answer(1, bytes(10))
    expect(lengthsOf(await replies)).toEqual(Array(20).fill(10))
  })

  test('loads at most eight large values at once after small ones, and no more once one has landed', async () => {
    const loader = latchedLoader()
    const { group } = createTestGroup({ loader: loader.load, options: LARGE })

    const replies = group.getMany(keysOf(64), SMALL_ROOM)
    for (let i = 0; i < 16; i++) {
      await settle()
      loader.answer(i, { kind: 'not-found' })
    }
    await settle()
    expect(loader.calls).toHaveLength(16 + 8)
    loader.answer(16, bytes(5_000))
    for (let i = 17; i < 64; i++) {
      await settle()
      loader.answer(i, bytes(5_000))
    }

    expect(lengthsOf(await replies).slice(0, 18)).toEqual([
      ...Array(16).fill('not-found'),
      5_000,
      undefined,
    ])
    expect(loader.calls).toHaveLength(16 + 8)
  })

  test('answers the first value though it exceeds the room, and loads little more', async () => {
    const loader = countingLoader(() => bytes(5_000))
    const { group } = createTestGroup({ loader: loader.load, options: LARGE })

    const replies = await group.getMany(keysOf(100), SMALL_ROOM)

    expect(lengthsOf(replies)).toEqual([5_000, ...Array(99).fill(undefined)])
    expect(loader.calls).toEqual(['key-0', 'key-1', 'key-2'])
  })

  test.each([5, 17, 20, 65])('answers %d values that fill the room', async (count) => {
    const loader = countingLoader(() => bytes(60))
    const { group } = createTestGroup({ loader: loader.load })

    const replies = await group.getMany(keysOf(count + 1), { maxBytes: 60 * count })

    expect(lengthsOf(replies)).toEqual([...Array(count).fill(60), undefined])
    expect(loader.calls).toHaveLength(count)
  })

  test('answers small values beside a first one that exceeds the room', async () => {
    const loader = countingLoader((key) => bytes(key === 'key-0' ? 6_000 : 10))
    const { group } = createTestGroup({ loader: loader.load, options: LARGE })

    const replies = await group.getMany(keysOf(100), SMALL_ROOM)

    expect(lengthsOf(replies)).toEqual([6_000, ...Array(99).fill(10)])
  })

  test('with a first value that exceeds the room has what memory holds beside it', async () => {
    const loader = countingLoader((key) => bytes(key === 'large' ? 6_000 : 1_500))
    const { group } = createTestGroup({ loader: loader.load, options: LARGE })
    await group.getMany(['a', 'b'])

    const replies = await group.getMany(['large', 'a', 'b'], SMALL_ROOM)

    expect(lengthsOf(replies)).toEqual([6_000, 1_500, undefined])
    expectNoneTwice(loader)
  })

  test('whose first value exceeds what any answer carries says so, if it knows, and goes on', async () => {
    const loader = countingLoader((key) => bytes(key === 'huge' ? 1_500 : 10))
    const { group, clock } = createTestGroup({ loader: loader.load, options: LARGE })

    const replies = await group.getMany(['huge', 'a'], { maxBytes: 1_000, firstBytes: 1_200 })
    const [unknown] = await group.getMany(['huge'], { maxBytes: 1_000 })

    expect(lengthsOf(replies)).toEqual(['too-large', 10])
    expect(replies[0]).toMatchObject({ path: [{ cache: 'node-0' }] })
    // It is over at once: another way in has room for the value.
    expect((replies[0] as { expiresAtMs: number }).expiresAtMs).toBeLessThan(clock.now())
    expect(unknown).toBeNull()
    expectNoneTwice(loader)
  })

  test('is answered from memory first, once its first key is loaded', async () => {
    const loader = countingLoader((key) => bytes(key.startsWith('cold') ? 3_000 : 400))
    const { group } = createTestGroup({ loader: loader.load, options: LARGE })
    await group.getMany(['held-0', 'held-1'])

    const replies = await group.getMany(['cold-0', 'cold-1', 'held-0', 'held-1'], SMALL_ROOM)

    expect(lengthsOf(replies)).toEqual([3_000, undefined, 400, 400])
  })

  test('leaves out what memory holds and does not fit, and counts it as a hit', async () => {
    const loader = countingLoader((key) => bytes(key === 'large' ? 5_000 : 10))
    const { group } = createTestGroup({ loader: loader.load, options: LARGE })
    await group.get('large')
    const { gets, hits } = group.stats

    const replies = await group.getMany(['small', 'large', 'another'], SMALL_ROOM)

    expect(lengthsOf(replies)).toEqual([10, undefined, 10])
    expect(group.stats.gets - gets).toBe(3)
    expect(group.stats.hits - hits).toBe(1)
    expectNoneTwice(loader)
  })

  test('for what is held loads nothing, not what is stale or not there', async () => {
    const loader = countingLoader(() => bytes(10))
    const { group, clock } = createTestGroup({ loader: loader.load })
    await group.get('stale')
    clock.advance(60_000)
    await group.get('fresh')

    const room = { maxBytes: 100, heldOnly: true }
    const replies = await group.getMany(['cold', 'stale', 'fresh'], room)

    expect(lengthsOf(replies)).toEqual([undefined, undefined, 10])
    expect(loader.calls).toEqual(['stale', 'fresh'])
  })

  test('for what is held answers a stale value within its window, and starts no refresh', async () => {
    const loader = countingLoader(() => bytes(10, { ttlMs: 1_000, staleWhileRevalidateMs: 5_000 }))
    const { group, clock } = createTestGroup({ loader: loader.load })
    await group.get('a')
    clock.advance(2_000)

    const room = { maxBytes: 100, heldOnly: true }
    const replies = await group.getMany(['a'], room)
    clock.advance(5_000)
    const later = await group.getMany(['a'], room)

    expect(lengthsOf(replies)).toEqual([10])
    expect(replies[0]?.path).toEqual([{ cache: 'node-0', hit: true, ttlMs: -1_000 }])
    expect(later).toEqual([null])
    expect(loader.calls).toEqual(['a'])
  })

  test('for what is held answers a stale value while its refresh backs off, not before it failed', async () => {
    let isDown = false
    const loader = countingLoader(() => {
      if (isDown) throw new Error('down')
      return bytes(10, { ttlMs: 1_000, staleIfErrorMs: 50_000 })
    })
    const { group, clock } = createTestGroup({ loader: loader.load })
    await group.get('a')
    clock.advance(2_000)
    isDown = true

    const room = { maxBytes: 100, heldOnly: true }
    const before = await group.getMany(['a'], room)
    await group.get('a')
    const after = await group.getMany(['a'], room)

    expect(before).toEqual([null])
    expect(lengthsOf(after)).toEqual([10])
    expect(loader.calls).toEqual(['a', 'a'])
  })

  test('for what is held counts nothing: the first ask has counted each key', async () => {
    const loader = countingLoader(() => bytes(10))
    const { group } = createTestGroup({ loader: loader.load })
    await group.get('a')

    await group.getMany(['a', 'cold'], { maxBytes: 100, heldOnly: true })

    expect(group.stats).toMatchObject({ gets: 1, hits: 0 })
    expect(group.hottestKeys()).toMatchObject([{ key: 'a', gets: 1 }])
  })

  test('loads a key that is named again once, though it is never stored', async () => {
    const loader = countingLoader(() => bytes(10, { ttlMs: 0 }))
    const { group } = createTestGroup({ loader: loader.load })

    const replies = await group.getMany(['a', 'b', 'a', 'b', 'a'])

    expect(lengthsOf(replies)).toEqual([10, 10, 10, 10, 10])
    expect(loader.calls).toEqual(['a', 'b'])
  })

  test('keeps what has had no room for the next batch', async () => {
    const loader = countingLoader((key) => bytes(key === 'key-0' ? 10 : 3_000))
    const { group } = createTestGroup({ loader: loader.load, options: LARGE })

    const first = await group.getMany(keysOf(4), SMALL_ROOM)
    const loads = loader.calls.length
    const second = await group.getMany(loader.calls.slice(-1), SMALL_ROOM)

    expect(lengthsOf(first)).toEqual([10, 3_000, undefined, undefined])
    expect(lengthsOf(second)).toEqual([3_000])
    expect(loader.calls).toHaveLength(loads)
  })

  test.each([Number.NaN, Number.NEGATIVE_INFINITY, -1, 0])(
    'with a room of %d loads nothing',
    async (maxBytes) => {
      const loader = countingLoader()
      const { group } = createTestGroup({ loader: loader.load })

      expect(await group.getMany(keysOf(3), { maxBytes })).toEqual([null, null, null])
      expect(await group.getMany(keysOf(1), { maxBytes, firstBytes: Number.NaN })).not.toContain(1)
      expect(loader.calls).toEqual([])
    },
  )

  test('with a boundless room has as much as a call can carry', async () => {
    const MiB = 1024 * 1024
    const value = new Uint8Array(10 * MiB)
    const loader = countingLoader(() => ({ ...bytes(0), value }))
    const { group } = createTestGroup({ loader: loader.load })
    const boundless = Number.POSITIVE_INFINITY

    const replies = await group.getMany(keysOf(10), { maxBytes: boundless, firstBytes: boundless })

    expect(replies.filter((reply) => reply !== null)).toHaveLength(3)
    expect(loader.calls.length).toBeLessThanOrEqual(4)
  })

  test('counts tags, of which an entry can have many', async () => {
    const tags = Array.from({ length: 10 }, (_, i) => `${i}`.repeat(100))
    const loader = countingLoader(() => bytes(0, { tags }))
    const { group } = createTestGroup({ loader: loader.load })

    const replies = await group.getMany(keysOf(20), { maxBytes: 5_500 })

    expect(replies.filter((reply) => reply !== null)).toHaveLength(5)
  })

  test.each(['failed', 'too-large'] as const)(
    'stops after values that were read in vain (%s)',
    async (outcome) => {
      let loads = 0
      const { group } = createTestGroup({
        loader: async (_, { memory }) => {
          loads++
          await memory.reserve(4_000)
          if (outcome === 'failed') throw new Error('broken off')
          return { kind: 'too-large' }
        },
      })

      const replies = await group.getMany(keysOf(40), { maxBytes: 1_000 })

      expect(loads).toBe(1)
      expect(replies.filter((reply) => reply === null)).toHaveLength(39)
    },
  )
})
