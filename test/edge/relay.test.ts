import { describe, expect, test, vi } from 'vitest'
import { EdgeLoadLimit } from '../../src/core/load/edge-load-limit.ts'
import { LEAST_BYTES, relay } from '../../src/edge/relay.ts'
import { FakeClock } from '../support/fake-clock.ts'

const TIMEOUT_MS = 10_000

/** A relay between a source that a test plays, and a client that takes as fast as a test lets it. */
function relayed() {
  const clock = new FakeClock()
  const limit = new EdgeLoadLimit(1, TIMEOUT_MS + 1_000, clock)
  const lease = limit.take()
  let source: ReadableStreamDefaultController<Uint8Array> | undefined
  const cancelled = vi.fn()
  const aborted = vi.fn()
  const from = new ReadableStream<Uint8Array>({
    start: (controller) => {
      source = controller
    },
    cancel: cancelled,
  })
  const client = { take: () => Promise.resolve(), bytes: 0 }
  const to = new WritableStream<Uint8Array>({
    write: async (piece) => {
      await client.take()
      client.bytes += piece.byteLength
    },
    abort: aborted,
  })
  const outcome = { ended: '' }
  relay(from, to, { timeoutMs: TIMEOUT_MS, clock, lease }).then(
    () => {
      outcome.ended = 'whole'
    },
    (error: Error) => {
      outcome.ended = error.name
    },
  )
  const send = (bytes: number) => source?.enqueue(new Uint8Array(bytes))
  const pass = async (ms: number) => {
    await settled()
    clock.advance(ms)
    await settled()
  }
  return { clock, client, outcome, cancelled, aborted, limit, source, send, pass }
}

/** All that promises alone can bring about has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}

describe('a source', () => {
  test('that trickles is given up when its time has passed, though each piece comes in time', async () => {
    const { outcome, send, pass, cancelled, aborted } = relayed()

    for (let second = 0; second < 9; second++) {
      send(1)
      await pass(1_000)
    }
    expect(outcome.ended).toBe('')
    send(1)
    await pass(1_000)

    expect(outcome.ended).toBe('LoadTimeoutError')
    expect([cancelled.mock.calls.length, aborted.mock.calls.length]).toEqual([1, 1])
  })

  test('that sends 64 KiB within each time goes on for as long as it likes', async () => {
    const { outcome, send, pass, client, source, limit } = relayed()

    for (let i = 0; i < 20; i++) {
      await pass(9_000)
      send(LEAST_BYTES)
    }
    await settled()

    expect([outcome.ended, client.bytes]).toEqual(['', 20 * LEAST_BYTES])
    // Its place is still its own.
    expect(() => limit.take()).toThrow()
    source?.close()
    await settled()
    expect(outcome.ended).toBe('whole')
  })

  test('is not blamed for a client that takes its time', async () => {
    const { outcome, send, pass, client } = relayed()
    const taken: (() => void)[] = []
    client.take = () => new Promise((resolve) => taken.push(resolve))

    for (let i = 0; i < 5; i++) {
      send(1_000)
      await pass(5_000)
      taken.shift()?.()
      await settled()
    }

    expect(outcome.ended).toBe('')
  })

  test('that says nothing at all is given up after its time', async () => {
    const { outcome, pass } = relayed()

    await pass(TIMEOUT_MS - 1)
    expect(outcome.ended).toBe('')
    await pass(1)

    expect(outcome.ended).toBe('LoadTimeoutError')
  })
})

describe('a client', () => {
  test('that takes a little now and then is given up after half a minute', async () => {
    const { outcome, send, pass, client } = relayed()
    const taken: (() => void)[] = []
    client.take = () => new Promise((resolve) => taken.push(resolve))
    for (let i = 0; i < 100; i++) send(100)

    let seconds = 0
    for (; outcome.ended === '' && seconds < 100; seconds += 5) {
      await pass(5_000)
      taken.shift()?.()
      await settled()
    }

    expect([outcome.ended, seconds]).toEqual(['LoadTimeoutError', 30])
  })
})
