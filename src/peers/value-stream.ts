/** The bytes of a value as a stream that a client reads at its own pace. */

import { type Clock, withTimeout } from '../core/clock.ts'
import { LONGEST_STALL_MS, type SendReservation } from '../core/memory/send-reservations.ts'

const PIECE_BYTES = 64 * 1024

/** A stream whose length is known, of the bytes from `first` up to `end`. Breaks off where the client stalls. */
export function valueStream(
  sending: SendReservation,
  first: number,
  end: number,
  clock: Clock,
): ReadableStream<Uint8Array> {
  const { readable, writable } = new FixedLengthStream(end - first)
  const writer = writable.getWriter()
  sendAll(sending, first, end, writer, clock)
    // Rejects when the client goes away or stalls; nobody else waits for it.
    .catch((error: unknown) => writer.abort(error).catch(() => {}))
    .finally(() => sending.release())
  return readable
}

async function sendAll(
  sending: SendReservation,
  first: number,
  end: number,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  clock: Clock,
): Promise<void> {
  const inTime = async (taking: Promise<void>) => {
    const isTaken = await withTimeout(
      clock,
      LONGEST_STALL_MS,
      taking.then(() => true),
    )
    if (!isTaken) throw new Error('The client takes nothing.')
  }
  for (let offset = first; offset < end; offset += PIECE_BYTES) {
    const piece = sending.piece(offset, Math.min(end, offset + PIECE_BYTES))
    if (piece === undefined)
      throw new Error('The client has stalled, and its value is needed no more.')
    await inTime(writer.write(piece))
  }
  await inTime(writer.close())
}
