/** What the refusal of a key does to older values of it: they are not answered any more, wherever they are. */

import { describe, expect, test, vi } from 'vitest'
import { ENTRY_OVERHEAD_BYTES } from '../../src/core/entry/entry.ts'
import { OriginError } from '../../src/core/errors.ts'
import type { Group } from '../../src/core/group/group.ts'
import type { Loaded } from '../../src/core/load/loader.ts'
import type { Reply } from '../../src/core/peers/peers.ts'
import { createCluster } from '../support/cluster.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { createDurableGroup, createDurableGroupOn } from '../support/durable-group.ts'
import { createTestGroup, GUEST, type TestGroupParts, textOf } from '../support/group-factory.ts'
import { latchedLoader } from '../support/latched-loader.ts'
import { settle } from '../support/settle.ts'

const REFUSAL = new OriginError('The status is 403.', { isRefusal: true })
const FAILED = { kind: 'failed', code: 'load-failed' }
const NODES = ['node-0', 'node-1', 'node-2']

/** A loader that answers "old" until a test says otherwise. */
function originOf(answer: () => Loaded = () => text('old')) {
  const origin: { error: Error | undefined } = { error: undefined }
  const loader = countingLoader(() => {
    if (origin.error !== undefined) throw origin.error
    return answer()
  })
  return { loader, origin }
}

/** A node's group whose value of Tom, "old", has just become stale. */
async function staleGroup(parts: Partial<TestGroupParts> = {}) {
  const loader = latchedLoader()
  const created = createTestGroup({
    ...parts,
    loader: loader.load,
    options: { ttlMs: 1_000, staleIfErrorMs: 600_000, ...parts.options },
  })
  const first = created.group.get('Tom')
  loader.answer(0, text('old'))
  await first
  created.clock.advance(1_000)
  return { ...created, loader }
}

/** The next load fails, for which a stale value would stand in: nothing may be left of it. */
async function expectNothingLeft(
  group: Group,
  loader: Awaited<ReturnType<typeof staleGroup>>['loader'],
) {
  const next = loader.calls.length
  const reply = group.get('Tom')
  expect(loader.calls).toHaveLength(next + 1)
  loader.fail(next)
  expect(await reply).toMatchObject(FAILED)
  expect([group.items, group.bytes]).toEqual([0, 0])
}

describe('a refresh that is refused', () => {
  test('is the answer, and ends the stale value: nothing of it is left to stand in later', async () => {
    const { group, loader } = await staleGroup()

    const replies = [group.get('Tom'), group.get('Tom')]
    loader.fail(1, REFUSAL)

    for (const reply of await Promise.all(replies)) {
      expect(reply).toMatchObject({ ...FAILED, isRefusal: true })
    }
    expect([group.items, group.bytes]).toEqual([0, 0])
    await expectNothingLeft(group, loader)
    expect(group.stats).toMatchObject({ stale: 0, loadErrors: 2 })
  })

  test('ends it behind a stale answer', async () => {
    const { group, loader } = await staleGroup({ options: { staleWhileRevalidateMs: 600_000 } })

    expect(textOf(await group.get('Tom'))).toBe('old')
    loader.fail(1, REFUSAL)
    await settle()

    await expectNothingLeft(group, loader)
  })

  test('ends it past softTimeout, when the stale value has been answered', async () => {
    const { clock, group, loader } = await staleGroup({ options: { softTimeoutMs: 50 } })
    const impatient = group.get('Tom')
    clock.advance(50)
    expect(textOf(await impatient)).toBe('old')

    loader.fail(1, REFUSAL)
    await settle()

    await expectNothingLeft(group, loader)
  })

  test('ends it though the refusal comes after the time-out', async () => {
    const { clock, group, loader } = await staleGroup({ options: { timeoutMs: 100 } })
    const waiting = group.get('Tom')
    clock.advance(100)
    expect(textOf(await waiting)).toBe('old')

    loader.fail(1, REFUSAL)
    await settle()

    await expectNothingLeft(group, loader)
  })

  test('takes it from a caller who has it in hand, and waits for another refresh', async () => {
    const { clock, group, loader } = await staleGroup({ options: { timeoutMs: 100 } })
    const first = group.get('Tom')
    clock.advance(100)
    await first
    clock.advance(1_000)
    const second = group.get('Tom')
    loader.fail(1, REFUSAL)
    await settle()

    loader.fail(2)

    expect(await second).toMatchObject(FAILED)
  })

  test('takes it from a guest as well', async () => {
    const options = { hotTtlMs: 60_000 }
    const { group, loader } = await staleGroup({ placement: GUEST, options })

    const reply = group.get('Tom')
    loader.fail(1, REFUSAL)
    await reply

    await expectNothingLeft(group, loader)
  })

  test('ends a value that was purged softly meanwhile', async () => {
    const { group, loader } = await staleGroup()
    const reply = group.get('Tom')
    await group.purge({ keys: ['Tom'], soft: true })

    loader.fail(1, REFUSAL)
    await reply

    await expectNothingLeft(group, loader)
  })
})

