import { describe, expect, test } from 'vitest'
import type { Purge } from '../../src/core/entry/purge.ts'
import { MemoryBudget } from '../../src/core/memory/memory-budget.ts'
import { text } from '../support/counting-loader.ts'
import { createTestGroup, EDGE, OWNER, textOf } from '../support/group-factory.ts'
import { latchedLoader } from '../support/latched-loader.ts'
import { settle } from '../support/settle.ts'

const MAX_BYTES = 8 * 1024 * 1024
const MARK_BYTES = MAX_BYTES / 16
const KINDS: [string, boolean][] = [
  ['hard', false],
  ['soft', true],
]

function create(options = {}, budget = new MemoryBudget(MAX_BYTES)) {
  const loader = latchedLoader()
  const memory = { budget, canQueue: true }
  return { ...createTestGroup({ loader: loader.load, memory, options }), budget, loader }
}

function purges(count: number, purge: (i: number) => Purge): Purge[] {
  return Array.from({ length: count }, (_, i) => purge(i))
}

describe.each(KINDS)('while a load is in flight, %s purges', { timeout: 60_000 }, (_, soft) => {
  test('of 10,000 other keys, one by one or together, do not hold it back', async () => {
    const { group, loader } = create()
    const load = group.get('Tom')
    for (const purge of purges(10_000, (i) => ({ keys: [`key-${i}`], soft }))) {
      group.purgeLocally(purge)
    }
    group.purgeLocally({ keys: Array.from({ length: 10_000 }, (_, i) => `other-${i}`), soft })
    loader.answer(0, text('630'))
    await load

    expect(textOf(await group.get('Tom'))).toBe('630')
    expect(loader.calls).toEqual(['Tom'])
  })

  test('of its own key among 10,000 others do', async () => {
    const { group, loader } = create()
    const load = group.get('Tom')
    group.purgeLocally({ keys: ['Tom'], soft })
    for (const purge of purges(10_000, (i) => ({ keys: [`key-${i}`], soft }))) {
      group.purgeLocally(purge)
    }
    loader.answer(0, text('old'))
    await load

    expect([group.items, group.bytes]).toEqual([0, 0])
  })

  test('of 5,000 other tags do not hold it back, and of one of its own among them do', async () => {
    const { budget, group, loader } = create()
    const loads = [group.get('Tom'), group.get('Jack')]
    for (const purge of purges(5_000, (i) => ({ tags: [`tag-${i}`], soft }))) {
      group.purgeLocally(purge)
    }
    loader.answer(0, { ...text('630'), tags: ['players'] })
    loader.answer(1, { ...text('old'), tags: ['players', 'tag-0'] })
    await Promise.all(loads)

    expect(textOf(await group.get('Tom'))).toBe('630')
    expect(loader.calls).toEqual(['Tom', 'Jack'])
    expect(group.items).toBe(1)
    // No load is in flight any more: nothing of the purges is left.
    expect(budget.heldBytes).toBe(group.bytes)
  })

  test('of 100,000 keys and as many long tags stay within the bound, and hold back the load', async () => {
    const { budget, group, loader } = create()
    const load = group.get('Tom')
    let most = 0
    for (let i = 0; i < 100_000; i++) {
      group.purgeLocally({ keys: [`key-${i}`], soft })
      group.purgeLocally({ tags: [`tag-${i}`.padEnd(1_024, '.')], soft })
      most = Math.max(most, budget.heldBytes)
    }
    expect(most).toBeGreaterThan(MARK_BYTES / 2)
    expect(most).toBeLessThanOrEqual(MARK_BYTES)

    loader.answer(0, { ...text('old'), tags: ['tag-0'.padEnd(1_024, '.')] })
    await load
    expect(group.items).toBe(0)
    expect(budget.heldBytes).toBe(0)
  })
})

test('what is held outlives 100,000 purges of other tags, which leave nothing', async () => {
  const { budget, group, loader } = create()
  const load = group.get('Tom')
  loader.answer(0, { ...text('630'), tags: ['players'] })
  await load
  const { bytes } = group
  for (let i = 0; i < 100_000; i++) group.purgeLocally({ tags: [`tag-${i}`], soft: i % 2 === 0 })

  expect(textOf(await group.get('Tom'))).toBe('630')
  expect(loader.calls).toEqual(['Tom'])
  expect(budget.heldBytes).toBe(bytes)
  expect((await group.purge({ tags: ['players'] })).entries).toBe(1)
  expect(group.get('Tom')).toBeInstanceOf(Promise)
})

