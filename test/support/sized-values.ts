/** Values of which only the size matters, and what became of them. */

import { expect } from 'vitest'
import type { LoadedValue } from '../../src/core/load/loader.ts'
import type { AnswerRoom } from '../../src/core/peers/byte-room.ts'
import type { Reply } from '../../src/core/peers/peers.ts'
import type { CountingLoader } from './counting-loader.ts'

/** A thousandth of the room of a batch over HTTP, so that 5,000 bytes stand for 5 MB. */
export const SMALL_ROOM: AnswerRoom = { maxBytes: 4_000, firstBytes: 8_000 }

export function keysOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `key-${i}`)
}

export function bytes(length: number, life: Partial<LoadedValue> = {}): LoadedValue {
  return { kind: 'value', value: new Uint8Array(length), contentType: 'a/b', ...life }
}

export function sizedReply(length: number): Reply {
  const life = { ttlMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 }
  const times = { loadedAtMs: 0, expiresAtMs: 0 }
  const value = new Uint8Array(length)
  const entry = {
    ...bytes(0),
    value,
    kind: 'value',
    etag: '""',
    tags: [],
    ...life,
    ...times,
  } as const
  return { kind: 'value', entry, path: [] }
}

/** The lengths of values, the kinds of other replies, `undefined` where there was no room. */
export function lengthsOf(replies: Iterable<Reply | null>): (number | string | undefined)[] {
  return Array.from(replies, (reply) =>
    reply?.kind === 'value' ? reply.entry.value.byteLength : reply?.kind,
  )
}

export function totalOf(lengths: readonly (number | string | undefined)[]): number {
  return lengths.reduce<number>((sum, one) => sum + (typeof one === 'number' ? one : 0), 0)
}

export function expectNoneTwice({ calls }: Pick<CountingLoader, 'calls'>): void {
  expect(calls.toSorted()).toEqual([...new Set(calls)].sort())
}
