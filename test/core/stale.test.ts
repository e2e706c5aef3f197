import { describe, expect, test } from 'vitest'
import { OriginError } from '../../src/core/errors.ts'
import { FAILURES_TO_OPEN } from '../../src/core/load/circuit.ts'
import { createCluster } from '../support/cluster.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { createTestGroup, textOf } from '../support/group-factory.ts'
import { latchedLoader } from '../support/latched-loader.ts'
import { settle } from '../support/settle.ts'

/** A group with Tom loaded as "old" and a life of 1,000 ms, which has just passed. */
async function staleGroup(options: Parameters<typeof createTestGroup>[0]['options']) {
  const script = latchedLoader()
  const parts = createTestGroup({
    loader: script.load,
    options: { ttlMs: 1_000, ...options },
  })
  const first = parts.group.get('Tom')
  script.answer(0, text('old'))
  await first
  parts.clock.advance(1_000)
  return { ...script, ...parts, loader: script }
}

describe('stale while revalidate', () => {
  test('a thousand callers get the stale value at once, and one refresh runs behind them', async () => {
    const { answer, group, loader } = await staleGroup({ staleWhileRevalidateMs: 500 })

    const replies = Array.from({ length: 1_000 }, () => group.get('Tom'))

    for (const reply of replies) expect(reply).not.toBeInstanceOf(Promise)
    expect(replies[0]).toMatchObject({ path: [{ cache: 'node-0', fwd: 'stale', ttlMs: 0 }] })
    expect(replies[1]).toMatchObject({ path: [{ cache: 'node-0', hit: true, ttlMs: 0 }] })
    expect(loader.calls).toHaveLength(2)
    expect(group.stats).toMatchObject({ stale: 1_000, hits: 0, loadsCoalesced: 0 })

    answer(1, text('new'))
    await settle()
    expect(textOf(await group.get('Tom'))).toBe('new')
    expect(loader.calls).toHaveLength(2)
  })

  test('ends exactly with its window: then callers wait for the load', async () => {
    const { answer, clock, group } = await staleGroup({ staleWhileRevalidateMs: 500 })
    clock.advance(500)

    const reply = group.get('Tom')

    expect(reply).toBeInstanceOf(Promise)
    answer(1, text('new'))
    expect(textOf(await reply)).toBe('new')
  })

  test('a refresh that says "not found" takes the value away', async () => {
    const { answer, group } = await staleGroup({ staleWhileRevalidateMs: 500 })
    await group.get('Tom')

    answer(1, { kind: 'not-found' })
    await settle()

    expect(group.items).toBe(0)
  })
})

