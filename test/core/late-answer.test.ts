import { describe, expect, test } from 'vitest'
import { text } from '../support/counting-loader.ts'
import { createTestGroup, textOf } from '../support/group-factory.ts'
import { latchedLoader } from '../support/latched-loader.ts'
import { settle } from '../support/settle.ts'

const TIMEOUT_MS = 100

describe('what a loader says after its time', () => {
  test('renews the stale value when it is "not modified"', async () => {
    const loader = latchedLoader()
    const { clock, group } = createTestGroup({
      loader: loader.load,
      options: { timeoutMs: TIMEOUT_MS, ttlMs: 1_000, staleIfErrorMs: 10_000 },
    })
    const first = group.get('Tom')
    loader.answer(0, text('old'))
    await first
    clock.advance(1_000)
    const refreshed = group.get('Tom')
    clock.advance(TIMEOUT_MS)
    await refreshed

    loader.answer(1, { kind: 'not-modified' })
    await settle()
    const renewed = await group.get('Tom')

    expect(textOf(renewed)).toBe('old')
    expect(renewed.path).toEqual([{ cache: 'node-0', hit: true, ttlMs: 1_000 }])
    expect(loader.calls).toHaveLength(2)
  })

  test('is reported where it cannot be kept, as nobody waits for it', async () => {
    const loader = latchedLoader()
    const bug = new Error('no digest')
    const { clock, errors, group } = createTestGroup({
      loader: loader.load,
      options: { timeoutMs: TIMEOUT_MS },
      entityTag: () => Promise.reject(bug),
    })
    const hanging = group.get('Tom')
    clock.advance(TIMEOUT_MS)
    await hanging

    loader.answer(0, text('late'))
    await settle()

    expect(errors.at(-1)).toBe(bug)
    expect(group.items).toBe(0)
  })

  test('is waited for under ten thousand keys, and not under the one before them', async () => {
    const loader = latchedLoader()
    const { clock, group } = createTestGroup({
      loader: loader.load,
      options: { timeoutMs: TIMEOUT_MS },
      maxBytes: 16 * 1024 * 1024,
    })
    const keys = Array.from({ length: 10_001 }, (_, i) => `key-${i}`)
    const hanging = keys.map((key) => group.get(key))
    clock.advance(TIMEOUT_MS)
    await Promise.all(hanging)

    keys.forEach((key, i) => {
      loader.answer(i, text(key))
    })
    await settle()
    const forgotten = group.get('key-0')
    const kept = keys.slice(1).map((key) => group.get(key))

    expect(group.items).toBe(10_000)
    expect(forgotten).toBeInstanceOf(Promise)
    for (const reply of kept) expect(reply).not.toBeInstanceOf(Promise)
  })
})

describe('"not modified" that brings other tags', () => {
  test('does not renew what was purged meanwhile by a tag that it had', async () => {
    const loader = latchedLoader()
    const { clock, group } = createTestGroup({
      loader: loader.load,
      options: { ttlMs: 1_000, staleIfErrorMs: 10_000 },
    })
    const first = group.get('Tom')
    loader.answer(0, { ...text('old'), tags: ['players'] })
    await first
    clock.advance(1_000)
    const refreshed = group.get('Tom')
    await group.purge({ tags: ['players'] })

    loader.answer(1, { kind: 'not-modified', tags: ['teams'] })
    await refreshed

    void group.get('Tom')
    await settle()
    expect(loader.calls).toHaveLength(3)
  })
})
