import { describe, expect, test } from 'vitest'
import { MemoryBudget } from '../../../src/core/memory/memory-budget.ts'
import { type BodyBounds, RequestBodies } from '../../../src/edge/http/request-body.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const MiB = 1024 * 1024

function receiver() {
  const clock = new FakeClock()
  const budget = new MemoryBudget(64 * MiB)
  const bodies = new RequestBodies(budget, clock)
  const read = (body: ReadableStream<Uint8Array> | null, bounds: Partial<BodyBounds> = {}) => {
    const request = new Request('https://host/', { method: 'POST', body })
    const tooLarge = () => new Response('too large', { status: 413 })
    return bodies.read(request, { maxBytes: 2 * MiB, tooLarge, isTrusted: false, ...bounds })
  }
  return { clock, budget, read }
}

/** A body that its sender goes on with when a test says so. */
function sentBody() {
  let sender: ReadableStreamDefaultController<Uint8Array> | undefined
  const cancelled = Promise.withResolvers<void>()
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      sender = controller
    },
    cancel: () => cancelled.resolve(),
  })
  return { body, sender: sender as NonNullable<typeof sender>, cancelled: cancelled.promise }
}

/** Sends pieces of some bodies, and waits until they have been read. */
async function sendTo(
  { budget }: ReturnType<typeof receiver>,
  senders: readonly ReadableStreamDefaultController<Uint8Array>[],
  bytes: number,
): Promise<void> {
  for (const sender of senders) {
    const before = budget.heldBytes
    sender.enqueue(new Uint8Array(bytes))
    while (budget.heldBytes === before) await Promise.resolve()
  }
}

describe('a request body', () => {
  test('is joined in its order, up to exactly the bound, in a buffer of its own length', async () => {
    const { read, budget } = receiver()
    const { body, sender } = sentBody()
    for (const piece of [[1, 2], [3], [4, 5, 6]]) sender.enqueue(new Uint8Array(piece))
    sender.close()

    const bytes = (await read(body, { maxBytes: 6 })) as Uint8Array

    expect([...bytes]).toEqual([1, 2, 3, 4, 5, 6])
    expect(bytes.buffer.byteLength).toBe(6)
    expect(budget.heldBytes).toBe(0)
  })

  test('that is absent is empty', async () => {
    expect(await receiver().read(null)).toEqual(new Uint8Array(0))
  })

  test('is given up as soon as it passes the bound, and its sender is told', async () => {
    const { read, budget } = receiver()
    const { body, sender, cancelled } = sentBody()
    sender.enqueue(new Uint8Array(4))

    const response = (await read(body, { maxBytes: 3 })) as Response

    expect(response.status).toBe(413)
    await cancelled
    expect(budget.heldBytes).toBe(0)
  })

  test('counts while it arrives, and not after it broke off, which is 400', async () => {
    const it = receiver()
    const { body, sender } = sentBody()
    const answer = it.read(body)
    await sendTo(it, [sender], 100_000)
    const whileItArrives = it.budget.heldBytes

    sender.error(new Error('The connection is lost.'))

    expect(whileItArrives).toBe(100_000)
    expect(((await answer) as Response).status).toBe(400)
    expect(it.budget.heldBytes).toBe(0)
  })

  test('of single bytes takes no more than twice its length', async () => {
    const { read, budget } = receiver()
    const { body, sender } = sentBody()
    for (let i = 0; i < 10_000; i++) sender.enqueue(new Uint8Array(new ArrayBuffer(4096), 0, 1))
    const answer = read(body)
    let most = 0
    while (most < 10_000) {
      await Promise.resolve()
      most = Math.max(most, budget.heldBytes)
    }
    sender.close()

    expect(((await answer) as Uint8Array).byteLength).toBe(10_000)
    expect(most).toBeLessThanOrEqual(20_000)
  })
})

describe('a request body that does not come', () => {
  test('is 408 after 30 seconds in all, however its pieces trickle, and counts no more', async () => {
    const it = receiver()
    const { body, sender, cancelled } = sentBody()
    let isAnswered = false
    const answer = it.read(body).then((response) => {
      isAnswered = true
      return response as Response
    })
    await sendTo(it, [sender], 100_000)

    it.clock.advance(29_999)
    sender.enqueue(new Uint8Array(1))
    await new Promise((resolve) => setTimeout(resolve))
    expect(isAnswered).toBe(false)
    it.clock.advance(1)

    const response = await answer
    expect(response.status).toBe(408)
    expect(await response.json()).toMatchObject({ code: 'request-timeout' })
    await cancelled
    expect([it.budget.heldBytes, it.clock.pending]).toEqual([0, 0])
  })

  test('is one of many: an eighth of the memory holds them all, and refuses others', async () => {
    const it = receiver()
    const senders = Array.from({ length: 100 }, sentBody)
    const answers = senders.map(({ body }) => it.read(body) as Promise<Response>)
    for (const { sender } of senders) sender.enqueue(new Uint8Array(MiB))

    const refused = await Promise.race(answers)

    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('1')
    expect(it.budget.heldBytes).toBe(6 * MiB)
    // What is small still has room.
    const { body, sender } = sentBody()
    sender.enqueue(new Uint8Array(1_000))
    sender.close()
    expect(await it.read(body)).toBeInstanceOf(Uint8Array)
  })

  test('makes room by itself after its time, though its request has vanished', async () => {
    const it = receiver()
    const senders = Array.from({ length: 6 }, sentBody)
    for (const { body } of senders) void it.read(body)
    await sendTo(
      it,
      senders.map(({ sender }) => sender),
      MiB,
    )
    // A clock without timers stands for a request that is gone, with all that it would have done.
    it.clock.jump(30_000)
    const { body, sender } = sentBody()
    sender.enqueue(new Uint8Array(MiB))
    sender.close()

    expect(await it.read(body)).toBeInstanceOf(Uint8Array)
  })

  test('does not stop what a token allows, which has the memory of any value', async () => {
    const it = receiver()
    const senders = Array.from({ length: 6 }, sentBody)
    for (const { body } of senders) void it.read(body)
    await sendTo(
      it,
      senders.map(({ sender }) => sender),
      MiB,
    )
    const { body, sender } = sentBody()
    sender.enqueue(new Uint8Array(8 * MiB))
    sender.close()

    const bytes = await it.read(body, { maxBytes: 8 * MiB, isTrusted: true })

    expect((bytes as Uint8Array).byteLength).toBe(8 * MiB)
  })
})
