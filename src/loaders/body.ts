/** Owns how large a value may be that is answered at all. */

import { collect } from '../core/bytes.ts'
import { LoadError } from '../core/errors.ts'

/**
 * The largest value that can be answered. A call between nodes takes 32 MiB in all, and the key, the
 * headers and the envelope want some of it.
 */
export const MAX_ANSWER_BYTES = 32 * 1024 * 1024 - 64 * 1024

/** The whole body, decoded. Throws `LoadError` once it is known to be too large to be answered. */
export async function readBody(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const body = await collect(response.body, MAX_ANSWER_BYTES)
  if (body === undefined) throw tooLarge()
  return body
}

export function tooLarge(): LoadError {
  return new LoadError(
    `The value is larger than ${MAX_ANSWER_BYTES} bytes, the most that can be answered.`,
  )
}
