import { describe, expect, test } from 'vitest'
import { PeerUnavailableError } from '../../src/core/errors.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { createDurableGroup } from '../support/durable-group.ts'
import { textOf } from '../support/group-factory.ts'

function createNode() {
  const loader = countingLoader(() => text(`load ${loader.calls.length}`))
  const options = { ttlMs: 1_000, staleWhileRevalidateMs: 60_000 }
  return { loader, node: createDurableGroup({ loader: loader.load, options }) }
}

/** "load 1" is stored, and "load 2" waits to be. */
async function renewed() {
  const { loader, node } = createNode()
  await node.group.get('Tom')
  node.write()
  node.group.purgeLocally({ keys: ['Tom'], soft: true })
  await node.group.get('Tom')
  await expect.poll(() => loader.calls.length).toBe(2)
  return { loader, node }
}

describe('a write that fails', () => {
  test('costs durability alone, and is counted', async () => {
    const { loader, node } = createNode()
    node.store.broken.add('write')
    await node.group.get('Tom')
    node.write()

    expect(node.group.stats.durableErrors).toBe(1)
    expect(node.errors).toEqual([new Error('The disk cannot write.')])
    expect(textOf(await node.group.get('Tom'))).toBe('load 1')
    node.store.broken.clear()
    node.loseMemory()
    expect(textOf(await node.group.get('Tom'))).toBe('load 2')
    node.write()
    node.loseMemory()
    expect(textOf(await node.group.get('Tom'))).toBe('load 2')
    expect(loader.calls).toHaveLength(2)
  })

  test('takes the older row with it', async () => {
    const { node } = await renewed()
    node.store.broken.add('write')
    node.write()

    expect(node.store.items).toBe(0)
    expect(node.group.stats.durableErrors).toBe(1)
  })

  test('and an older row that cannot be deleted ends reading and writing', async () => {
    const { loader, node } = await renewed()
    node.store.broken.add('write').add('delete')
    node.write()
    node.store.broken.clear()
    for (let i = 0; i < 1_024; i++) await node.group.get(`evicts-${i}`)
    node.write()

    expect(textOf(await node.group.get('Tom'))).toBe(`load ${loader.calls.length}`)
    expect(node.store.writes).toEqual(['Tom'])
    expect(node.group).toMatchObject({ durableBytes: 0, durableItems: 0 })
    expect(node.group.stats.durableErrors).toBe(2)
  })
})

describe('a row that cannot be read', () => {
  test('is counted, deleted and loaded anew', async () => {
    const { node } = createNode()
    await node.group.get('Tom')
    node.write()
    node.loseMemory()
    node.store.broken.add('read')

    expect(textOf(await node.group.get('Tom'))).toBe('load 2')
    expect(node.store.items).toBe(0)
    expect(node.group.stats).toMatchObject({ loads: 1, durableHits: 0, durableErrors: 2 })
  })
})

describe('a purge that cannot reach the disk', () => {
  test.each([{ keys: ['Jack', 'Tom'] }, { tags: ['x'] }, { all: true as const }])(
    '%j fails, so that its report names the node',
    async (purge) => {
      const { node } = createNode()
      await node.group.setLocally('Tom', { ...text('set'), tags: ['x'] })
      node.write()
      node.store.broken.add('delete')

      expect(() => node.group.purgeLocally(purge)).toThrow(PeerUnavailableError)
      expect(textOf(await node.group.get('Tom'))).toBe('load 1')
      node.store.broken.clear()
      expect(node.group.purgeLocally({ keys: ['Tom'] })).toBe(1)
      expect(node.store.items).toBe(0)
    },
  )

  test('softly fails as well', async () => {
    const { node } = createNode()
    await node.group.get('Tom')
    node.write()
    node.store.broken.add('write')

    const purge = () => node.group.purgeLocally({ keys: ['Tom'], soft: true })

    expect(purge).toThrow(PeerUnavailableError)
  })
})

test('a set whose older row cannot be deleted fails', async () => {
  const { node } = createNode()
  await node.group.get('Tom')
  node.write()
  node.store.broken.add('delete')

  await expect(node.group.setLocally('Tom', text('set'))).rejects.toThrow(PeerUnavailableError)
})

test('sweeping that fails is counted, and said to be over', async () => {
  const { node } = createNode()
  node.store.broken.add('delete')

  expect(node.group.sweep(node.clock.now(), 10)).toBe(false)
  expect(node.group.stats.durableErrors).toBe(1)
})
