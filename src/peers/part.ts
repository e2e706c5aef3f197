/** What a node answers where a large value is wanted as a stream. */

import type { Clock } from '../core/clock.ts'
import { resolveRange, type WantedPart } from '../core/entry/byte-range.ts'
import type { ValueEntry } from '../core/entry/entry.ts'
import type { SendReservation } from '../core/memory/send-reservations.ts'
import type { Reply, StreamedReply } from '../core/peers/peers.ts'
import { valueStream } from './value-stream.ts'

/** The reply itself where it has no large value. */
export function partOf(
  reply: Reply,
  part: WantedPart,
  beginSending: (entry: ValueEntry) => SendReservation | undefined,
  clock: Clock,
): Reply | StreamedReply {
  if (reply.kind !== 'value' || reply.entry.value.byteLength <= part.aboveBytes) return reply
  const { kind: _, entry, ...way } = reply
  const { value, ...head } = entry
  const length = value.byteLength
  const streamed: StreamedReply = { ...way, kind: 'stream', entry: head, length }
  const range = resolveRange(part.range, head.etag, length)
  if (part.isHead || range === 'unsatisfiable') return streamed

  const sending = beginSending(entry)
  if (sending === undefined) {
    const detail = 'Too many large values are on their way to clients.'
    return { ...way, kind: 'failed', code: 'overloaded', detail }
  }
  const { first, last } = range ?? { first: 0, last: length - 1 }
  return { ...streamed, body: valueStream(sending, first, last + 1, clock) }
}
