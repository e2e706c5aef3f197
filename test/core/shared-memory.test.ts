import { describe, expect, test } from 'vitest'
import type { Loaded } from '../../src/core/load/loader.ts'
import { MemoryBudget } from '../../src/core/memory/memory-budget.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { createTestGroup, EDGE } from '../support/group-factory.ts'
import { settle } from '../support/settle.ts'

const KiB = 1024

/** What one entry of `bytes` counts as: its value, a key of 3 bytes, "text/plain" and the overhead. */
function heldFor(bytes: number): number {
  return bytes + 3 + 'text/plain'.length + 1024
}

function bytesIn(key: string): number {
  return Number(key.split('-')[1])
}

/** Groups of several places in one isolate. Each key's value has as many bytes as it says behind the "-". */
function groupsIn(budget: MemoryBudget, shares: Record<string, number>) {
  const groups = Object.entries(shares).map(([name, maxBytes]) => {
    const { group } = createTestGroup({
      name,
      maxBytes,
      loader: countingLoader((key) => text('x'.repeat(bytesIn(key)))).load,
      options: { maxValueBytes: 64 * KiB },
      memory: { budget, name, canQueue: true },
    })
    return [name, group] as const
  })
  return Object.fromEntries(groups)
}

describe('groups that share an isolate', () => {
  test('hold no more together than it allows, and the one furthest over its share gives way', async () => {
    const budget = new MemoryBudget(20 * KiB)
    const { small, large } = groupsIn(budget, { small: 8 * KiB, large: 64 * KiB })
    for (const key of ['a-999', 'b-999', 'c-999']) await small?.get(key)
    await large?.get('d-8000')
    await large?.get('e-4000')

    await large?.get('f-999')

    expect(small?.stats.evictions.capacity).toBe(1)
    expect([small?.items, large?.items]).toEqual([2, 3])
    expect(budget.heldBytes).toBe((small?.bytes ?? 0) + (large?.bytes ?? 0))
    expect(budget.heldBytes).toBeLessThanOrEqual(20 * KiB)
  })

  test('give the place of what was purged or has expired to each other', async () => {
    const budget = new MemoryBudget(20 * KiB)
    const { a, b } = groupsIn(budget, { a: 64 * KiB, b: 64 * KiB })
    await a?.get('a-9999')
    a?.purgeLocally({ keys: ['a-9999'] })

    await b?.get('b-9999')

    expect(budget.heldBytes).toBe(b?.bytes)
    expect(b?.bytes).toBe(heldFor(9999) + 'b-9999'.length - 3)
  })

  test('answer what is larger than all memory, store none of it, and keep what they have', async () => {
    const budget = new MemoryBudget(20 * KiB)
    const { a, b } = groupsIn(budget, { a: 64 * KiB, b: 64 * KiB })
    await a?.get('a-8000')

    const value = { value: new Uint8Array(20 * KiB), contentType: 'text/plain', tags: [] }
    expect(await b?.setLocally('b', value)).toBe('too-large')

    expect([a?.items, b?.items]).toEqual([1, 0])
  })
})

/** A load that has reserved `bytes` and answers when it is told. */
function readingGroup(budget: MemoryBudget, { edge = false, timeoutMs = 10_000 } = {}) {
  const answer = Promise.withResolvers<Loaded>()
  const refused: unknown[] = []
  const { group, clock, errors } = createTestGroup({
    name: 'reading',
    placement: edge ? EDGE : { cacheName: 'node-1', fallbackRoleFor: () => undefined },
    options: { timeoutMs, maxValueBytes: 64 * KiB, staleIfErrorMs: 600_000 },
    memory: { budget, canQueue: !edge },
    loader: async (key, { memory }) => {
      try {
        await memory.reserve(bytesIn(key))
      } catch (error) {
        refused.push(error)
        throw error
      }
      return answer.promise
    },
  })
  return { group, clock, errors, answer, refused }
}

