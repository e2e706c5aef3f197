import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import type { AnswerRoom } from '../../src/core/peers/byte-room.ts'
import { PROTOCOL_VERSION } from '../../src/core/peers/messages.ts'
import type { Reply } from '../../src/core/peers/peers.ts'
import { Ring } from '../../src/core/ring/ring.ts'
import { noCounters } from '../../src/core/stats/counters.ts'
import type { EdgeReport } from '../../src/core/stats/edge-reporter.ts'
import type { NodeStats } from '../../src/core/stats/node-report.ts'

const ring = new Ring(Array.from({ length: 16 }, (_, i) => `node-${i}`))
const [owner, guest] = ring.pickMany('Tom', 2) as [string, string]

function stubOf(name: string) {
  return env.CACHE_NODE.getByName(name)
}

async function get(name: string, key: string, group = 'scores', version = PROTOCOL_VERSION) {
  return await stubOf(name).get({ version, group, key })
}

async function statsOf(name: string, report?: EdgeReport): Promise<NodeStats> {
  const reported = report === undefined ? {} : { report }
  return await stubOf(name).stats({ version: PROTOCOL_VERSION, ...reported })
}

beforeEach(async () => {
  for (const name of [owner, guest]) {
    await stubOf(name).stats({ version: PROTOCOL_VERSION })
    await evictDurableObject(stubOf(name))
  }
})

