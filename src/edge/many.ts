/** Owns how a group's replies look to a program. */

import type { CachedValue, ManyResult } from '../core/api.ts'
import type { Clock } from '../core/clock.ts'
import type { ValueEntry } from '../core/entry.ts'
import type { Group } from '../core/group.ts'
import type { CacheStatusMember, Reply } from '../core/peers.ts'
import { cacheStatus } from './http/cache-status.ts'

export const TOO_LARGE = 'The value is too large for a call between Workers: get it over HTTP.'

export async function getMany(
  group: Group,
  keys: readonly string[],
  clock: Clock,
): Promise<ManyResult[]> {
  const replies = await group.getMany(keys)
  const nowMs = clock.now()
  return replies.map((reply, i) => manyResult(keys[i] as string, reply, nowMs))
}

export function cachedValue(
  entry: ValueEntry,
  path: readonly CacheStatusMember[],
  nowMs: number,
): CachedValue {
  const { value, contentType, etag, loadedAtMs, expiresAtMs } = entry
  const ageMs = Math.max(0, nowMs - loadedAtMs)
  return { value, contentType, etag, ageMs, expiresAtMs, status: cacheStatus(path) }
}

const NO_ROOM = 'There was no room left for the value in this batch: get it in another.'

function manyResult(key: string, reply: Reply | null, nowMs: number): ManyResult {
  if (reply === null) return { key, kind: 'failed', code: 'value-too-large', message: NO_ROOM }
  switch (reply.kind) {
    case 'value':
      return { key, kind: 'value', ...cachedValue(reply.entry, reply.path, nowMs) }
    case 'not-found':
      return { key, kind: 'not-found' }
    case 'too-large':
      return { key, kind: 'failed', code: 'value-too-large', message: TOO_LARGE }
    case 'failed':
      return { key, kind: 'failed', code: reply.code, message: reply.detail }
  }
}
