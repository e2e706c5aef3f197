import { describe, expect, test } from 'vitest'
import type { Purge } from '../../src/core/entry/purge.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { createDurableGroup, type DurableOptions } from '../support/durable-group.ts'
import { textOf } from '../support/group-factory.ts'
import { latchedLoader } from '../support/latched-loader.ts'
import { settle } from '../support/settle.ts'

type Options = Omit<DurableOptions, 'loader'>

const WINDOWS = { ttlMs: 60_000, staleWhileRevalidateMs: 500, staleIfErrorMs: 10_000 }

const HARD: [string, Purge][] = [
  ['of the key', { keys: ['Tom'] }],
  ['of its tag', { tags: ['players'] }],
  ['of everything', { all: true }],
]
const SOFT = HARD.map(([what, purge]): [string, Purge] => [
  `${what}, softly`,
  { ...purge, soft: true },
])
const PURGES = [...HARD, ...SOFT]

/** A group that has loaded the values given, under tags; what each load says tells which it was. */
async function filledGroup(values: Record<string, string[]>, options: Options = {}) {
  const { calls, load } = countingLoader((key) => ({
    ...text(`load ${calls.length} of ${key}`),
    tags: values[key] ?? [],
  }))
  const node = createDurableGroup({ loader: load, ...options })
  for (const key of Object.keys(values)) await node.group.get(key)
  const loads = calls.length
  return { node, loads: () => calls.slice(loads) }
}

/** A durable group whose loads a test ends one by one. */
function latchedGroup(options: Options = {}) {
  const loader = latchedLoader()
  const answer = (index: number, value: string) => {
    loader.answer(index, { ...text(value), tags: ['players'] })
    return settle()
  }
  return { node: createDurableGroup({ loader: loader.load, ...options }), loader, answer }
}

describe.each(PURGES)('a purge %s', (_, purge) => {
  test('holds when memory is lost after it', async () => {
    const { node, loads } = await filledGroup({ Tom: ['players'] })
    node.write()

    const report = await node.group.purge(purge)
    node.loseMemory()
    await node.group.get('Tom')

    expect(report).toMatchObject({ ok: true, entries: 1 })
    expect(loads()).toEqual(['Tom'])
  })

  test('takes what is on disk alone', async () => {
    const { node, loads } = await filledGroup({ Tom: ['players'] })
    node.write()
    node.loseMemory()

    const report = await node.group.purge(purge)
    await node.group.get('Tom')

    expect(report.entries).toBe(1)
    expect(loads()).toEqual(['Tom'])
  })

  test('takes what waits to be written', async () => {
    const { node, loads } = await filledGroup({ Tom: ['players'] })

    const report = await node.group.purge(purge)
    node.write()
    node.loseMemory()
    await node.group.get('Tom')

    expect(report.entries).toBe(1)
    expect(loads()).toEqual(['Tom'])
  })

  test('takes what waits, and the row that it would have replaced', async () => {
    const options = { ttlMs: 1_000, staleIfErrorMs: 3_600_000 }
    const { node, loads } = await filledGroup({ Tom: ['players'] }, { options })
    node.write()
    node.clock.advance(1_000)
    await node.group.get('Tom')

    await node.group.purge({ ...purge, soft: false })
    node.write()
    node.loseMemory()
    await node.group.get('Tom')

    expect(loads()).toEqual(['Tom', 'Tom'])
  })

  test.each([
    ['before it is written', 0],
    ['before it is written, over an older row without the tag', 1],
  ])('takes what memory has evicted, %s', async (_, older) => {
    let tags = older === 1 ? ['others'] : ['players']
    const { calls, load } = countingLoader((key) => ({ ...text(`of ${key}`), tags }))
    const options = { ttlMs: 1_000, staleIfErrorMs: 3_600_000 }
    const node = createDurableGroup({ loader: load, maxBytes: 1_400, options })
    for (let i = 0; i < older; i++) {
      await node.group.get('Tom')
      node.write()
      node.clock.advance(1_000)
    }
    tags = ['players']
    await node.group.get('Tom')
    await node.group.get('Jack')
    expect(node.group.items).toBe(1)
    calls.length = 0

    node.group.purgeLocally({ ...purge, soft: false })
    const first = await node.group.get('Tom')
    expect(calls).toEqual(['Tom'])
    expect(textOf(first)).toBe('of Tom')
    await node.group.get('Jack')
    node.group.purgeLocally({ ...purge, soft: false })
    node.write()
    node.loseMemory()
    await node.group.get('Tom')

    expect(calls.filter((key) => key === 'Tom')).toEqual(['Tom', 'Tom'])
  })

  test('during a load, of what is read back meanwhile: nothing old is left', async () => {
    const { answer, loader, node } = latchedGroup()
    const before = node.group.get('Tom')
    node.group.purgeLocally(purge)
    const after = node.group.get('Tom')
    await answer(0, 'old')
    node.write()
    expect(node.store.items).toBe(0)
    await answer(1, 'new')
    node.write()
    node.loseMemory()

    expect(textOf(await node.group.get('Tom'))).toBe('new')
    expect([textOf(await before), textOf(await after)]).toEqual(['old', 'new'])
    expect(loader.calls).toHaveLength(2)
  })

  test('between the loss of memory and a load that it began before has no say in the new life', async () => {
    const { answer, node } = latchedGroup()
    void node.group.get('Tom')
    node.loseMemory()
    node.group.purgeLocally(purge)
    const after = node.group.get('Tom')
    await answer(1, 'new')
    node.write()
    node.loseMemory()

    expect(textOf(await node.group.get('Tom'))).toBe('new')
    expect(textOf(await after)).toBe('new')
  })

  test('in an earlier life does not hold back what came after it', async () => {
    const { node, loads } = await filledGroup({ Tom: ['players'] })
    node.write()
    await node.group.purge(purge)
    node.loseMemory()
    await node.group.get('Tom')
    node.write()
    node.loseMemory()
    await node.group.get('Tom')

    expect(loads()).toEqual(['Tom'])
  })

  test('does not hold back what is read back after it, and was loaded after it', async () => {
    const { node, loads } = await filledGroup({ Tom: ['players'] }, { maxBytes: 1_400 })
    await node.group.purge(purge)
    await node.group.get('Tom')
    node.write()
    await node.group.get('Jack')

    expect(textOf(await node.group.get('Tom'))).toBe('load 2 of Tom')
    expect(loads()).toEqual(['Tom', 'Jack'])
    expect((await node.group.purge(purge)).entries).toBeGreaterThan(0)
  })
})

