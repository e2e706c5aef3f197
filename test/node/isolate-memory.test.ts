import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, test } from 'vitest'
import { PROTOCOL_VERSION } from '../../src/core/peers/messages.ts'
import { isolateMemory } from '../../src/platform/isolate-memory.ts'

const MiB = 1024 * 1024
const NODES = Array.from({ length: 8 }, (_, i) => `node-${i}`)
const VERSION = { version: PROTOCOL_VERSION }

/** That of the nodes too: they run in the isolate of the tests. */
const budget = isolateMemory(64 * MiB)

function stubOf(name: string) {
  return env.CACHE_NODE.getByName(name)
}

async function bytesOf(name: string): Promise<number> {
  const { groups } = await stubOf(name).stats(VERSION)
  return Object.values(groups).reduce((sum, { bytes }) => sum + bytes, 0)
}

/** What the nodes say that they hold. */
async function bytesOfAll(): Promise<number> {
  const bytes = await Promise.all(NODES.map(bytesOf))
  return bytes.reduce((sum, one) => sum + one)
}

async function get(name: string, keys: readonly string[], group = 'echo'): Promise<void> {
  await stubOf(name).getMany({ ...VERSION, group, keys, maxBytes: MiB })
}

function keysOf(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `key-${from + i}`)
}

/** Sets values in the node itself: a call for each would take longer than all of them. */
async function fill(name: string, values: number, bytes: number): Promise<void> {
  await runInDurableObject(stubOf(name), async (node) => {
    for (let i = 0; i < values; i++) {
      const value = { value: new Uint8Array(bytes), contentType: 'application/x-fill' }
      await node.set({ ...VERSION, group: 'scores', key: `fill-${i}`, value })
    }
  })
}

beforeEach(async () => {
  for (const name of NODES) {
    await stubOf(name).stats(VERSION)
    await evictDurableObject(stubOf(name))
    await stubOf(name).stats(VERSION)
  }
})

describe('nodes in one isolate', () => {
  test('count together what each of them says that it holds', async () => {
    for (const [i, name] of NODES.entries()) await get(name, keysOf(i * 20, 20))

    expect(budget.heldBytes).toBeGreaterThan(8 * 20 * 1024)
    expect(budget.heldBytes).toBe(await bytesOfAll())
  })

  test('count right again, whenever some of them have lost their memory and are back', async () => {
    for (let round = 0; round < 5; round++) {
      for (const name of NODES) await get(name, keysOf(round * 20, 20))
      const before = budget.heldBytes
      const lost = NODES.slice(round, round + 3)
      const lostBytes = await Promise.all(lost.map(bytesOf))
      for (const name of lost) await evictDurableObject(stubOf(name))
      for (const name of lost) expect(await bytesOf(name)).toBe(0)

      expect(budget.heldBytes).toBe(before - lostBytes.reduce((sum, bytes) => sum + bytes))
      expect(budget.heldBytes).toBe(await bytesOfAll())
    }
  })

  test('that lose their memory and never come back are forgotten when it is collected', async () => {
    for (const name of NODES) await fill(name, 4, MiB)
    expect(budget.heldBytes).toBeGreaterThan(32 * MiB)
    const members = budget.size

    for (const name of NODES) await evictDurableObject(stubOf(name))
    let allocated = 0
    for (let i = 0; i < 2_000 && budget.heldBytes > 0; i++) {
      allocated += new Uint8Array(MiB).fill(1)[i] ?? 0
      // Only between two tasks the engine says what it has collected.
      await scheduler.wait(0)
    }

    expect(allocated).toBeGreaterThan(0)
    expect(budget.heldBytes).toBe(0)
    expect(budget.size).toBeLessThan(members)
  })

  test('give way to each other: eight that are offered ten times their bound stay within that of all', async () => {
    for (const name of NODES) await fill(name, 160, MiB)

    const bytes = await Promise.all(NODES.map(bytesOf))
    expect(budget.heldBytes).toBeLessThanOrEqual(64 * MiB)
    expect(budget.heldBytes).toBe(bytes.reduce((sum, one) => sum + one))
    // One value is a sixteenth of a share: nobody is further from an eighth of all than that.
    for (const one of bytes) {
      expect(one).toBeGreaterThan(6 * MiB)
      expect(one).toBeLessThan(10 * MiB)
    }
  })
})
