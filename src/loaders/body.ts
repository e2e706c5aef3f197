/** Owns how large a value may be that is answered whole, and that its body is counted while it is read. */

import { Collector } from '../core/bytes.ts'
import type { LoadMemory } from '../core/memory/load-memory.ts'

/**
 * The largest value that one call between nodes can carry: 32 MiB in all, of which the key, the headers
 * and the envelope want some.
 */
export const MAX_WHOLE_BYTES = 32 * 1024 * 1024 - 64 * 1024

/** The largest value that is answered whole: also no more than the isolate's memory lets one load have. */
export function maxWholeBytes({ maxBytes }: LoadMemory): number {
  return Math.min(MAX_WHOLE_BYTES, maxBytes)
}

/**
 * The whole body, decoded; or `undefined` as soon as it is known to be larger than `maxWholeBytes`. What
 * the response announces is reserved before any of it is read, anything else as it comes.
 */
export async function readWhole(
  response: Response,
  memory: LoadMemory,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const mostBytes = maxWholeBytes(memory)
  if (Number(response.headers.get('content-length')) > mostBytes) return undefined
  let reserved = announcedBytes(response)
  let collector: Collector | undefined
  try {
    await memory.reserve(reserved)
    collector = new Collector(response.body, reserved)
    while (collector.length <= mostBytes && (await collector.read())) {
      const more = Math.min(collector.length, mostBytes) - reserved
      if (more <= 0) continue
      const turn = memory.reserve(more)
      if (turn !== undefined) await turn
      reserved += more
    }
    if (collector.length <= mostBytes) {
      memory.makeRoom(collector.bytesToJoin)
      return collector.bytes()
    }
  } catch (error) {
    // Not awaited: what has broken off may never say so.
    const cancelled = collector === undefined ? response.body?.cancel() : collector.cancel()
    cancelled?.catch(() => {})
    throw error
  }
  await collector.cancel()
  return undefined
}

/** Gives a load's later body the memory of an earlier one, which has broken off. */
export class ReusedMemory implements LoadMemory {
  private readonly memory: LoadMemory
  private reservedBytes = 0
  private usedBytes = 0

  constructor(memory: LoadMemory) {
    this.memory = memory
  }

  get maxBytes(): number {
    return this.memory.maxBytes
  }

  /** Frees what is reserved for the next body. */
  reuse(): void {
    this.usedBytes = 0
  }

  reserve(bytes: number): Promise<void> | undefined {
    this.usedBytes += bytes
    const more = this.usedBytes - this.reservedBytes
    if (more <= 0) return undefined
    this.reservedBytes = this.usedBytes
    return this.memory.reserve(more)
  }

  makeRoom(bytes: number): void {
    this.memory.makeRoom(bytes)
  }
}

/** 0 where the length is not known, or is that of a body that the runtime has decoded since. */
function announcedBytes({ body, headers }: Response): number {
  if (body === null || (headers.get('content-encoding') ?? 'identity') !== 'identity') return 0
  const length = headers.get('content-length')
  return length !== null && /^\d+$/.test(length) ? Number(length) : 0
}