describe.each(SOFT)('a purge %s', (_, purge) => {
  test.each([
    ['before it', (node: Node) => node.loseMemory(), () => {}],
    ['after it', () => {}, (node: Node) => node.loseMemory()],
    ['never', () => {}, () => {}],
  ])('leaves a stale value, memory lost %s', async (_, before, after) => {
    const { node, loads } = await filledGroup({ Tom: ['players'] }, { options: WINDOWS })
    node.write()

    before(node)
    const report = await node.group.purge(purge)
    after(node)
    node.clock.advance(400)
    const stale = await node.group.get('Tom')
    await settle()

    expect(report.entries).toBe(1)
    expect(textOf(stale)).toBe('load 1 of Tom')
    expect(stale.path).toEqual([{ cache: 'node-0', fwd: 'stale', ttlMs: -400 }])
    expect(loads()).toEqual(['Tom'])
  })

  test('leaves the stale windows their length, and no more, memory lost', async () => {
    const { node, loads } = await filledGroup({ Tom: ['players'] }, { options: WINDOWS })
    await node.group.purge(purge)
    node.clock.advance(9_000)
    await node.group.purge(purge)
    node.loseMemory()
    node.clock.advance(1_000)

    expect((await node.group.get('Tom')).path).toEqual([
      { cache: 'node-0', fwd: 'miss', stored: true },
    ])
    expect(loads()).toEqual(['Tom'])
  })

  test('is not undone by a clock that is set back, memory lost', async () => {
    const { node } = await filledGroup({ Tom: ['players'] }, { options: WINDOWS })
    node.clock.advance(1_000)
    await node.group.purge(purge)
    node.loseMemory()
    node.clock.goBack(500)

    expect(await node.group.get('Tom')).toMatchObject({ path: [{ fwd: 'stale' }] })
  })

  test('is over with the next load, memory lost', async () => {
    const { node } = await filledGroup({ Tom: ['players'] }, { options: WINDOWS })
    await node.group.purge(purge)
    await node.group.get('Tom')
    await settle()
    node.write()
    node.loseMemory()

    expect(await node.group.get('Tom')).toMatchObject({ path: [{ hit: true, ttlMs: 60_000 }] })
  })
})

