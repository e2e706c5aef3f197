/** Owns reading a response's body within a bound. */

import { LoadError } from '../core/errors.ts'

/**
 * The largest value that can be answered. A call between nodes takes 32 MiB in all, and the key, the
 * headers and the envelope want some of it.
 */
export const MAX_ANSWER_BYTES = 32 * 1024 * 1024 - 64 * 1024

/** The whole body, decoded. Throws `LoadError` once it is known to be longer than `maxBytes`. */
export async function readBody(
  response: Response,
  maxBytes = MAX_ANSWER_BYTES,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = response.body?.getReader()
  while (reader !== undefined) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.byteLength
    if (length > maxBytes) {
      await reader.cancel()
      throw tooLarge(maxBytes)
    }
    chunks.push(value)
  }
  return concatenate(chunks, length)
}

export function tooLarge(maxBytes = MAX_ANSWER_BYTES): LoadError {
  return new LoadError(`The value is larger than ${maxBytes} bytes, the most that can be answered.`)
}

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.byteLength
  }
  return bytes
}
