/** The bytes of a value as the body of an answer: those that are held here, or a stream of a node. */

import type { Clock } from '../../core/clock.ts'
import type { ByteRange } from '../../core/entry/byte-range.ts'
import type { ValueEntry } from '../../core/entry/entry.ts'
import type { SendReservation } from '../../core/memory/send-reservations.ts'
import type { StreamedReply } from '../../core/peers/peers.ts'
import { valueStream } from '../../peers/value-stream.ts'

/** Larger bodies are streamed: the runtime then holds one piece at a time beside the value itself. */
export const LARGEST_WHOLE_BYTES = 256 * 1024

export interface Payload {
  /** The length of the whole value, in bytes. */
  readonly length: number
  /** The bytes of a range, or all; `undefined` while there is no room to send them. To be called once. */
  bodyOf(range: ByteRange | undefined): Uint8Array<ArrayBuffer> | ReadableStream | undefined
  /** Nothing is to be sent. */
  discard(): void
}

/** A value that this isolate has as a whole. */
export class WholePayload implements Payload {
  private readonly value: ValueEntry['value']
  private readonly beginSending: () => SendReservation | undefined
  private readonly clock: Clock

  constructor(
    { value }: ValueEntry,
    beginSending: () => SendReservation | undefined,
    clock: Clock,
  ) {
    this.value = value
    this.beginSending = beginSending
    this.clock = clock
  }

  get length(): number {
    return this.value.byteLength
  }

  bodyOf(range: ByteRange | undefined): Uint8Array<ArrayBuffer> | ReadableStream | undefined {
    const { first, last } = range ?? { first: 0, last: this.length - 1 }
    const end = last + 1
    if (end - first <= LARGEST_WHOLE_BYTES) return this.value.subarray(first, end)
    const sending = this.beginSending()
    return sending && valueStream(sending, first, end, this.clock)
  }

  discard(): void {}
}

/** A value whose bytes, or the range of them that was asked for, are on their way from a node. */
export class StreamedPayload implements Payload {
  readonly length: number
  private readonly body: StreamedReply['body']

  constructor({ length, body }: StreamedReply) {
    this.length = length
    this.body = body
  }

  bodyOf(range: ByteRange | undefined): ReadableStream | undefined {
    // Its length has got lost on the way.
    const length = range === undefined ? this.length : range.last + 1 - range.first
    return this.body?.pipeThrough(new FixedLengthStream(length))
  }

  discard(): void {
    this.body?.cancel().catch(() => {})
  }
}
