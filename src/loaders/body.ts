/** Owns how large a value may be that is answered whole. */

import { collect } from '../core/bytes.ts'

/**
 * The largest value that one call between nodes can carry: 32 MiB in all, of which the key, the headers
 * and the envelope want some.
 */
export const MAX_WHOLE_BYTES = 32 * 1024 * 1024 - 64 * 1024

/** The whole body, decoded; or `undefined` as soon as it is known to be larger than `MAX_WHOLE_BYTES`. */
export async function readWhole(response: Response): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (Number(response.headers.get('content-length')) > MAX_WHOLE_BYTES) return undefined
  return collect(response.body, MAX_WHOLE_BYTES)
}
