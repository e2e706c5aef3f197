/** Owns bodies too large to be written down: made as they are sent, and checked as they arrive. */

import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'

const PIECE_BYTES = 64 * 1024

/** Bytes that depend on their position, so that a missing or doubled piece shows. */
function* pieces(length: number): Generator<Uint8Array> {
  for (let offset = 0; offset < length; offset += PIECE_BYTES) {
    const piece = Buffer.alloc(Math.min(PIECE_BYTES, length - offset))
    piece.fill(`${offset},`)
    yield piece
  }
}

export function sendBig(response: ServerResponse, length: number): void {
  Readable.from(pieces(length)).pipe(response)
}

export function digestOfBig(length: number): string {
  const hash = createHash('sha256')
  for (const piece of pieces(length)) hash.update(piece)
  return hash.digest('hex')
}

/** Reads a body to its end without keeping it. */
export async function digestOf(response: Response): Promise<{ digest: string; length: number }> {
  const hash = createHash('sha256')
  let length = 0
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    hash.update(piece)
    length += piece.byteLength
  }
  return { digest: hash.digest('hex'), length }
}
