/** Owns how large a value may be that is answered whole, and how much is read at once to find out. */

import { Collector } from '../core/bytes.ts'
import { LoadLimit } from '../core/load-limit.ts'

/**
 * The largest value that one call between nodes can carry: 32 MiB in all, of which the key, the headers
 * and the envelope want some.
 */
export const MAX_WHOLE_BYTES = 32 * 1024 * 1024 - 64 * 1024

/** Up to here a body is read without waiting for a turn. */
const SMALL_BYTES = 1024 * 1024

/** Large bodies being read at once, per group and place: each may grow to `MAX_WHOLE_BYTES` in memory. */
const LARGE_READS = 3

/** Reads the bodies of one group's values. The large ones take turns. */
export class BodyReader {
  /** Who waits is bounded by the loads that may run. */
  private readonly turns = new LoadLimit(LARGE_READS, Number.POSITIVE_INFINITY)

  /** The whole body, decoded; or `undefined` as soon as it is known to be larger than `MAX_WHOLE_BYTES`. */
  async readWhole(
    response: Response,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (Number(response.headers.get('content-length')) > MAX_WHOLE_BYTES) return undefined
    const collector = new Collector(response.body)
    if (await collector.readBeyond(SMALL_BYTES)) {
      const isTooLarge = await this.turns.run(signal, () => collector.readBeyond(MAX_WHOLE_BYTES))
      if (isTooLarge) {
        await collector.cancel()
        return undefined
      }
    }
    return collector.bytes()
  }
}
