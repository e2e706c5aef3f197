import { describe, expect, test } from 'vitest'
import { countingLoader, text } from '../support/counting-loader.ts'
import { createTestGroup } from '../support/group-factory.ts'

/** A group that holds the keys, each under the tag "players". */
async function filledGroup(keys: string[], options: object, maxBytes = 1024 * 1024) {
  const loader = countingLoader((key) => ({
    ...text(key),
    originEtag: '"1"',
    tags: ['players'],
  }))
  const parts = createTestGroup({ loader: loader.load, options, maxBytes })
  for (const key of keys) await parts.group.get(key)
  loader.calls.length = 0
  return { ...parts, loader }
}

describe('a soft purge', () => {
  test.each([{ staleWhileRevalidateMs: 500 }, { staleIfErrorMs: 500 }])(
    'leaves a value that has %j, as a stale one',
    async (window) => {
      const { group, loader } = await filledGroup(['Tom'], window)

      await group.purge({ keys: ['Tom'], soft: true })
      const held = group.items
      const { path } = await group.get('Tom')

      expect(held).toBe(1)
      expect(path).toMatchObject([{ fwd: 'stale' }])
      expect(loader.calls).toEqual(['Tom'])
    },
  )

  test('drops a value that has no stale window, validators or not', async () => {
    const { group } = await filledGroup(['Tom'], {})

    await group.purge({ keys: ['Tom'], soft: true })

    expect(group.items).toBe(0)
    expect(group.stats.evictions.purged).toBe(1)
  })

  test('is no use of a value: what was used longest ago gives way first all the same', async () => {
    const options = { staleIfErrorMs: 10_000 }
    const weight = (await filledGroup(['a'], options)).group.bytes
    const { group, loader } = await filledGroup(['a', 'b'], options, 2 * weight)

    await group.purge({ keys: ['a'], soft: true })
    await group.get('c')
    await group.get('b')

    expect(loader.calls).toEqual(['c'])
  })
})

describe('what a purge reports', () => {
  test('is the sum over all keys', async () => {
    const { group } = await filledGroup(['a', 'b'], {})

    expect((await group.purge({ keys: ['a', 'b', 'c'] })).entries).toBe(2)
  })

  test('of a tag does not count the last value that carried it, once that is gone', async () => {
    const { group } = await filledGroup(['a'], {})

    await group.purge({ keys: ['a'] })

    expect((await group.purge({ tags: ['players'] })).entries).toBe(0)
  })

  test('of a tag counts what came after the last purge, whatever is swept away meanwhile', async () => {
    const { group } = await filledGroup(['a', 'b'], {})

    await group.purge({ tags: ['players'] })
    for (const key of ['a', 'b']) await group.get(key)

    expect((await group.purge({ tags: ['players'] })).entries).toBe(2)
  })

  test('of a tag does not count a value that was too large to be stored', async () => {
    const { group } = await filledGroup(['a', 'much longer'], { maxValueBytes: 10 })

    expect((await group.purge({ tags: ['players'] })).entries).toBe(1)
  })
})

test('a value that is renewed keeps its tags', async () => {
  let renews = false
  const loader = countingLoader(() =>
    renews ? { kind: 'not-modified' } : { ...text('630'), originEtag: '"1"', tags: ['players'] },
  )
  const { clock, group } = createTestGroup({ loader: loader.load, options: { ttlMs: 1_000 } })
  await group.get('Tom')
  clock.advance(1_000)
  renews = true
  await group.get('Tom')

  expect((await group.purge({ tags: ['players'] })).entries).toBe(1)
})
