import { describe, expect, test } from 'vitest'
import { text } from '../support/counting-loader.ts'
import { createTestGroup, textOf } from '../support/group-factory.ts'
import { latchedLoader } from '../support/latched-loader.ts'
import { settle } from '../support/settle.ts'

/** With the chance of test groups, 0.5, the pauses are three quarters of 1 s, 2 s and so on. */
const FIRST_PAUSE_MS = 750
const SECOND_PAUSE_MS = 1_500

/** A group whose value of Tom, "old", has just become stale. */
async function staleGroup(windows: { staleWhileRevalidateMs?: number; staleIfErrorMs?: number }) {
  const loader = latchedLoader()
  const parts = createTestGroup({ loader: loader.load, options: { ttlMs: 1_000, ...windows } })
  const first = parts.group.get('Tom')
  loader.answer(0, text('old'))
  await first
  parts.clock.advance(1_000)
  return { ...parts, loader }
}

describe('the pause after a refresh that failed', () => {
  test('ends to the millisecond, and is doubled by the next failure', async () => {
    const { clock, group, loader } = await staleGroup({ staleIfErrorMs: 60_000 })

    let call = 0
    for (const pauseMs of [FIRST_PAUSE_MS, SECOND_PAUSE_MS]) {
      const refresh = group.get('Tom')
      loader.fail(++call)
      await refresh
      clock.advance(pauseMs - 1)
      expect(group.get('Tom')).not.toBeInstanceOf(Promise)
      expect(loader.calls).toHaveLength(1 + call)
      clock.advance(1)
    }
    void group.get('Tom')

    expect(loader.calls).toHaveLength(4)
  })

  test('holds for refreshes behind an answer too, which says meanwhile that it is a hit', async () => {
    const { clock, group, loader } = await staleGroup({ staleWhileRevalidateMs: 60_000 })
    await group.get('Tom')
    loader.fail(1)
    await settle()

    clock.advance(FIRST_PAUSE_MS - 1)
    const resting = await group.get('Tom')
    expect(loader.calls).toHaveLength(2)
    clock.advance(1)
    const refreshing = await group.get('Tom')

    expect(textOf(resting)).toBe('old')
    expect(resting.path).toEqual([{ cache: 'node-0', hit: true, ttlMs: -749 }])
    expect(refreshing.path).toEqual([{ cache: 'node-0', fwd: 'stale', ttlMs: -750 }])
    expect(loader.calls).toHaveLength(3)
  })
})

describe('a refresh', () => {
  test('that fails under two callers is one load, and the second says that it joined it', async () => {
    const { group, loader } = await staleGroup({ staleIfErrorMs: 60_000 })

    const callers = [group.get('Tom'), group.get('Tom')]
    loader.fail(1)
    const replies = await Promise.all(callers)

    expect(replies.map(({ path }) => path)).toEqual([
      [{ cache: 'node-0', fwd: 'stale', ttlMs: 0 }],
      [{ cache: 'node-0', fwd: 'stale', ttlMs: 0, collapsed: true }],
    ])
  })

  test('that says "not found" is believed, though a stale value is at hand', async () => {
    const { group, loader } = await staleGroup({ staleIfErrorMs: 60_000 })

    const reply = group.get('Tom')
    loader.answer(1, { kind: 'not-found' })

    expect(await reply).toMatchObject({ kind: 'not-found' })
    expect(group.items).toBe(0)
  })

  test('that breaks behind an answer is reported, as nobody waits for it', async () => {
    const bug = new Error('no digest')
    const loader = latchedLoader()
    const { clock, errors, group } = createTestGroup({
      loader: loader.load,
      options: { ttlMs: 1_000, staleWhileRevalidateMs: 500 },
      entityTag: (value) => (value.byteLength === 3 ? '"old"' : Promise.reject(bug)),
    })
    const first = group.get('Tom')
    loader.answer(0, text('old'))
    await first
    clock.advance(1_000)

    await group.get('Tom')
    loader.answer(1, text('newer'))
    await settle()

    expect(errors).toEqual([bug])
  })
})

test('a soft timeout after the end of the stale window answers with the load', async () => {
  const loader = latchedLoader()
  const { clock, group } = createTestGroup({
    loader: loader.load,
    options: { ttlMs: 1_000, staleIfErrorMs: 30, softTimeoutMs: 50 },
  })
  const first = group.get('Tom')
  loader.answer(0, text('old'))
  await first
  clock.advance(1_000)

  const reply = group.get('Tom')
  clock.advance(50)
  await settle()
  loader.answer(1, text('new'))

  expect(textOf(await reply)).toBe('new')
})
