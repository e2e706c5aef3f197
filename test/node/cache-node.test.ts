import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, test } from 'vitest'
import { PROTOCOL_VERSION } from '../../src/core/messages.ts'
import type { Reply } from '../../src/core/peers.ts'
import { Ring } from '../../src/core/ring.ts'

const ring = new Ring(Array.from({ length: 16 }, (_, i) => `node-${i}`))
const [owner, guest] = ring.pickMany('Tom', 2) as [string, string]

function stubOf(name: string) {
  return env.CACHE_NODE.getByName(name)
}

async function get(name: string, key: string, group = 'scores', version = PROTOCOL_VERSION) {
  return await stubOf(name).get({ version, group, key })
}

describe('a cache node', () => {
  beforeEach(async () => {
    for (const name of [owner, guest]) {
      await stubOf(name).stats({ version: PROTOCOL_VERSION })
      await evictDurableObject(stubOf(name))
    }
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
