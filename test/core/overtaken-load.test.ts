import { describe, expect, test } from 'vitest'
import { text } from '../support/counting-loader.ts'
import { createTestGroup, textOf } from '../support/group-factory.ts'
import { latchedLoader } from '../support/latched-loader.ts'
import { settle } from '../support/settle.ts'

function latchedGroup() {
  const loader = latchedLoader()
  return { ...createTestGroup({ loader: loader.load }), loader }
}

describe('a load under way', () => {
  test('is not joined after a set that left nothing to answer with, and does not store', async () => {
    const { group, loader } = latchedGroup()
    const before = group.get('Tom')

    await group.set('Tom', { ...text('set'), ttlMs: 0 })
    const after = group.get('Tom')
    loader.answer(0, text('old'))
    await before
    expect(group.items).toBe(0)
    loader.answer(1, text('new'))

    expect(textOf(await after)).toBe('new')
    expect(textOf(await group.get('Tom'))).toBe('new')
  })

  test('is not joined after a purge of several keys, whichever it is of', async () => {
    const { group, loader } = latchedGroup()
    for (const key of ['Tom', 'Jack']) void group.get(key)

    group.purgeLocally({ keys: ['Tom', 'Jack'] })
    for (const key of ['Tom', 'Jack']) void group.get(key)

    expect(loader.calls).toEqual(['Tom', 'Jack', 'Tom', 'Jack'])
  })

  test('is still joined after a purge of another key', async () => {
    const { group, loader } = latchedGroup()
    const before = group.get('Tom')

    group.purgeLocally({ keys: ['Jack'] })
    const after = group.get('Tom')
    loader.answer(0, text('630'))

    expect((await after).path).toMatchObject([{ collapsed: true }])
    expect(textOf(await before)).toBe('630')
    expect(loader.calls).toEqual(['Tom'])
  })

  test('does not replace what a later one has stored, though no purge was meant for it', async () => {
    const { group, loader } = latchedGroup()
    void group.get('Tom')
    group.purgeLocally({ tags: ['others'] })
    const later = group.get('Tom')
    loader.answer(1, text('new'))
    await later

    loader.answer(0, text('old'))
    await settle()

    expect(textOf(await group.get('Tom'))).toBe('new')
    expect(group.stats.evictions.replaced).toBe(0)
  })
})
