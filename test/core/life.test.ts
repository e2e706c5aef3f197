import { describe, expect, test } from 'vitest'
import type { Loaded } from '../../src/core/load/loader.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { createTestGroup, textOf } from '../support/group-factory.ts'
import { settle } from '../support/settle.ts'

/** The life that the group gives to what says nothing of its own. */
const OPTIONS = { ttlMs: 1_000, staleWhileRevalidateMs: 500, staleIfErrorMs: 5_000 }

/** A group that has loaded Tom once, with the answer given; later loads fail. */
async function groupWith(answer: Loaded, options: object = OPTIONS) {
  let healthy = true
  const loader = countingLoader(() => {
    if (!healthy) throw new Error('down')
    return answer
  })
  const parts = createTestGroup({ loader: loader.load, options })
  const loaded = await parts.group.get('Tom')
  healthy = false
  return { ...parts, loaded, loader }
}

describe('a value that says how long it lives', () => {
  test('is not stored when that is not at all, whatever the group would give', async () => {
    const { group, loaded } = await groupWith({ ...text('630'), ttlMs: 0 }, { ttlMs: 1_000 })

    expect(loaded.path).toEqual([{ cache: 'node-0', fwd: 'miss' }])
    expect(group.items).toBe(0)
  })

  test('is answered stale for as long as its own windows last', async () => {
    const windows = { staleWhileRevalidateMs: 2_000, staleIfErrorMs: 9_000 }
    const { clock, group } = await groupWith({ ...text('630'), ...windows })

    clock.advance(1_000 + 1_999)
    expect(group.get('Tom')).not.toBeInstanceOf(Promise)
    await settle()
    clock.advance(7_000)
    const withinError = await group.get('Tom')
    clock.advance(1)
    const after = await group.get('Tom')

    expect(textOf(withinError)).toBe('630')
    expect(after.kind).toBe('failed')
  })

  test('has no stale windows when it says so', async () => {
    const windows = { staleWhileRevalidateMs: 0, staleIfErrorMs: 0 }
    const { clock, group } = await groupWith({ ...text('630'), ...windows })

    clock.advance(1_000)

    expect((await group.get('Tom')).kind).toBe('failed')
  })

  test('that is never fresh is not stored for the windows of its group', async () => {
    const { group, loaded } = await groupWith({ ...text('630'), ttlMs: 0 })

    expect(loaded.path).toEqual([{ cache: 'node-0', fwd: 'miss' }])
    expect(group.items).toBe(0)
  })

  test('that is never fresh is stored for windows of its own', async () => {
    const own = { ttlMs: 0, staleWhileRevalidateMs: 1_000 }
    const { group, loaded, loader } = await groupWith({ ...text('630'), ...own })

    const stale = await group.get('Tom')

    expect(loaded.path).toEqual([{ cache: 'node-0', fwd: 'miss', stored: true }])
    expect(stale.path).toEqual([{ cache: 'node-0', fwd: 'stale', ttlMs: 0 }])
    expect(loader.calls).toHaveLength(2)
  })
})

test('"not found" that says how long it holds is remembered for that long', async () => {
  const { clock, group, loader } = await groupWith({ kind: 'not-found', ttlMs: 300 })

  clock.advance(299)
  const remembered = await group.get('Tom')
  clock.advance(1)
  await group.get('Tom')

  expect(remembered.path).toEqual([{ cache: 'node-0', hit: true, ttlMs: 1 }])
  expect(loader.calls).toHaveLength(2)
})

test('jitter leaves a life of whole milliseconds', async () => {
  const { group } = await groupWith(text('630'), { ttlMs: 7, expiryJitter: 0.5 })

  expect((await group.get('Tom')).path).toEqual([{ cache: 'node-0', hit: true, ttlMs: 5 }])
})

test('a failed load says that nothing was stored', async () => {
  const { group } = await groupWith(text('630'))

  expect((await group.get('Jack')).path).toEqual([{ cache: 'node-0', fwd: 'miss' }])
})

test('a value of exactly maxValueBytes is stored', async () => {
  const { loaded } = await groupWith(text('630'), { maxValueBytes: 3 })

  expect(loaded.path).toEqual([{ cache: 'node-0', fwd: 'miss', stored: true }])
})

test('what a clock that was set back makes of unknown age is not even renewed', async () => {
  const { clock, group, loader } = await groupWith({ ...text('630'), originEtag: '"1"' })

  clock.goBack(60_000)

  expect((await group.get('Tom')).path).toEqual([{ cache: 'node-0', fwd: 'miss' }])
  expect(loader.calls).toHaveLength(2)
  expect(group.items).toBe(0)
})
