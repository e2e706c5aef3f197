import { describe, expect, test } from 'vitest'
import type { Purge } from '../../src/core/entry/purge.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { createTestGroup, textOf } from '../support/group-factory.ts'
import { settle } from '../support/settle.ts'

/** A group that holds Tom as "old" under a tag, with an hour of stale-if-error, and whose origin is down. */
async function groupWithOriginDown() {
  let isDown = false
  const loader = countingLoader(() => {
    if (isDown) throw new Error('down')
    return { ...text('old'), tags: ['players'] }
  })
  const parts = createTestGroup({ loader: loader.load, options: { staleIfErrorMs: 3_600_000 } })
  await parts.group.get('Tom')
  isDown = true
  return { ...parts, loader }
}

const SOFT: [string, Purge][] = [
  ['of its tag', { tags: ['players'], soft: true }],
  ['of everything', { all: true, soft: true }],
  ['of its key', { keys: ['Tom'], soft: true }],
]

describe.each(SOFT)('a soft purge %s', (_, purge) => {
  test('as often as a clock job likes takes nothing that is looked up in between', async () => {
    const { clock, group } = await groupWithOriginDown()

    for (let i = 0; i < 40; i++) {
      await group.purge(purge)
      clock.advance(15_000)
      expect(textOf(await group.get('Tom'))).toBe('old')
    }
  })

  test('is not undone by a clock that is set back', async () => {
    const { clock, group, loader } = await groupWithOriginDown()
    clock.advance(10_000)

    await group.purge(purge)
    clock.goBack(1_000)
    await group.get('Tom')

    expect(loader.calls).toHaveLength(2)
    expect(group.stats).toMatchObject({ hits: 0, stale: 1 })
  })
})

test('a purge counts an entry once, be it under several names, or purged already', async () => {
  const loader = countingLoader((key) => ({ ...text(key), tags: ['players'] }))
  const { group } = createTestGroup({ loader: loader.load })
  for (const key of ['a', 'b', 'c']) await group.get(key)

  expect((await group.purge({ tags: ['players', 'players'] })).entries).toBe(3)
  expect((await group.purge({ all: true })).entries).toBe(0)
})

test('a pause after a failed refresh ends early when the clock is set back', async () => {
  const { clock, group, loader } = await groupWithOriginDown()
  clock.advance(3_000_000)
  await group.get('Tom')

  clock.goBack(2_900_000)
  await group.get('Tom')

  expect(loader.calls.length).toBeGreaterThanOrEqual(2)
})

test('a waiter gets a value that was set while its refresh hung, not the stale one', async () => {
  let hangs = false
  const loader = countingLoader(() => (hangs ? new Promise<never>(() => {}) : text('old')))
  const { clock, group } = createTestGroup({
    loader: loader.load,
    options: { ttlMs: 1_000, timeoutMs: 100, staleIfErrorMs: 60_000 },
  })
  await group.get('Tom')
  clock.advance(1_000)
  hangs = true
  const waiting = group.get('Tom')

  await group.set('Tom', text('set'))
  clock.advance(100)

  expect(textOf(await waiting)).toBe('set')
})

test('a load whose entry cannot be made ends all the same: the key is free, and nothing is left behind', async () => {
  let tags = 0
  const { group } = createTestGroup({
    loader: countingLoader(() => text('630')).load,
    entityTag: () => {
      if (tags++ === 0) throw new Error('no digest')
      return '"1"'
    },
  })

  await expect(group.get('Tom')).rejects.toThrow('no digest')
  await settle()

  expect(textOf(await group.get('Tom'))).toBe('630')
})