type Node = ReturnType<typeof createDurableGroup>

describe('how many entries a purge reports', () => {
  const values = { a: ['x'], b: ['x', 'y'], c: ['y'], d: [] }

  /** a and b in memory and on disk, c on disk, d in memory and waiting. */
  async function spread() {
    const { node } = await filledGroup({ a: ['x'], b: ['x', 'y'], c: ['y'] }, { options: WINDOWS })
    node.write()
    node.loseMemory()
    for (const key of ['a', 'b', 'd']) await node.group.get(key)
    return node
  }

  test.each<[Purge, number]>([
    [{ keys: ['a', 'c', 'd', 'e', 'a'] }, 3],
    [{ tags: ['x'] }, 2],
    [{ tags: ['y'] }, 2],
    [{ tags: ['x', 'y', 'z'] }, 4],
    [{ all: true }, 4],
  ])('counts what is in memory and on disk once: %j, hard and soft', async (purge, entries) => {
    for (const soft of [false, true]) {
      expect((await (await spread()).group.purge({ ...purge, soft })).entries).toBe(entries)
    }
  })

  test('counts what is purged already no more', async () => {
    const node = await spread()
    await node.group.purge({ tags: ['x'] })

    expect((await node.group.purge({ keys: ['a', 'b'] })).entries).toBe(0)
    expect((await node.group.purge({ tags: ['y'] })).entries).toBe(1)
    expect((await node.group.purge({ all: true })).entries).toBe(1)
    expect(node.store.items).toBe(0)
  })

  test('counts what waits, and the row that it would replace, once', async () => {
    const options = { ttlMs: 1_000 }
    const { node } = await filledGroup({ Tom: ['x'] }, { options, maxBytes: 1_400 })
    node.write()
    node.clock.advance(1_000)
    await node.group.get('Tom')
    await node.group.get('evicts Tom')

    expect((await node.group.purge({ tags: ['x'] })).entries).toBe(1)
  })

  test('counts what memory let go while it waits', async () => {
    const { node } = await filledGroup(values, { maxBytes: 1_400 })

    expect(node.group.items).toBe(1)
    expect((await node.group.purge({ tags: ['x'] })).entries).toBe(2)
    expect((await node.group.purge({ all: true })).entries).toBe(2)
  })
})

describe('a load under way', () => {
  const options = { ttlMs: 1_000, staleWhileRevalidateMs: 60_000 }

  test('is stored over what is read back while it runs', async () => {
    const { answer, node } = latchedGroup({ options, maxBytes: 1_400 })
    void node.group.get('Tom')
    await answer(0, 'old')
    node.write()
    node.clock.advance(1_000)
    node.group.get('Tom')
    void node.group.get('Jack')
    await answer(2, 'evicts Tom')
    expect(textOf(await node.group.get('Tom'))).toBe('old')

    await answer(1, 'new')

    expect(textOf(await node.group.get('Tom'))).toBe('new')
    node.write()
    node.loseMemory()
    expect(textOf(await node.group.get('Tom'))).toBe('new')
  })

  test('that is late does not replace what a newer one has stored, and memory has lost', async () => {
    const { answer, node } = latchedGroup({ options: { timeoutMs: 100 }, maxBytes: 1_400 })
    const late = node.group.get('Tom')
    node.clock.advance(100)
    await late
    void node.group.get('Tom')
    await answer(1, 'newer')
    node.write()
    void node.group.get('Jack')
    await answer(2, 'evicts Tom')
    await node.group.get('Tom')

    await answer(0, 'late')

    expect(textOf(await node.group.get('Tom'))).toBe('newer')
    node.write()
    node.loseMemory()
    expect(textOf(await node.group.get('Tom'))).toBe('newer')
  })

  test('does not replace what was set while it ran, and memory has lost', async () => {
    const { answer, node } = latchedGroup({ maxBytes: 1_400 })
    void node.group.get('Tom')
    await node.group.setLocally('Tom', text('set'))
    node.write()
    await node.group.setLocally('Jack', text('evicts Tom'))
    expect(textOf(await node.group.get('Tom'))).toBe('set')

    await answer(0, 'old')
    node.write()

    expect(textOf(await node.group.get('Tom'))).toBe('set')
    node.loseMemory()
    expect(textOf(await node.group.get('Tom'))).toBe('set')
  })
})