describe('what is newer than a refused load', () => {
  test('stays when it was set', async () => {
    const { group, loader } = await staleGroup()
    const reply = group.get('Tom')
    await group.set('Tom', text('set'))

    loader.fail(1, REFUSAL)

    expect(textOf(await reply)).toBe('set')
    expect(textOf(await group.get('Tom'))).toBe('set')
    expect(loader.calls).toHaveLength(2)
  })

  test('stays when a later load has brought it', async () => {
    const { clock, group, loader } = await staleGroup({ options: { timeoutMs: 100 } })
    const first = group.get('Tom')
    clock.advance(100)
    await first
    clock.advance(1_000)
    const second = group.get('Tom')
    loader.answer(2, text('new'))
    expect(textOf(await second)).toBe('new')

    loader.fail(1, REFUSAL)
    await settle()

    expect(textOf(await group.get('Tom'))).toBe('new')
    expect(loader.calls).toHaveLength(3)
  })

  test('is not undone by an older load that answers after the refusal', async () => {
    const { clock, group, loader } = await staleGroup({ options: { timeoutMs: 100 } })
    const first = group.get('Tom')
    clock.advance(100)
    await first
    clock.advance(1_000)
    const second = group.get('Tom')
    loader.fail(2, REFUSAL)
    await second

    loader.answer(1, text('older'))
    await settle()

    await expectNothingLeft(group, loader)
  })

  test('stays when it was set, and memory has let it go to disk since', async () => {
    const loader = latchedLoader()
    const options = { ttlMs: 1_000, staleIfErrorMs: 600_000 }
    const durable = createDurableGroup({ loader: loader.load, options, maxBytes: 1_500 })
    const { clock, group } = durable
    const first = group.get('Tom')
    loader.answer(0, text('old'))
    await first
    clock.advance(1_000)
    const reply = group.get('Tom')
    await group.set('Tom', text('set'))
    durable.write()
    await group.set('Jack', text('589'))

    loader.fail(1, REFUSAL)
    await reply

    expect(textOf(await group.get('Tom'))).toBe('set')
    expect(loader.calls).toHaveLength(2)
  })
})

describe('a refusal in a durable group', () => {
  /** "old" of Tom is on disk, and stale; memory is lost where `isLost`. */
  async function staleOnDisk(isLost: boolean) {
    const { loader, origin } = originOf()
    const options = { ttlMs: 1_000, staleIfErrorMs: 600_000 }
    const durable = createDurableGroup({ loader: loader.load, options })
    await durable.group.get('Tom')
    durable.write()
    durable.clock.advance(1_000)
    if (isLost) durable.loseMemory()
    return { durable, loader, origin }
  }

  test.each([false, true])('ends what is on disk; memory lost before: %s', async (isLost) => {
    const { durable, origin } = await staleOnDisk(isLost)
    origin.error = REFUSAL
    expect(await durable.group.get('Tom')).toMatchObject(FAILED)
    expect(durable.store.items).toBe(0)

    durable.loseMemory()
    origin.error = new Error('down')

    expect(await durable.group.get('Tom')).toMatchObject(FAILED)
  })

  test('is the answer where what is on disk has no room in memory', async () => {
    const { durable, loader, origin } = await staleOnDisk(false)
    const { clock, store } = durable
    const options = { ttlMs: 1_000, staleIfErrorMs: 600_000 }
    const parts = { loader: loader.load, options, maxBytes: ENTRY_OVERHEAD_BYTES, clock }
    const small = createDurableGroupOn(store, parts)
    origin.error = new Error('down')
    expect(textOf(await small.group.get('Tom'))).toBe('old')
    origin.error = REFUSAL

    expect(await small.group.get('Tom')).toMatchObject(FAILED)

    expect(store.items).toBe(0)
  })

  test('from home leaves what has been set since, and is on disk alone', async () => {
    const home = Promise.withResolvers<Reply>()
    const loader = countingLoader()
    const upstream = { answered: () => {}, peek: async () => undefined, get: () => home.promise }
    const durable = createDurableGroup({ loader: loader.load, upstream, maxBytes: 1_500 })
    const reply = durable.group.get('Tom')
    await settle()
    await durable.group.set('Tom', text('set'))
    durable.write()
    await durable.group.set('Jack', text('589'))

    home.resolve({
      kind: 'failed',
      code: 'load-failed',
      detail: 'no',
      isRefusal: true,
      path: [],
    })
    await reply

    expect(textOf(await durable.group.get('Tom'))).toBe('set')
    expect(loader.calls).toEqual([])
  })

  test('ends what waits to be written', async () => {
    const { loader, origin } = originOf()
    const options = { ttlMs: 1_000, staleIfErrorMs: 600_000 }
    const durable = createDurableGroup({ loader: loader.load, options })
    await durable.group.get('Tom')
    durable.clock.advance(1_000)
    origin.error = REFUSAL
    await durable.group.get('Tom')

    durable.write()

    expect(durable.store.writes).toEqual([])
  })

  test('ends what was read back, whatever soft purge has come since', async () => {
    const loader = latchedLoader()
    const options = { ttlMs: 1_000, staleIfErrorMs: 600_000 }
    const durable = createDurableGroup({ loader: loader.load, options })
    const first = durable.group.get('Tom')
    loader.answer(0, text('old'))
    await first
    durable.write()
    durable.clock.advance(1_000)
    durable.loseMemory()
    const reply = durable.group.get('Tom')
    await durable.group.purge({ all: true, soft: true })

    loader.fail(1, REFUSAL)
    await reply

    expect(durable.store.items).toBe(0)
    await expectNothingLeft(durable.group, loader)
  })
})

