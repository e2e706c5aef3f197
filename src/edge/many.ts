/** Owns how a group's replies look to a program. */

import type { Clock } from '../core/clock.ts'
import type { ValueEntry } from '../core/entry/entry.ts'
import { canonicalKey, type KeyForm } from '../core/entry/key.ts'
import { BadKeyError } from '../core/errors.ts'
import type { CachedValue, ManyResult } from '../core/group/api.ts'
import type { AnswerRoom } from '../core/peers/byte-room.ts'
import type { CacheStatusMember, PeerPicker, Reply } from '../core/peers/peers.ts'
import type { EdgeGroup } from './edge.ts'
import { cacheStatus } from './http/cache-status.ts'

export const TOO_LARGE = 'The value is too large for a call or a batch: get it alone, with GET.'

/** @param keys As they were asked for; one that is not valid fails alone. */
export async function getMany(
  { group, config }: EdgeGroup,
  keys: readonly string[],
  peers: PeerPicker,
  clock: Clock,
  room: AnswerRoom,
): Promise<ManyResult[]> {
  const checked = keys.map((key) => checkKey(config.source.keyForm, key))
  const valid = checked.filter((key) => typeof key === 'string')
  const replies = (await group.getMany(valid, room, peers)).values()
  const nowMs = clock.now()
  return checked.map((key, i) => {
    const asked = keys[i] as string
    if (typeof key === 'string') return manyResult(asked, replies.next().value ?? null, nowMs)
    return { key: asked, kind: 'failed', code: key.code, message: key.message }
  })
}

function checkKey(form: KeyForm, key: string): string | BadKeyError {
  try {
    return canonicalKey(form, key)
  } catch (error) {
    if (error instanceof BadKeyError) return error
    throw error
  }
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
  if (reply === null) return { key, kind: 'failed', code: 'no-room', message: NO_ROOM }
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