test('marks of all groups of an isolate share one bound, and evict entries', {
  timeout: 60_000,
}, async () => {
  const budget = new MemoryBudget(MAX_BYTES)
  const loader = async (key: string) => ({ ...text(key), tags: [key], staleIfErrorMs: 60_000 })
  const groups = Array.from({ length: 32 }, (_, i) => {
    const placement = i % 2 === 0 ? OWNER : EDGE
    const memory = { budget, canQueue: true }
    return createTestGroup({ loader, memory, placement, name: `group-${i}` }).group
  })
  for (const group of groups) for (let i = 0; i < 400; i++) await group.get(`key-${i}`)
  expect(budget.heldBytes).toBeGreaterThan(MAX_BYTES * 0.99)
  const hanging = latchedLoader()
  const memory = { budget, canQueue: true }
  const busy = createTestGroup({ loader: hanging.load, memory, name: 'busy' }).group
  void busy.get('Tom')

  for (let i = 0; i < 2_000; i++) {
    for (const group of groups) group.purgeLocally({ tags: [`key-${i % 400}`], soft: true })
    busy.purgeLocally({ tags: [`tag-${i}`.padEnd(1_000, '.')] })
    expect(budget.heldBytes).toBeLessThanOrEqual(MAX_BYTES)
  }

  const entryBytes = groups.reduce((sum, group) => sum + group.bytes, 0)
  expect(budget.heldBytes - entryBytes).toBeGreaterThan(MARK_BYTES / 2)
  expect(budget.heldBytes - entryBytes).toBeLessThanOrEqual(MARK_BYTES)
})

describe('a function that never settles', () => {
  test('keeps nothing that was purged meanwhile past its end, and does not store after it', async () => {
    const { budget, clock, group, loader } = create({ timeoutMs: 1_000 })
    const hanging = [group.get('Tom'), group.get('Jack')]
    clock.advance(1_000)
    await Promise.all(hanging)
    for (let i = 0; i < 100; i++) group.purgeLocally({ tags: [`tag-${i}`] })
    expect(budget.heldBytes).toBeGreaterThan(0)

    // A minute after its time it may still store.
    clock.advance(59_999)
    loader.answer(0, text('late'))
    await settle()
    expect(group.items).toBe(1)

    clock.advance(1)
    loader.answer(1, text('too late'))
    await settle()
    expect(group.items).toBe(1)
    const next = group.get('Sam')
    loader.answer(2, text('567'))
    await next

    expect(group.items).toBe(2)
    expect(budget.heldBytes).toBe(group.bytes)
  })
})

test('questions of an edge isolate whose requests have vanished hold back nothing for long', async () => {
  const { promise: never } = Promise.withResolvers<never>()
  const budget = new MemoryBudget(MAX_BYTES)
  const memory = { budget, canQueue: false }
  const { clock, group } = createTestGroup({
    loader: () => never,
    memory,
    placement: EDGE,
    options: { timeoutMs: 1_000 },
  })
  const peer = { name: 'node-0', get: () => never, getMany: () => never }
  const picker = { pickPeer: () => peer, pickPeers: () => [peer] }
  for (let i = 0; i < 50; i++) void group.get(`key-${i}`, picker as never)
  void group.getMany(['a', 'b'], { maxBytes: 1_000 }, picker as never)
  group.purgeLocally({ tags: ['x'] })
  expect(budget.heldBytes).toBeGreaterThan(0)

  clock.advance(61_000)
  // The next question finds that they are over, the next purge forgets what was kept for them.
  const found = { ...peer, get: async () => ({ kind: 'not-found', expiresAtMs: 0, path: [] }) }
  await group.get('Tom', { ...picker, pickPeers: () => [found] } as never)

  expect(budget.heldBytes).toBe(0)
})

test('questions of an edge isolate are over with their answers: batches and early renewals too', async () => {
  const budget = new MemoryBudget(MAX_BYTES)
  const { clock, group } = createTestGroup({
    loader: latchedLoader().load,
    memory: { budget, canQueue: false },
    placement: EDGE,
    random: () => 1 - 1e-9,
  })
  let asked = 0
  const get = async () => {
    asked++
    clock.advance(50)
    return { kind: 'not-found', expiresAtMs: clock.now() + 60_000, path: [] }
  }
  const peer = { name: 'node-0', get, getMany: async () => [await get()] }
  const picker = { pickPeer: () => peer, pickPeers: () => [peer] } as never
  await group.getMany(['Tom'], { maxBytes: 1_000 }, picker)
  await group.get('Jack', picker)
  await group.get('Jack', picker)
  await settle()
  expect(asked).toBe(3)

  group.purgeLocally({ tags: ['x'] })

  expect(group.items).toBe(2)
  expect(budget.heldBytes).toBe(group.bytes)
})
