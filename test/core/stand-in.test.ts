import { describe, expect, test } from 'vitest'
import type { LoadContext, LoadedValue } from '../../src/core/load/loader.ts'
import { FakePeer, pickerOf } from '../support/cluster.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { createTestGroup, EDGE, GUEST, textOf } from '../support/group-factory.ts'
import { latchedLoader } from '../support/latched-loader.ts'
import { settle } from '../support/settle.ts'

describe("a guest's copy", () => {
  test('is not kept when the load took as long as copies are kept', async () => {
    const latch = Promise.withResolvers<LoadedValue>()
    const { clock, group } = createTestGroup({
      loader: countingLoader(() => latch.promise).load,
      placement: GUEST,
      options: { hotTtlMs: 1_000 },
    })

    const load = group.get('Tom')
    clock.advance(1_000)
    latch.resolve(text('630'))

    expect((await load).path).toEqual([{ cache: 'node-1', fwd: 'miss', detail: 'guest' }])
    expect(group.items).toBe(0)
  })

  test('is gone when its time has passed: not even its validators are used again', async () => {
    const contexts: LoadContext[] = []
    const { clock, group } = createTestGroup({
      loader: async (_, context) => {
        contexts.push(context)
        return { ...text('630'), originEtag: '"1"' }
      },
      placement: GUEST,
      options: { hotTtlMs: 1_000 },
    })

    for (const waitMs of [1_000, 1_001, 0]) {
      const { path } = await group.get('Tom')
      expect(path).toMatchObject([{ fwd: 'miss', stored: true }])
      clock.advance(waitMs)
    }

    expect(contexts.map(({ stale }) => stale)).toEqual([undefined, undefined, undefined])
    expect(group.stats.evictions).toMatchObject({ expired: 2, replaced: 0 })
  })

  test('that is too large is no news, as it is a bonus', async () => {
    const { group } = createTestGroup({
      loader: countingLoader().load,
      placement: GUEST,
      options: { maxValueBytes: 1 },
    })

    await group.get('Tom')

    expect(group).toMatchObject({ items: 0, stats: { rejected: 0 } })
  })

  test('says whose it is when it is answered stale', async () => {
    const { clock, group } = createTestGroup({
      loader: countingLoader().load,
      placement: GUEST,
      options: { ttlMs: 100, staleWhileRevalidateMs: 500, hotTtlMs: 1_000 },
    })
    await group.get('Tom')
    clock.advance(100)

    expect((await group.get('Tom')).path).toEqual([
      { cache: 'node-1', fwd: 'stale', ttlMs: 0, detail: 'guest' },
    ])
  })

  test('that ends during a soft timeout is not answered any more', async () => {
    const loader = latchedLoader()
    const { clock, group } = createTestGroup({
      loader: loader.load,
      placement: GUEST,
      options: { ttlMs: 100, staleIfErrorMs: 10_000, softTimeoutMs: 50, hotTtlMs: 150 },
    })
    const first = group.get('Tom')
    loader.answer(0, text('old'))
    await first
    clock.advance(100)

    const reply = group.get('Tom')
    clock.advance(50)
    await settle()
    loader.answer(1, text('new'))

    expect(textOf(await reply)).toBe('new')
  })
})

describe('the edge, when no node can serve', () => {
  function lonelyEdge() {
    const peers = ['node-0', 'node-1', 'node-2'].map((name) => new FakePeer(name, new Map()))
    const loader = latchedLoader()
    const parts = createTestGroup({
      loader: loader.load,
      placement: EDGE,
      options: { ttlMs: 100, staleIfErrorMs: 10_000, hotTtlMs: 500 },
    })
    parts.group.registerPeers(pickerOf(peers))
    return { ...parts, loader }
  }

  test('reports what was wrong with each, and counts the load as its own', async () => {
    const { errors, group, loader } = lonelyEdge()

    const reply = group.get('Tom')
    await settle()
    loader.answer(0, text('630'))
    await reply

    expect(group.stats).toMatchObject({ edgeLoads: 1, guestLoads: 0 })
    expect(errors.map(String).sort()).toEqual(
      ['node-0', 'node-1', 'node-2'].map((name) => `PeerUnavailableError: ${name} is down.`),
    )
  })

  test('answers no stale copy that has ended while it asked them', async () => {
    const { clock, group, loader } = lonelyEdge()
    const first = group.get('Tom')
    await settle()
    loader.answer(0, text('old'))
    await first
    clock.advance(400)

    const reply = group.get('Tom')
    clock.advance(100)
    await settle()
    loader.fail(1)

    expect(await reply).toMatchObject({ kind: 'failed', code: 'load-failed' })
  })
})