describe('stale if error', () => {
  test('the stale value is answered when the refresh fails, and says that it was refreshed', async () => {
    const { clock, fail, group } = await staleGroup({ staleIfErrorMs: 10_000 })
    clock.advance(2_500)

    const reply = group.get('Tom')
    fail(1)

    expect(textOf(await reply)).toBe('old')
    expect((await reply).path).toEqual([{ cache: 'node-0', fwd: 'stale', ttlMs: -2_500 }])
    expect(group.stats).toMatchObject({ stale: 1, loadErrors: 1 })
  })

  test('the stale value is answered when the refresh runs out of time', async () => {
    const { clock, group } = await staleGroup({ staleIfErrorMs: 10_000, timeoutMs: 200 })

    const replies = [group.get('Tom'), group.get('Tom')]
    clock.advance(200)

    expect((await Promise.all(replies)).map(textOf)).toEqual(['old', 'old'])
    expect(group.stats).toMatchObject({ stale: 2, loadTimeouts: 1 })
  })

  test('ends exactly with its window: then the failure is answered', async () => {
    const { clock, fail, group } = await staleGroup({ staleIfErrorMs: 10_000 })
    clock.advance(10_000)

    const reply = group.get('Tom')
    fail(1)

    expect(await reply).toMatchObject({ kind: 'failed', code: 'load-failed' })
  })

  test('a window that ends while the refresh runs has ended', async () => {
    const { clock, fail, group } = await staleGroup({ staleIfErrorMs: 300 })

    const reply = group.get('Tom')
    clock.advance(300)
    fail(1)

    expect(await reply).toMatchObject({ kind: 'failed' })
  })

  test('a refresh that fails 100 times under 1,000 callers each is one load each, and backs off', async () => {
    const { clock, fail, group, loader } = await staleGroup({ staleIfErrorMs: 3_600_000 })

    for (let failure = 1; failure <= 100; failure++) {
      const callers = Array.from({ length: 500 }, () => group.get('Tom'))
      expect(loader.calls).toHaveLength(1 + failure)
      fail(failure)
      await Promise.all(callers)
      const resting = Array.from({ length: 500 }, () => group.get('Tom'))
      for (const reply of [...(await Promise.all(callers)), ...resting]) {
        expect(textOf(reply as Awaited<typeof reply>)).toBe('old')
      }
      clock.advance(30_000)
    }

    expect(loader.calls).toHaveLength(101)
    expect(group.stats.stale).toBe(100_000)
  })

  test('a refresh behind a stale value backs off too, for longer each time', async () => {
    const { clock, fail, group, loader } = await staleGroup({ staleWhileRevalidateMs: 3_600_000 })
    const startsAtMs: number[] = []

    for (let elapsedMs = 0; elapsedMs < 10_000; elapsedMs += 250) {
      const loads = loader.calls.length
      const reply = await group.get('Tom')
      expect(textOf(reply)).toBe('old')
      if (loader.calls.length > loads) startsAtMs.push(elapsedMs)
      fail(loader.calls.length - 1)
      await settle()
      clock.advance(250)
    }

    // Pauses of 1, 2 and 4 seconds, cut by a quarter by the chance that the test has set.
    expect(startsAtMs).toEqual([0, 750, 2_250, 5_250])
  })

  test('a success after failures ends the pauses', async () => {
    const { answer, clock, fail, group, loader } = await staleGroup({ staleIfErrorMs: 3_600_000 })
    const failing = group.get('Tom')
    fail(1)
    await failing
    clock.advance(1_000)

    const healed = group.get('Tom')
    answer(2, text('new'))
    await healed
    clock.advance(1_000)
    void group.get('Tom')

    expect(textOf(await healed)).toBe('new')
    expect(loader.calls).toHaveLength(4)
  })

  test('is answered too while there is too much to do, and says that nothing went forward', async () => {
    const script = latchedLoader()
    const { clock, group } = createTestGroup({
      loader: script.load,
      maxLoads: 1,
      options: { ttlMs: 1_000, staleIfErrorMs: 10_000 },
    })
    const first = group.get('Tom')
    script.answer(0, text('old'))
    await first
    clock.advance(1_000)
    for (let i = 0; i < 11; i++) void group.get(`other-${i}`)

    const reply = await group.get('Tom')

    expect(textOf(reply)).toBe('old')
    expect(reply.path).toEqual([{ cache: 'node-0', hit: true, ttlMs: 0 }])
    expect(group.stats.loadsRefused).toBe(1)
  })

  test('is answered too while the origin is left alone', async () => {
    const { clock, fail, group, loader } = await staleGroup({ staleIfErrorMs: 3_600_000 })
    for (let i = 0; i < FAILURES_TO_OPEN; i++) {
      const other = group.get(`other-${i}`)
      fail(1 + i, new OriginError('unreachable', { isUnreachable: true }))
      await other
    }
    clock.advance(500)

    expect(textOf(await group.get('Tom'))).toBe('old')
    expect(await group.get('other')).toMatchObject({ kind: 'failed', code: 'load-failed' })
    expect(loader.calls).toHaveLength(1 + FAILURES_TO_OPEN)
  })
})

