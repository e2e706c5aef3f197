/**
 * Bodies of requests: how large one may be, how long it may take to arrive, and how much memory those that
 * are arriving share. What a body says is left to its reader.
 */

import { type Clock, withTimeout } from '../../core/clock.ts'
import { OverloadedError } from '../../core/errors.ts'
import type { BodyReservation } from '../../core/memory/body-reservations.ts'
import type { EntryHolder, Membership, MemoryBudget } from '../../core/memory/memory-budget.ts'
import { problem } from './problem.ts'

/** The longest that a body may take to arrive as a whole, in milliseconds (RFC 9110, section 15.5.9). */
export const LONGEST_BODY_MS = 30_000

const FIRST_BYTES = 4 * 1024

export interface BodyBounds {
  /** The largest body, in bytes. */
  readonly maxBytes: number
  /** The answer to a larger one. */
  readonly tooLarge: () => Response
  /** The headers of other refusals. Default: none. */
  readonly headers?: Readonly<Record<string, string>>
  /** Whether a token was shown. Bodies that need none share a small part of the memory. */
  readonly isTrusted: boolean
}

/**
 * Up to here a body that is refused is still received, and dropped: a connection that ends while its client sends
 * may lose the answer. A larger one is not worth that.
 */
const LARGEST_DRAINED_BYTES = 16 * 1024 * 1024

/** Receives a body without keeping any of it, for as long as a body may take. */
async function drain(request: Request, clock: Clock): Promise<void> {
  const reader = request.body?.getReader()
  const received = async () => {
    while (reader !== undefined && !(await reader.read()).done);
    return true
  }
  // A body that breaks off is refused all the same.
  await withTimeout(clock, LONGEST_BODY_MS, received()).catch(() => {})
  reader?.cancel().catch(() => {})
}

export class RequestBodies {
  private readonly clock: Clock
  private readonly membership: Membership
  /** The budget forgets members whose holder has been collected. */
  private readonly holder: EntryHolder = { evictOldest: () => false }

  constructor(budget: MemoryBudget, clock: Clock) {
    this.clock = clock
    this.membership = budget.join(this.holder, { shareBytes: 1 })
  }

  /**
   * Returns the whole body in a buffer of its own length, or the answer that refuses it. Never rejects: a body
   * that breaks off, or is badly framed, is its sender's mistake.
   */
  async read(request: Request, bounds: BodyBounds): Promise<Uint8Array<ArrayBuffer> | Response> {
    const { headers = {}, isTrusted, tooLarge } = bounds
    const announced = announcedLength(request)
    const { clock } = this
    if (announced > bounds.maxBytes) {
      if (announced <= LARGEST_DRAINED_BYTES) await drain(request, clock)
      return tooLarge()
    }
    const memory = this.membership.beginReading({
      signal: new AbortController().signal,
      // The request may vanish without a word; until then its bytes count.
      endsAtMs: clock.now() + LONGEST_BODY_MS,
      clock,
      canQueue: false,
      isBody: !isTrusted,
    })
    const maxBytes = Math.min(bounds.maxBytes, memory.maxBytes)
    const reader = request.body?.getReader()
    const body = new GrowingBody(memory, maxBytes, announced)
    try {
      const end = await withTimeout(clock, LONGEST_BODY_MS, body.readAll(reader))
      if (end === 'whole') return body.bytes()
      if (end === 'too-large') return tooLarge()
      const detail = `The body has not arrived within ${LONGEST_BODY_MS / 1000} seconds.`
      return problem('request-timeout', detail, { headers })
    } catch (error) {
      if (!(error instanceof OverloadedError)) {
        return problem('bad-request', 'The body broke off, or is not well framed.', { headers })
      }
      const detail = 'Too many bodies are arriving at the moment.'
      return problem('overloaded', detail, { headers: { ...headers, 'Retry-After': '1' } })
    } finally {
      memory.release()
      // Not awaited: a body that stalls may never end. One that has been read to its end is not disturbed.
      reader?.cancel().catch(() => {})
    }
  }
}

/** 0 where the length is not announced. */
function announcedLength({ headers }: Request): number {
  return Number(headers.get('content-length')) || 0
}

/**
 * One buffer that doubles. A list of the pieces would keep a buffer of several KiB for each, so that a sender
 * of single bytes could make it thousands of times as large as the body.
 */
class GrowingBody {
  private readonly memory: BodyReservation
  private readonly maxBytes: number
  private readonly announced: number
  private buffer = new Uint8Array(0)
  private length = 0

  constructor(memory: BodyReservation, maxBytes: number, announced: number) {
    this.memory = memory
    this.maxBytes = maxBytes
    this.announced = announced
  }

  async readAll(
    reader: ReadableStreamDefaultReader<Uint8Array> | undefined,
  ): Promise<'whole' | 'too-large'> {
    if (reader === undefined) return 'whole'
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return 'whole'
      if (this.length + value.byteLength > this.maxBytes) return 'too-large'
      this.append(value)
    }
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.length === this.buffer.byteLength ? this.buffer : this.buffer.slice(0, this.length)
  }

  private append(piece: Uint8Array): void {
    const length = this.length + piece.byteLength
    if (length > this.buffer.byteLength) this.grow(length)
    this.buffer.set(piece, this.length)
    this.length = length
  }

  private grow(leastBytes: number): void {
    const doubled = Math.max(leastBytes, FIRST_BYTES, 2 * this.buffer.byteLength)
    // Never more than will come, so that a body whose length is announced needs no copy at its end.
    const mostBytes = this.announced >= leastBytes ? this.announced : this.maxBytes
    const bytes = Math.min(doubled, mostBytes)
    this.memory.reserve(bytes - this.buffer.byteLength)
    const larger = new Uint8Array(bytes)
    larger.set(this.buffer.subarray(0, this.length))
    this.buffer = larger
  }
}