describe('a cache node', () => {
  test.each<['get' | 'getMany' | 'set' | 'purge', object]>([
    ['get', { key: 5 }],
    ['getMany', { keys: ['Tom', 5], maxBytes: 1_000 }],
    ['getMany', { keys: ['Tom'], maxBytes: 1_000, firstBytes: '1_000' }],
    ['getMany', { keys: ['Tom'], maxBytes: 1_000, heldOnly: 1 }],
    ['set', { key: 'Tom', value: { value: 'text', contentType: 'text/plain' } }],
    ['set', { key: 'Tom', value: { value: new Uint8Array(1), contentType: 'a\r\nb: c' } }],
    [
      'set',
      { key: 'Tom', value: { value: new Uint8Array(1), contentType: 'a/b', ttlMs: Number.NaN } },
    ],
    ['purge', { purge: { all: 'yes' } }],
    ['purge', { purge: { keys: 'Tom' } }],
    ['purge', {}],
  ])('does not serve what it does not understand: %s of %j', async (method, parts) => {
    await get(owner, 'Tom')

    const asked = runInDurableObject(stubOf(owner), async (node) => {
      const call = node[method] as (message: object) => unknown
      await call.call(node, { version: PROTOCOL_VERSION, group: 'scores', ...parts })
    })

    await expect(asked).rejects.toMatchObject({ code: 'peer-unavailable' })
    expect((await get(owner, 'Tom')).path).toMatchObject([{ cache: owner, hit: true }])
  })

  test('loads a key once, and then answers from memory', async () => {
    const loaded = await get(owner, 'Tom')
    const hit = await get(owner, 'Tom')

    expect(loaded.path).toEqual([{ cache: owner, fwd: 'miss', stored: true }])
    expect(hit.path).toEqual([{ cache: owner, hit: true, ttlMs: expect.any(Number) }])
    expect((await stubOf(owner).stats({ version: PROTOCOL_VERSION })).groups.scores).toMatchObject({
      gets: 2,
      hits: 1,
      loads: 1,
      items: 1,
    })
  })

  test('lets callers of a cold key share a load, and says so', async () => {
    const [first, second] = await runInDurableObject(stubOf(owner), (node) => {
      const message = { version: PROTOCOL_VERSION, group: 'scores', key: 'Tom' }
      return Promise.all([node.get(message), node.get(message)])
    })

    expect(first?.path).toEqual([{ cache: owner, fwd: 'miss', stored: true }])
    expect(second?.path).toEqual([{ cache: owner, fwd: 'miss', stored: true, collapsed: true }])
  })

  test("lets go what the group's policy says: of S3-FIFO not what is in use, for keys asked for once", async () => {
    for (const _ of [1, 2, 3]) await get(owner, 'in-use', 'echoS3Fifo')
    const keys = Array.from({ length: 200 }, (_, i) => `once-${i}`)
    const message = { version: PROTOCOL_VERSION, group: 'echoS3Fifo', keys, maxBytes: 1024 * 1024 }
    await stubOf(owner).getMany(message)

    const reply = await get(owner, 'in-use', 'echoS3Fifo')

    expect(reply.path).toMatchObject([{ cache: owner, hit: true }])
    const report = (await stubOf(owner).stats({ version: PROTOCOL_VERSION })).groups.echoS3Fifo
    expect(report?.evictions.capacity).toBeGreaterThan(100)
    expect(report?.bytes).toBeLessThanOrEqual(64 * 1024)
  })

  test('holds its entries within maxBytes, which is not the bound of hot copies', async () => {
    const keys = Array.from({ length: 400 }, (_, i) => `key-${i}`)

    const message = { version: PROTOCOL_VERSION, group: 'echo', keys, maxBytes: 1024 * 1024 }
    await stubOf(owner).getMany(message)

    const report = (await stubOf(owner).stats({ version: PROTOCOL_VERSION })).groups.echo
    // Guests' copies count as much; 64 KiB is what the edge may hold.
    expect(report?.bytes).toBeGreaterThan(64 * 1024)
    expect(report?.bytes).toBeLessThanOrEqual(256 * 1024)
    expect(report?.items).toBeLessThan(400)
  })

  test('answers many from memory alone when told to, and leaves out the first where it has no room', async () => {
    await get(owner, 'Tom')
    const message = { version: PROTOCOL_VERSION, group: 'scores', keys: ['Tom', 'Jack'] }
    const ask = (room: AnswerRoom) => stubOf(owner).getMany({ ...message, ...room })

    const kindsOf = (replies: (Reply | null)[]) => replies.map((reply) => reply?.kind)
    expect(kindsOf(await ask({ maxBytes: 100, heldOnly: true }))).toEqual(['value', undefined])
    expect(kindsOf(await ask({ maxBytes: Number.NaN }))).toEqual([undefined, undefined])
    expect(kindsOf(await ask({ maxBytes: 0, firstBytes: 3 }))).toEqual(['value', undefined])
    expect(kindsOf(await ask({ maxBytes: 0, firstBytes: 2 }))).toEqual(['too-large', undefined])
    expect(kindsOf(await ask({ maxBytes: Number.POSITIVE_INFINITY }))).toEqual(['value', 'value'])
  })

  test('answers a hit without a promise', async () => {
    await get(owner, 'Tom')

    const reply = await runInDurableObject(stubOf(owner), (node) => {
      const answered = node.get({ version: PROTOCOL_VERSION, group: 'scores', key: 'Tom' })
      return { isPromise: answered instanceof Promise, kind: (answered as Reply).kind }
    })

    expect(reply).toEqual({ isPromise: false, kind: 'value' })
  })

  test('says "not found" as data', async () => {
    expect(await get(ring.pick('nobody'), 'nobody')).toMatchObject({ kind: 'not-found' })
  })

  test('serves a key of another node as a guest, and says so', async () => {
    const reply = await get(guest, 'Tom')

    expect(reply.path).toEqual([{ cache: guest, fwd: 'miss', stored: true, detail: 'guest' }])
    expect((await stubOf(guest).stats({ version: PROTOCOL_VERSION })).groups.scores).toMatchObject({
      loads: 1,
      guestLoads: 1,
    })
  })

  test('starts cold, and with its counters at zero, when its memory was lost', async () => {
    await get(owner, 'Tom')

    await evictDurableObject(stubOf(owner))

    expect((await stubOf(owner).stats({ version: PROTOCOL_VERSION })).groups.scores).toMatchObject({
      gets: 0,
      items: 0,
      bytes: 0,
    })
    expect((await get(owner, 'Tom')).path).toEqual([{ cache: owner, fwd: 'miss', stored: true }])
  })

  test('refuses messages of another version, and groups that it does not know', async () => {
    for (const version of [PROTOCOL_VERSION - 1, PROTOCOL_VERSION + 1]) {
      await expect(get(owner, 'Tom', 'scores', version)).rejects.toMatchObject({
        code: 'peer-unavailable',
      })
    }
    await expect(get(owner, 'Tom', 'unknown')).rejects.toMatchObject({ code: 'no-such-group' })
  })
})