describe('soft timeout', () => {
  test('does not stretch a stale window that ends during the wait', async () => {
    const { answer, clock, group } = await staleGroup({ staleIfErrorMs: 30, softTimeoutMs: 50 })

    const reply = group.get('Tom')
    clock.advance(50)
    await settle()
    answer(1, text('new'))

    expect(textOf(await reply)).toBe('new')
  })

  test('a caller waits for the refresh only so long, and the refresh goes on', async () => {
    const { answer, clock, group, loader } = await staleGroup({
      staleIfErrorMs: 10_000,
      softTimeoutMs: 50,
    })

    const impatient = group.get('Tom')
    clock.advance(49)
    await settle()
    const later = group.get('Tom')
    clock.advance(1)
    const reply = await impatient

    expect(textOf(reply)).toBe('old')
    expect(reply.path).toEqual([{ cache: 'node-0', fwd: 'stale', ttlMs: -50 }])
    answer(1, text('new'))
    expect(textOf(await later)).toBe('new')
    expect(loader.calls).toHaveLength(2)
  })

  test('changes nothing where there is no stale value', async () => {
    const script = latchedLoader()
    const { clock, group } = createTestGroup({
      loader: script.load,
      options: { softTimeoutMs: 50, staleIfErrorMs: 10_000 },
    })

    const reply = group.get('Tom')
    clock.advance(60)
    script.answer(0, text('first'))

    expect(textOf(await reply)).toBe('first')
  })
})

describe('a late answer', () => {
  test('fills the cache though nobody waits for it any more', async () => {
    const script = latchedLoader()
    const { clock, group } = createTestGroup({
      loader: script.load,
      options: { timeoutMs: 100 },
    })
    const hanging = group.get('Tom')
    clock.advance(100)
    expect(await hanging).toMatchObject({ code: 'load-timeout' })

    script.answer(0, text('late'))
    await settle()

    expect(textOf(await group.get('Tom'))).toBe('late')
    expect(script.calls).toHaveLength(1)
  })

  test.each([
    [0, 1],
    [1, 0],
  ])(
    'of two late answers the newer stays, in whatever order they come (%i first)',
    async (first, second) => {
      const script = latchedLoader()
      const { clock, group } = createTestGroup({
        loader: script.load,
        options: { timeoutMs: 100 },
      })
      for (let i = 0; i < 2; i++) {
        const hanging = group.get('Tom')
        clock.advance(100)
        await hanging
      }

      script.answer(first, text(`answer ${first}`))
      await settle()
      script.answer(second, text(`answer ${second}`))
      await settle()

      expect(textOf(await group.get('Tom'))).toBe('answer 1')
    },
  )

  test('older than one already answered does not come back, whatever loads have hung since', async () => {
    const script = latchedLoader()
    const { clock, group } = createTestGroup({
      loader: script.load,
      options: { timeoutMs: 100, ttlMs: 1_000 },
    })
    const first = group.get('Tom')
    clock.advance(100)
    await first
    const newer = group.get('Tom')
    script.answer(1, text('newer'))
    await newer
    clock.advance(1_000)
    const third = group.get('Tom')
    clock.advance(100)
    await third

    script.answer(0, text('older'))
    await settle()

    expect(group.items).toBe(0)
  })

  test('is what a waiter gets whose own load runs out of time', async () => {
    const script = latchedLoader()
    const { clock, group } = createTestGroup({
      loader: script.load,
      options: { timeoutMs: 100 },
    })
    const first = group.get('Tom')
    clock.advance(100)
    await first
    const second = group.get('Tom')
    script.answer(0, text('late'))
    await settle()

    clock.advance(100)

    expect(textOf(await second)).toBe('late')
  })

  test('does not replace what a newer load has brought, even if that is gone again', async () => {
    const script = latchedLoader()
    const { clock, group } = createTestGroup({
      loader: script.load,
      options: { timeoutMs: 100, ttlMs: 1_000 },
    })
    const hanging = group.get('Tom')
    clock.advance(100)
    await hanging
    const newer = group.get('Tom')
    script.answer(1, text('newer'))
    await newer
    clock.advance(1_000)
    const expired = group.get('Tom')
    expect(group.items).toBe(0)

    script.answer(0, text('late'))
    await settle()

    expect(group.items).toBe(0)
    script.answer(2, text('newest'))
    expect(textOf(await expired)).toBe('newest')
  })
})

