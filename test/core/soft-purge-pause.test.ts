/** A soft purge, and the pause after refreshes that failed: it is over then, and the next get refreshes. */

import { describe, expect, test } from 'vitest'
import type { Purge } from '../../src/core/entry/purge.ts'
import { text } from '../support/counting-loader.ts'
import { createDurableGroup } from '../support/durable-group.ts'
import { createTestGroup, textOf } from '../support/group-factory.ts'
import { latchedLoader } from '../support/latched-loader.ts'
import { settle } from '../support/settle.ts'

/** With the chance of test groups, 0.5, the first pause is three quarters of a second. */
const FIRST_PAUSE_MS = 750

const SOFT: [string, Purge][] = [
  ['of its key', { keys: ['Tom'], soft: true }],
  ['of its tag', { tags: ['players'], soft: true }],
  ['of everything', { all: true, soft: true }],
]

const OLD = { ...text('old'), tags: ['players'] }

/** A group whose value of Tom, "old", is stale and whose refresh has failed twice. */
async function pausedGroup(windows: { staleWhileRevalidateMs?: number; staleIfErrorMs?: number }) {
  const loader = latchedLoader()
  const parts = createTestGroup({ loader: loader.load, options: { ttlMs: 1_000, ...windows } })
  const first = parts.group.get('Tom')
  loader.answer(0, OLD)
  await first
  parts.clock.advance(1_000)
  for (const call of [1, 2]) {
    const refresh = parts.group.get('Tom')
    loader.fail(call)
    await refresh
    await settle()
    if (call === 1) parts.clock.advance(FIRST_PAUSE_MS)
  }
  parts.clock.advance(100)
  expect(textOf(await parts.group.get('Tom'))).toBe('old')
  expect(loader.calls).toHaveLength(3)
  return { ...parts, loader }
}

describe.each(SOFT)('a soft purge %s', (_, purge) => {
  test('has one refresh run behind the stale answer, whatever pause there was', async () => {
    const { group, loader } = await pausedGroup({ staleWhileRevalidateMs: 600_000 })

    await group.purge(purge)
    const replies = [group.get('Tom'), group.get('Tom'), group.get('Tom')]

    expect((await Promise.all(replies)).map(textOf)).toEqual(['old', 'old', 'old'])
    expect(loader.calls).toHaveLength(4)
    loader.answer(3, text('new'))
    await settle()
    expect(textOf(await group.get('Tom'))).toBe('new')
  })

  test('has the next get wait for a refresh where only staleIfError is set', async () => {
    const { group, loader } = await pausedGroup({ staleIfErrorMs: 600_000 })

    await group.purge(purge)
    const reply = group.get('Tom')
    expect(loader.calls).toHaveLength(4)
    loader.answer(3, text('new'))

    expect(textOf(await reply)).toBe('new')
  })

  test('begins the pauses anew', async () => {
    const { clock, group, loader } = await pausedGroup({ staleIfErrorMs: 600_000 })
    await group.purge(purge)
    const reply = group.get('Tom')
    loader.fail(3)
    expect(textOf(await reply)).toBe('old')

    clock.advance(FIRST_PAUSE_MS - 1)
    await group.get('Tom')
    expect(loader.calls).toHaveLength(4)
    clock.advance(1)
    void group.get('Tom')

    expect(loader.calls).toHaveLength(5)
  })

  test('is not held up by the failure of a refresh that began before it', async () => {
    const { clock, group, loader } = await pausedGroup({ staleWhileRevalidateMs: 600_000 })
    clock.advance(30_000)
    await group.get('Tom')
    expect(loader.calls).toHaveLength(4)
    await group.purge(purge)
    loader.fail(3)
    await settle()

    expect(textOf(await group.get('Tom'))).toBe('old')

    expect(loader.calls).toHaveLength(5)
  })

  test('ends the pause of what is on disk too, memory lost or not', async () => {
    const loader = latchedLoader()
    const options = { ttlMs: 1_000, staleWhileRevalidateMs: 600_000 }
    const durable = createDurableGroup({ loader: loader.load, options })
    const first = durable.group.get('Tom')
    loader.answer(0, OLD)
    await first
    durable.write()
    durable.clock.advance(1_000)
    durable.loseMemory()
    await durable.group.get('Tom')
    loader.fail(1)
    await settle()

    await durable.group.purge(purge)
    await durable.group.get('Tom')
    expect(loader.calls).toHaveLength(3)
    loader.fail(2)
    await settle()
    durable.loseMemory()

    expect(textOf(await durable.group.get('Tom'))).toBe('old')
    expect(loader.calls).toHaveLength(4)
  })
})

test('a value that is set ends the pause with the value that it was about', async () => {
  const { clock, group, loader } = await pausedGroup({ staleWhileRevalidateMs: 600_000 })

  await group.set('Tom', { ...text('set'), ttlMs: 10 })
  clock.advance(10)
  expect(textOf(await group.get('Tom'))).toBe('set')

  expect(loader.calls).toHaveLength(4)
})
