import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Purge } from '../../src/core/entry/purge.ts'
import { PROTOCOL_VERSION } from '../../src/core/peers/messages.ts'
import { Ring } from '../../src/core/ring/ring.ts'
import { SWEEP_AFTER_MS } from '../../src/node/sweeper.ts'
import { durableLoads } from '../support/workers/groups.ts'

const ring = new Ring(Array.from({ length: 16 }, (_, i) => `node-${i}`))
const version = PROTOCOL_VERSION
const group = 'durable'
const HOUR_MS = 3_600_000

/** A key of its own for each test, and the nodes that have to do with it. */
let key: string
let keys = 0

function stubOf(name: string) {
  return env.CACHE_NODE.getByName(name)
}

function owner() {
  return stubOf(ring.pick(key))
}

async function get(name = ring.pick(key)) {
  return await stubOf(name).get({ version, group, key })
}

async function purge(purged: Purge) {
  return await owner().purge({ version, group, purge: purged })
}

async function report(stub = owner()) {
  return (await stub.stats({ version })).groups[group]
}

/** Its entry is on disk: what waits is written when a call has been answered. */
async function isWritten() {
  await expect.poll(async () => (await report())?.durableItems).toBeGreaterThan(0)
}

async function loseMemory(stub = owner()) {
  await evictDurableObject(stub)
}

/** Another key of the same node. */
function neighbour(): string {
  for (let i = 0; ; i++) {
    const other = `10-${keys}-${i}`
    if (ring.pick(other) === ring.pick(key)) return other
  }
}

async function begin(nextKey: string) {
  key = nextKey
  await purge({ all: true })
  durableLoads.length = 0
}

beforeEach(() => begin(`10-${keys++}`))

describe('a node of a durable group', () => {
  test('answers what it has written after the loss of its memory, without a load', async () => {
    const loaded = await get()
    await isWritten()

    await loseMemory()
    const reply = await get()

    expect(reply).toMatchObject({ kind: 'value', path: [{ hit: true }] })
    expect(reply.kind === 'value' && reply.entry).toEqual(loaded.kind === 'value' && loaded.entry)
    expect(durableLoads).toEqual([key])
    expect(await report()).toMatchObject({ gets: 1, hits: 1, durableHits: 1, loads: 0 })
  })

  test('writes after it has answered', async () => {
    const items = await runInDurableObject(owner(), async (node) => {
      await node.get({ version, group, key })
      return (await node.stats({ version })).groups[group]?.durableItems
    })

    expect(items).toBe(0)
    await isWritten()
  })

  test('answers it without a promise', async () => {
    await get()
    await isWritten()
    await loseMemory()

    const isPromise = await runInDurableObject(owner(), (node) => {
      return node.get({ version, group, key }) instanceof Promise
    })

    expect(isPromise).toBe(false)
  })

  test('answers a value of many chunks', async () => {
    await begin(`3000000-${keys}`)
    const loaded = await get()
    await isWritten()

    await loseMemory()

    const reply = await get()
    expect(reply.kind === 'value' && reply.entry.value.byteLength).toBe(3_000_000)
    expect(reply.kind === 'value' && reply.entry.etag).toBe(
      loaded.kind === 'value' && loaded.entry.etag,
    )
    expect(durableLoads).toHaveLength(1)
  })

  test('answers what was set', async () => {
    const value = { value: new Uint8Array([1, 2]), contentType: 'a/b' }
    await owner().set({ version, group, key, value })
    await isWritten()

    await loseMemory()

    expect(await get()).toMatchObject({ entry: { contentType: 'a/b' } })
    expect(durableLoads).toEqual([])
  })

  test.each<[string, () => Purge]>([
    ['its key', () => ({ keys: [key] })],
    ['its tag', () => ({ tags: [`tag-of-${key}`] })],
    ['everything', () => ({ all: true })],
    ['its key, softly', () => ({ keys: [key], soft: true })],
  ])('loads what was purged by %s, and lost from memory then or before', async (_, purged) => {
    for (const isLostBefore of [false, true]) {
      durableLoads.length = 0
      await get()
      await isWritten()

      if (isLostBefore) await loseMemory()
      expect(await purge(purged())).toBe(1)
      await loseMemory()
      await get()

      expect(durableLoads).toEqual([key, key])
      await purge({ all: true })
    }
  })

  test('serves without its disk when that is full, and says how often it had to', async () => {
    await runInDurableObject(owner(), (_, { storage }) => {
      storage.sql.exec(
        `CREATE TRIGGER full BEFORE INSERT ON entries BEGIN
          SELECT RAISE(ABORT, 'database or disk is full');
        END`,
      )
    })
    const { durableErrors = 0 } = (await report()) ?? {}
    await get()
    await expect.poll(async () => (await report())?.durableErrors).toBe(durableErrors + 1)

    expect(await get()).toMatchObject({ kind: 'value', path: [{ hit: true }] })
    expect((await report())?.durableItems).toBe(0)
    await runInDurableObject(owner(), (_, { storage }) => {
      storage.sql.exec('DROP TRIGGER full')
    })
  })

  test('writes and reads nothing as a guest', async () => {
    const guest = ring.pickMany(key, 2)[1] as string
    await stubOf(guest).purge({ version, group, purge: { all: true } })
    await get(guest)
    await get()
    await isWritten()

    expect((await report(stubOf(guest)))?.durableItems).toBe(0)
    await loseMemory(stubOf(guest))
    expect(await get(guest)).toMatchObject({ path: [{ fwd: 'miss', detail: 'guest' }] })
    expect(durableLoads).toHaveLength(3)
  })
})