describe('what a load reads', () => {
  test('takes room from entries of any group, until it is stored or not', async () => {
    const budget = new MemoryBudget(64 * KiB)
    const { a } = groupsIn(budget, { a: 64 * KiB })
    for (let i = 0; i < 6; i++) await a?.get(`${i}-9000`)
    const { group, answer } = readingGroup(budget)

    const reply = group.get('k-30000')
    await settle()

    expect(budget.heldBytes).toBe(30_000 + (a?.bytes ?? 0))
    expect(a?.items).toBe(3)
    answer.resolve(text('x'.repeat(30_000)))
    await reply
    expect(group.items).toBe(1)
    expect(budget.heldBytes).toBe(group.bytes + (a?.bytes ?? 0))
  })

  test('has its own place when it is stored, even where it is as large as can be read', async () => {
    const budget = new MemoryBudget(64 * KiB)
    const { group, answer } = readingGroup(budget)
    const reply = group.get('k-32768')
    await settle()
    answer.resolve(text('x'.repeat(32_768)))
    await reply

    expect(group.items).toBe(1)
    expect(budget.heldBytes).toBe(group.bytes)
  })

  test.each<[string, (answer: PromiseWithResolvers<Loaded>) => void]>([
    ['failed', ({ reject }) => reject(new Error('down'))],
    ['found nothing', ({ resolve }) => resolve({ kind: 'not-found' })],
    ['brought what is too large to store', ({ resolve }) => resolve(text('x'.repeat(65 * KiB)))],
  ])('does not count any more when the load has %s', async (_, end) => {
    const budget = new MemoryBudget(64 * KiB)
    const { group, answer } = readingGroup(budget)
    const reply = group.get('k-30000')
    await settle()
    expect(budget.heldBytes).toBe(30_000)

    end(answer)
    await reply

    expect(budget.heldBytes).toBe(0)
  })

  test('does not count any more when the load is out of time', async () => {
    const budget = new MemoryBudget(64 * KiB)
    const { group, clock } = readingGroup(budget)
    const reply = group.get('k-30000')
    await settle()

    clock.advance(10_000)

    expect(await reply).toMatchObject({ kind: 'failed', code: 'load-timeout' })
    expect(budget.heldBytes).toBe(0)
  })

  test('waits for its turn in a node, whichever group has it', async () => {
    const budget = new MemoryBudget(64 * KiB)
    const [first, second] = [readingGroup(budget), readingGroup(budget)]
    const replies = [first.group.get('k-30000'), second.group.get('k-30000')]
    await settle()
    expect(budget.heldBytes).toBe(30_000)
    second.answer.resolve(text('second'))
    first.answer.resolve(text('first'))

    expect(await Promise.all(replies)).toMatchObject([{ kind: 'value' }, { kind: 'value' }])
  })

  test('that never gets its turn is out of time, and says nothing of the health of its origin', async () => {
    const budget = new MemoryBudget(64 * KiB)
    const first = readingGroup(budget)
    const second = readingGroup(budget)
    const reply = first.group.get('k-30000')
    await settle()

    for (let i = 0; i < 25; i++) {
      const late = second.group.get(`${i}-30000`)
      await settle()
      second.clock.advance(10_000)
      expect(await late).toMatchObject({ kind: 'failed', code: 'load-timeout' })
    }

    expect(second.group.stats.loads).toBe(25)
    expect(second.group.openCircuits).toBe(0)
    first.answer.resolve(text('first'))
    await reply
  })

  test('is refused at the edge, as overloaded: there it would wait for another request', async () => {
    const budget = new MemoryBudget(64 * KiB)
    const first = readingGroup(budget)
    const edge = readingGroup(budget, { edge: true })
    const reply = first.group.get('k-30000')
    await settle()

    for (let i = 0; i < 25; i++) {
      expect(await edge.group.get(`${i}-30000`)).toMatchObject({
        kind: 'failed',
        code: 'overloaded',
      })
    }

    expect(edge.group.openCircuits).toBe(0)
    expect(edge.errors).toEqual([])
    first.answer.resolve(text('first'))
    await reply
  })

  test('leaves no room for a value set that needs it all, which is refused before anything changes', async () => {
    const budget = new MemoryBudget(64 * KiB)
    const { a } = groupsIn(budget, { a: 64 * KiB })
    await a?.get('k-999')
    const { group, answer } = readingGroup(budget)
    const reply = group.get('k-30000')
    await settle()

    const value = { value: new Uint8Array(40_000), contentType: 'text/plain', tags: [] }
    await expect(a?.setLocally('k-999', value)).rejects.toMatchObject({ code: 'peer-unavailable' })

    expect(a?.items).toBe(1)
    answer.resolve(text('read'))
    await reply
    expect(await a?.setLocally('k-999', value)).toBe('stored')
  })
})