describe('a report of an edge isolate', () => {
  const report: EdgeReport = {
    isolate: 'isolate-0',
    sequence: 4,
    groups: {
      scores: {
        counters: { ...noCounters(), gets: 5, hits: 3 },
        hot: { bytes: 2_000, items: 2 },
        hotKeys: [{ key: 'Anna', gets: 3, overcount: 0 }],
      },
    },
  }
  const header = { version: PROTOCOL_VERSION, group: 'scores', report }
  const value = { value: new TextEncoder().encode('1'), contentType: 'text/plain' }

  const calls: [name: string, call: () => Promise<unknown>][] = [
    ['get', async () => stubOf(owner).get({ ...header, key: 'Tom' })],
    ['getMany', async () => stubOf(owner).getMany({ ...header, keys: ['Tom'], maxBytes: 100 })],
    ['set', async () => stubOf(owner).set({ ...header, key: 'Tom', value })],
    ['purge', async () => stubOf(owner).purge({ ...header, purge: { all: true } })],
    ['stats', async () => stubOf(owner).stats(header)],
  ]

  test.each(calls)('that comes with %s is counted, once and apart', async (name, call) => {
    await call()

    const { groups, isolates } = await statsOf(owner)
    const gets = name.startsWith('get') ? 1 : 0
    expect(groups.scores).toMatchObject({ gets, hits: 0, edge: { gets: 5, hits: 3 } })
    expect(groups.scores?.hotKeys[0]?.key).toBe('Anna')
    expect(groups.scores?.hotKeys[0]?.gets).toBeCloseTo(3, 0)
    expect(groups.echo?.edge).toEqual(noCounters())
    expect(isolates).toEqual([
      { isolate: 'isolate-0', sequence: 4, hot: { scores: { bytes: 2_000, items: 2 } } },
    ])
  })

  test('that comes with a call for the counters is in them already', async () => {
    const stats = await statsOf(owner, report)

    expect(stats.groups.scores?.edge).toEqual(report.groups.scores?.counters)
    expect(stats.isolates).toMatchObject([{ isolate: 'isolate-0' }])
  })

  test('adds to those before, until the node loses its memory', async () => {
    await statsOf(owner, report)
    await statsOf(owner, { ...report, isolate: 'isolate-1' })
    expect((await statsOf(owner)).groups.scores?.edge.gets).toBe(10)

    await evictDurableObject(stubOf(owner))

    const { groups, isolates } = await statsOf(owner)
    expect(groups.scores?.edge).toEqual(noCounters())
    expect(isolates).toEqual([])
  })

  test('that comes with a call which is refused counts for nothing: it is told again', async () => {
    const other = { ...header, version: PROTOCOL_VERSION + 1 }
    const unknown = { ...header, group: 'unknown' }

    for (const call of [
      async () => stubOf(owner).get({ ...other, key: 'Tom' }),
      async () => stubOf(owner).getMany({ ...other, keys: ['Tom'], maxBytes: 100 }),
      async () => stubOf(owner).set({ ...other, key: 'Tom', value }),
      async () => stubOf(owner).purge({ ...other, purge: { all: true } }),
      async () => stubOf(owner).stats(other),
      async () => stubOf(owner).get({ ...unknown, key: 'Tom' }),
      async () => stubOf(owner).getMany({ ...unknown, keys: ['Tom'], maxBytes: 100 }),
      async () => stubOf(owner).set({ ...unknown, key: 'Tom', value }),
      async () => stubOf(owner).purge({ ...unknown, purge: { all: true } }),
    ]) {
      await expect(call()).rejects.toMatchObject({
        code: expect.stringMatching(/^(peer-unavailable|no-such-group)$/),
      })
    }

    const { groups, isolates } = await statsOf(owner)
    expect(groups.scores).toMatchObject({ edge: noCounters(), hotKeys: [] })
    expect(isolates).toEqual([])
  })
})

test('a node says since when it counts, which begins anew when its memory was lost', async () => {
  const startedAtMs = Date.now()
  const now = vi.spyOn(systemClock, 'now').mockReturnValue(startedAtMs)
  const first = await statsOf(owner)
  now.mockReturnValue(startedAtMs + 5_000)
  const later = await statsOf(owner)
  await evictDurableObject(stubOf(owner))
  const anew = await statsOf(owner)
  now.mockRestore()

  expect(first).toMatchObject({ node: owner, sinceMs: startedAtMs })
  expect(later).toMatchObject({ node: owner, sinceMs: startedAtMs })
  expect(anew).toMatchObject({ node: owner, sinceMs: startedAtMs + 5_000 })
})