describe("a refusal that is a node's answer", () => {
  /** An edge that has a hot copy of Tom, as good as `staleIfError` for when no node can be reached. */
  async function edgeWithCopy() {
    const { loader, origin } = originOf()
    const options = { ttlMs: 1_000, hotTtlMs: 500, staleIfErrorMs: 600_000 }
    const cluster = createCluster(NODES, loader.load, options)
    await cluster.edge.get('Tom')
    cluster.clock.advance(1_000)
    const cutOff = () => {
      for (const name of NODES) cluster.node(name).peer.broken = true
      origin.error = new Error('down')
    }
    return { ...cluster, cutOff, loader, origin }
  }

  test.each(['get', 'getMany'] as const)(
    'ends the hot copy that is kept for when no node can be reached, asked for by %s',
    async (method) => {
      const { cutOff, edge, origin } = await edgeWithCopy()
      origin.error = REFUSAL
      const asked = method === 'get' ? edge.get('Tom') : edge.getMany(['Tom']).then(([it]) => it)
      expect(await asked).toMatchObject({ ...FAILED, isRefusal: true })

      cutOff()

      expect(await edge.get('Tom')).toMatchObject(FAILED)
      expect((await edge.getMany(['Tom']))[0]).toMatchObject(FAILED)
      expect(edge.items).toBe(0)
    },
  )

  test('leaves the hot copy where it is another failure', async () => {
    const { cutOff, edge, node, origin } = await edgeWithCopy()
    for (const name of NODES) node(name).group.purgeLocally({ all: true })
    origin.error = new Error('down')
    expect(await edge.get('Tom')).toMatchObject(FAILED)

    cutOff()

    expect(textOf(await edge.get('Tom'))).toBe('old')
  })

  test('leaves a hot copy that was asked for later', async () => {
    const { edge, node, origin, ring } = await edgeWithCopy()
    const owner = node(ring.pick('Tom')).peer
    const answered = Promise.withResolvers<void>()
    const get = owner.get.bind(owner)
    vi.spyOn(owner, 'get').mockImplementationOnce(async (...asked) => {
      const reply = await get(...asked)
      await answered.promise
      return reply
    })
    origin.error = REFUSAL
    const refused = edge.get('Tom')
    await settle()
    origin.error = undefined
    await edge.get('Tom')

    answered.resolve()

    expect(await refused).toMatchObject(FAILED)
    expect((await edge.get('Tom')).path).toMatchObject([{ cache: 'edge', hit: true }])
  })

  test('ends the hot copy when it comes from a guest', async () => {
    const { edge, node, origin, ring } = await edgeWithCopy()
    node(ring.pick('Tom')).peer.broken = true
    origin.error = REFUSAL

    expect(await edge.get('Tom')).toMatchObject(FAILED)

    expect(edge.items).toBe(0)
  })
})

describe('a refusal at home', () => {
  test("ends a regional owner's value, and its edge's, which get it as data", async () => {
    const { loader, origin } = originOf()
    const options = { ttlMs: 1_000, hotTtlMs: 500, staleIfErrorMs: 600_000 }
    const cluster = createCluster(NODES, loader.load, options, { regions: ['weur', 'wnam'] })
    const { clock, topology } = cluster
    const edge = cluster.addEdge('wnam')
    const regional = cluster.node(topology.ownerIn('wnam', 'Tom'))
    await edge.get('Tom')
    clock.advance(1_000)
    origin.error = REFUSAL
    const home = vi.spyOn(cluster.node(topology.ownerIn('weur', 'Tom')).peer, 'get')

    expect(await edge.get('Tom')).toMatchObject({ ...FAILED, isRefusal: true })

    expect(home).toHaveBeenCalledTimes(1)
    expect([regional.group.items, edge.items]).toEqual([0, 0])
    origin.error = new Error('down')
    expect(await edge.get('Tom')).toMatchObject(FAILED)
    expect(loader.calls).toHaveLength(3)
  })
})