describe('"not found"', () => {
  test('is remembered for negativeTtl, in the node and at the edge', async () => {
    const loader = countingLoader(() => ({ kind: 'not-found' }))
    const cluster = createCluster(['node-0', 'node-1'], loader.load, {
      negativeTtlMs: 5_000,
      hotTtlMs: 1_000,
    })

    await cluster.edge.get('nobody')
    const hot = await cluster.edge.get('nobody')
    cluster.clock.advance(1_000)
    const owner = await cluster.edge.get('nobody')
    cluster.clock.advance(4_000)
    await cluster.edge.get('nobody')

    expect(hot).toMatchObject({
      kind: 'not-found',
      path: [{ cache: 'edge', hit: true, ttlMs: 1_000 }],
    })
    expect(owner.path[0]).toMatchObject({ hit: true, ttlMs: 4_000 })
    expect(loader.calls).toHaveLength(2)
  })

  test('is not remembered by default', async () => {
    const loader = countingLoader(() => ({ kind: 'not-found' }))
    const { group } = createTestGroup({ loader: loader.load })

    await group.get('nobody')
    await group.get('nobody')

    expect(loader.calls).toHaveLength(2)
    expect(group.items).toBe(0)
  })
})

describe('an older load', () => {
  test('does not store when a newer one has said "not found", which nothing holds', async () => {
    const script = latchedLoader()
    const { group } = createTestGroup({ loader: script.load })
    const older = group.get('Tom')
    await group.purge({ keys: ['Jack'] })
    await group.purge({ all: true })
    const newer = group.get('Tom')
    script.answer(1, { kind: 'not-found' })
    await newer

    script.answer(0, text('old'))
    await older

    expect(group.items).toBe(0)
  })
})

