import { describe, expect, test, vi } from 'vitest'
import { MemoryBudget } from '../../src/core/memory/memory-budget.ts'
import { MAX_WHOLE_BYTES, readWhole } from '../../src/loaders/body.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { ampleMemory } from '../support/load-memory.ts'
import { settle } from '../support/settle.ts'

const KiB = 1024

/** A body that the test sends piece by piece. */
function openBody(headers: Record<string, string> = {}) {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const cancel = vi.fn()
  const stream = new ReadableStream<Uint8Array>({
    start: (started) => {
      controller = started
    },
    cancel,
  })
  return {
    response: new Response(stream, { headers }),
    cancel,
    send: (bytes: number) => controller?.enqueue(new Uint8Array(bytes).fill(7)),
    end: () => controller?.close(),
  }
}

function beginIn(budget: MemoryBudget, canQueue = true) {
  const membership = budget.join({ evictOldest: () => false }, { shareBytes: 1 })
  const abort = new AbortController()
  const parts = { signal: abort.signal, endsAtMs: Number.POSITIVE_INFINITY, clock: new FakeClock() }
  return { memory: membership.beginReading({ ...parts, canQueue: canQueue }), abort }
}

describe('a body that is read', () => {
  test('counts piece by piece as it comes, where nothing says how long it is', async () => {
    const budget = new MemoryBudget(64 * KiB)
    const { response, send, end } = openBody()
    const whole = readWhole(response, beginIn(budget).memory)
    const counted: number[] = []
    for (const bytes of [100, 50, 8 * KiB]) {
      send(bytes)
      await settle()
      counted.push(budget.heldBytes)
    }
    end()

    expect(counted).toEqual([100, 150, 150 + 8 * KiB])
    expect(await whole).toEqual(new Uint8Array(150 + 8 * KiB).fill(7))
    // Until its load has ended: then it is stored, or not.
    expect(budget.heldBytes).toBe(150 + 8 * KiB)
  })

  test('counts at once as what it announces, and is put where it will stay', async () => {
    const budget = new MemoryBudget(64 * KiB)
    const { response, send, end } = openBody({ 'Content-Length': '300' })
    const whole = readWhole(response, beginIn(budget).memory)
    await settle()
    expect(budget.heldBytes).toBe(300)

    for (const bytes of [100, 200]) send(bytes)
    end()

    expect(await whole).toEqual(new Uint8Array(300).fill(7))
    expect((await whole)?.buffer.byteLength).toBe(300)
    expect(budget.heldBytes).toBe(300)
  })

  test.each([100, 300, 301, 500])(
    'that announces 300 bytes is of %i when it has them',
    async (bytes) => {
      const budget = new MemoryBudget(64 * KiB)
      const { response, send, end } = openBody({ 'Content-Length': '300' })
      const whole = readWhole(response, beginIn(budget).memory)
      for (let left = bytes; left > 0; left -= 100) send(Math.min(100, left))
      end()

      expect(await whole).toEqual(new Uint8Array(bytes).fill(7))
      expect((await whole)?.buffer.byteLength).toBe(bytes)
      expect(budget.heldBytes).toBe(Math.max(300, bytes))
    },
  )

  test('that was decoded on its way is not as long as it announces', async () => {
    const budget = new MemoryBudget(64 * KiB)
    const headers = { 'Content-Length': '300', 'Content-Encoding': 'gzip' }
    const { response } = openBody(headers)
    void readWhole(response, beginIn(budget).memory)
    await settle()

    expect(budget.heldBytes).toBe(0)
  })

  test('too large for a call is not read, or no further than that shows', async () => {
    const announced = openBody({ 'Content-Length': String(MAX_WHOLE_BYTES + 1) })
    const chunked = openBody()
    chunked.send(MAX_WHOLE_BYTES)
    chunked.send(1)

    expect(await readWhole(announced.response, ampleMemory())).toBeUndefined()
    expect(await readWhole(chunked.response, ampleMemory())).toBeUndefined()

    expect(announced.response.bodyUsed).toBe(false)
    expect(chunked.cancel).toHaveBeenCalledTimes(1)
  })

  test('of just what a call can carry is whole, and that is all the memory it takes', async () => {
    const { response, send, end } = openBody()
    send(MAX_WHOLE_BYTES)
    end()
    const memory = ampleMemory()

    expect((await readWhole(response, memory))?.byteLength).toBe(MAX_WHOLE_BYTES)
    expect(memory.bytes).toBe(MAX_WHOLE_BYTES)
  })

  test('larger than half of the memory of its isolate is too large there', async () => {
    const budget = new MemoryBudget(64 * KiB)
    const announced = openBody({ 'Content-Length': String(32 * KiB + 1) })
    const chunked = openBody()
    chunked.send(32 * KiB)
    chunked.send(1)

    expect(await readWhole(announced.response, beginIn(budget).memory)).toBeUndefined()
    expect(await readWhole(chunked.response, beginIn(budget).memory)).toBeUndefined()
  })
})

describe('a body for which there is no room', () => {
  function crowded() {
    const budget = new MemoryBudget(64 * KiB)
    const [pooled, apart] = [beginIn(budget).memory, beginIn(budget).memory]
    pooled.reserve(16 * KiB)
    apart.reserve(32 * KiB)
    return { budget, apart }
  }

  test('waits, and nothing of it is read meanwhile where its length is announced', async () => {
    const { budget, apart } = crowded()
    const { response, send, end } = openBody({ 'Content-Length': String(20 * KiB) })
    send(20 * KiB)
    end()
    const { memory } = beginIn(budget)

    const whole = readWhole(response, memory)
    await settle()
    expect([memory.isWaiting, response.body?.locked]).toEqual([true, false])
    apart.release()

    expect((await whole)?.byteLength).toBe(20 * KiB)
  })

  test.each([{ 'Content-Length': String(20 * KiB) }, {}])(
    'is broken off when its load is over (%o)',
    async (headers) => {
      const { budget } = crowded()
      const { response, cancel, send } = openBody(headers as Record<string, string>)
      send(20 * KiB)
      const { memory, abort } = beginIn(budget)
      const whole = readWhole(response, memory)
      await settle()

      abort.abort(new Error('out of time'))

      await expect(whole).rejects.toThrow('out of time')
      expect(cancel).toHaveBeenCalledTimes(1)
      expect(budget.heldBytes).toBe(48 * KiB)
    },
  )

  test('is refused where it may not wait', async () => {
    const { budget } = crowded()
    const { response, cancel, send } = openBody()
    send(20 * KiB)

    const whole = readWhole(response, beginIn(budget, false).memory)

    await expect(whole).rejects.toMatchObject({ code: 'overloaded' })
    expect(cancel).toHaveBeenCalledTimes(1)
  })
})

test('entries give way for the moment in which a body is put together', async () => {
  const memory = ampleMemory()
  const makeRoom = vi.spyOn(memory, 'makeRoom')
  const [chunked, announced] = [openBody(), openBody({ 'Content-Length': '150' })]
  for (const { send, end } of [chunked, announced]) {
    send(100)
    send(50)
    end()
  }

  await readWhole(chunked.response, memory)
  await readWhole(announced.response, memory)

  expect(makeRoom.mock.calls).toEqual([[150], [0]])
})