describe('the alarm of a node', () => {
  async function alarmAtMs() {
    return runInDurableObject(owner(), (_, { storage }) => storage.getAlarm())
  }

  test('is set for some time after the first entry is gone, once', async () => {
    await runInDurableObject(owner(), (_, { storage }) => storage.deleteAlarm())
    const beforeMs = Date.now()
    await loseMemory()
    await get()
    await isWritten()
    await expect.poll(alarmAtMs).not.toBeNull()
    const atMs = await alarmAtMs()

    // A part of the life by which entries expire early, by chance, is 0.05.
    expect(atMs).toBeGreaterThanOrEqual(beforeMs + HOUR_MS * 0.95 + SWEEP_AFTER_MS)
    expect(atMs).toBeLessThanOrEqual(Date.now() + HOUR_MS + SWEEP_AFTER_MS)
    await loseMemory()
    const again = { value: new Uint8Array(1), contentType: 'a/b', ttlMs: 2 * HOUR_MS }
    await owner().set({ version, group, key: neighbour(), value: again })
    await expect.poll(async () => (await report())?.durableItems).toBe(2)
    expect(await alarmAtMs()).toBe(atMs)
  })

  test('sweeps what is gone, and is set again only for what is left', async () => {
    await get()
    await isWritten()
    await expect.poll(alarmAtMs).not.toBeNull()
    const age = (operator: string, aged: string) => {
      return runInDurableObject(owner(), (_, { storage }) => {
        storage.sql.exec(`UPDATE entries SET gone_at = 1 WHERE key ${operator} ?`, aged)
      })
    }
    const left = { value: new Uint8Array(1), contentType: 'a/b' }
    const other = neighbour()
    await owner().set({ version, group, key: other, value: left })
    await expect.poll(async () => (await report())?.durableItems).toBe(2)
    await age('<>', other)
    await loseMemory()

    expect(await runDurableObjectAlarm(owner())).toBe(true)
    expect((await report())?.durableItems).toBe(1)
    await expect.poll(alarmAtMs).not.toBeNull()
    await age('=', other)
    await loseMemory()
    await runDurableObjectAlarm(owner())
    expect((await report())?.durableItems).toBe(0)
    expect(await alarmAtMs()).toBeNull()
  })

  test('is not set by a node without anything on disk', async () => {
    await runInDurableObject(owner(), (_, { storage }) => storage.deleteAlarm())
    await owner().get({ version, group: 'scores', key })
    await report()

    expect(await alarmAtMs()).toBeNull()
  })

  test('is not needed where the node is awake anyway: what is gone is not reported', async () => {
    await get()
    await isWritten()
    await runInDurableObject(owner(), (_, { storage }) => {
      storage.sql.exec('UPDATE entries SET gone_at = 1')
    })
    await loseMemory()

    expect((await report())?.durableItems).toBe(0)
  })
})