describe('renewal', () => {
  test('"not modified" begins the life anew, of the same bytes, without moving them', async () => {
    const { answer, clock, group } = await staleGroup({ staleWhileRevalidateMs: 500 })
    const before = await group.get('Tom')
    answer(1, { kind: 'not-modified' })
    await settle()

    clock.advance(999)
    const after = await group.get('Tom')

    expect(after.path).toEqual([{ cache: 'node-0', hit: true, ttlMs: 1 }])
    if (before.kind !== 'value' || after.kind !== 'value') throw new Error('no value')
    expect(after.entry.value).toBe(before.entry.value)
    expect(after.entry.etag).toBe(before.entry.etag)
  })

  test('keeps the life that the value came with, unless "not modified" says otherwise', async () => {
    const script = latchedLoader()
    const { clock, group } = createTestGroup({
      loader: script.load,
      options: { ttlMs: 60_000, expiryJitter: 0.5 },
      random: () => 0,
    })
    const validated = { ...text('old'), originEtag: '"1"', ttlMs: 100 }
    const first = group.get('Tom')
    script.answer(0, validated)
    await first

    clock.advance(100)
    const renewed = group.get('Tom')
    script.answer(1, { kind: 'not-modified' })
    await renewed
    expect((await group.get('Tom')).path).toMatchObject([{ hit: true, ttlMs: 100 }])

    clock.advance(100)
    const renewedAgain = group.get('Tom')
    script.answer(2, { kind: 'not-modified', ttlMs: 7 })
    await renewedAgain
    expect((await group.get('Tom')).path).toMatchObject([{ hit: true, ttlMs: 7 }])
  })

  test('leaves an entry that is stale as it comes to be confirmed again, without moving it', async () => {
    const seen: (string | undefined)[] = []
    const { clock, group } = createTestGroup({
      loader: async (_, { stale }) => {
        seen.push(stale?.originEtag)
        const isFirst = stale === undefined
        return isFirst ? { ...text('old'), originEtag: '"1"' } : { kind: 'not-modified', ttlMs: -5 }
      },
      options: { ttlMs: 1_000, expiryJitter: 0 },
    })
    await group.get('Tom')
    clock.advance(1_000)

    const replies = [await group.get('Tom'), await group.get('Tom')]

    expect(replies).toMatchObject([
      { kind: 'value', path: [{ fwd: 'stale', stored: true }] },
      { kind: 'value', path: [{ fwd: 'stale', stored: true }] },
    ])
    expect(seen).toEqual([undefined, '"1"', '"1"'])
    expect(group.items).toBe(1)
  })

  test('ends an entry that may not be kept any more', async () => {
    const { clock, group } = createTestGroup({
      loader: async (_, { stale }) =>
        stale === undefined
          ? { ...text('old'), originEtag: '"1"', ttlMs: 1_000 }
          : { kind: 'not-modified', ttlMs: 0 },
      options: { ttlMs: 1_000, expiryJitter: 0 },
    })
    await group.get('Tom')
    clock.advance(1_000)

    await group.get('Tom')

    expect(group.items).toBe(0)
  })

  test('is tried with an entry past all its windows, which is never answered as it is', async () => {
    const seen: (string | undefined)[] = []
    let fail = false
    const { clock, group } = createTestGroup({
      loader: async (_, { stale }) => {
        seen.push(stale?.originEtag)
        if (fail) throw new Error('down')
        return { ...text('old'), originEtag: '"1"' }
      },
      options: { ttlMs: 1_000, staleIfErrorMs: 1_000 },
    })
    await group.get('Tom')
    clock.advance(50_000)
    fail = true

    expect(await group.get('Tom')).toMatchObject({ kind: 'failed', path: [{ fwd: 'stale' }] })
    expect(seen).toEqual([undefined, '"1"'])
  })
})

describe('a stale value at the edge', () => {
  test('is not for the edge to answer or refresh: its owner is asked', async () => {
    const loader = countingLoader()
    const cluster = createCluster(['node-0', 'node-1'], loader.load, {
      staleWhileRevalidateMs: 60_000,
      hotTtlMs: 10_000,
    })
    await cluster.edge.get('Tom')

    await cluster.edge.purge({ keys: ['Tom'], soft: true })
    for (let i = 0; i < 100; i++) await cluster.edge.get('Tom')

    expect(cluster.edge.stats).toMatchObject({ loads: 0, edgeLoads: 0, stale: 0 })
    expect(loader.calls.length).toBeLessThanOrEqual(2)
  })
})

describe('a clock that goes backwards', () => {
  test('makes what is held expired, as its age cannot be known', async () => {
    const loader = countingLoader()
    const { clock, group } = createTestGroup({ loader: loader.load, options: { ttlMs: 1_000 } })
    await group.get('Tom')

    clock.goBack(60_000)
    await group.get('Tom')
    await group.get('Tom')

    expect(loader.calls).toHaveLength(2)
  })
})

describe('too many loads', () => {
  test('are refused, which is final: no guest and no edge tries it again', async () => {
    const hang = countingLoader(() => new Promise<never>(() => {}))
    const cluster = createCluster(['node-0', 'node-1', 'node-2'], hang.load, {}, { maxLoads: 1 })
    const keys = Array.from({ length: 400 }, (_, i) => `key-${i}`).filter(
      (key) => cluster.ring.pick(key) === 'node-0',
    )

    for (const key of keys.slice(0, 11)) void cluster.edge.get(key)
    await settle()
    const refused = await cluster.edge.get(keys[11] as string)

    expect(refused).toMatchObject({ kind: 'failed', code: 'overloaded' })
    expect(hang.calls).toEqual([keys[0]])
    expect(cluster.edge.stats.peerErrors).toBe(0)
  })
})
