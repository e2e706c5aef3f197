/** Owns the way in from other Workers: the RPC methods of a service binding. */

import { WorkerEntrypoint } from 'cloudflare:workers'
import type {
  CachedValue,
  Groupcache,
  ManyResult,
  RingReport,
  SetOptions,
  StatsReport,
} from '../core/api.ts'
import { encodeUtf8 } from '../core/bytes.ts'
import {
  BadRequestError,
  type CacheError,
  LoadError,
  LoadTimeoutError,
  NoSuchGroupError,
  OverloadedError,
  PeerUnavailableError,
  ValueTooLargeError,
} from '../core/errors.ts'
import { canonicalKey } from '../core/key.ts'
import type { LoadFailure } from '../core/loader.ts'
import type { Purge, PurgeReport } from '../core/peers.ts'
import { parseTags, TAGS_FORM } from '../core/tags.ts'
import { parseDurationMs } from '../core/units.ts'
import type { Edge, EdgeGroup } from './edge.ts'
import { cachedValue, getMany, TOO_LARGE } from './many.ts'
import { parsePurge } from './purge-request.ts'
import { keyReport, ringReport, statsReport } from './reports.ts'

/**
 * The methods of `Groupcache` for whoever has the service binding, which is who its operator trusts: no
 * token is asked for. A failure is thrown, with a `code` that survives the call.
 */
export function createEntrypoint(edge: Edge) {
  return class GroupcacheEntrypoint extends WorkerEntrypoint<Cloudflare.Env> implements Groupcache {
    async get(group: string, key: string): Promise<CachedValue | null> {
      const found = groupNamed(edge, group)
      const reply = await found.group.get(
        canonicalKey(found.config.source.keyForm, text('key', key)),
      )
      switch (reply.kind) {
        case 'value':
          return cachedValue(reply.entry, reply.path, edge.clock.now())
        case 'failed':
          throw errorOf(reply)
        case 'too-large':
          throw new ValueTooLargeError(TOO_LARGE)
        case 'not-found':
          return null
      }
    }

    async getMany(group: string, keys: readonly string[]): Promise<ManyResult[]> {
      const found = groupNamed(edge, group)
      if (!Array.isArray(keys)) throw new BadRequestError('keys: a list of keys')
      const canonical = keys.map((key) =>
        canonicalKey(found.config.source.keyForm, text('keys', key)),
      )
      return getMany(found.group, canonical, edge.clock)
    }

    async set(
      group: string,
      key: string,
      value: string | Uint8Array,
      options: SetOptions = {},
    ): Promise<void> {
      const { group: target, config } = groupNamed(edge, group)
      const canonical = canonicalKey(config.source.keyForm, text('key', key))
      const bytes = typeof value === 'string' ? encodeUtf8(value) : value
      if (!(bytes instanceof Uint8Array)) throw new BadRequestError('value: text or bytes')
      const { maxValueBytes } = config.options
      const tooLarge = () =>
        new ValueTooLargeError(`Group ${config.name} holds values of up to ${maxValueBytes} bytes.`)
      if (bytes.byteLength > maxValueBytes) throw tooLarge()
      const described = describeValue(value, options)
      try {
        const stored = await target.set(canonical, { value: bytes, ...described })
        if (!stored && described.ttlMs !== 0) throw tooLarge()
      } catch (error) {
        if (!(error instanceof PeerUnavailableError)) throw error
        throw new OverloadedError('The node that owns the key could not be reached.')
      }
    }

    async purge(group: string, purge: Purge): Promise<PurgeReport> {
      const found = groupNamed(edge, group)
      return found.group.purge(parsePurge(found.config, purge))
    }

    async ring(group?: string, key?: string): Promise<RingReport> {
      if (group === undefined && key === undefined) return ringReport(edge)
      return keyReport(edge, groupNamed(edge, group), text('key', key))
    }

    async stats(): Promise<StatsReport> {
      return statsReport(edge)
    }
  }
}

function groupNamed(edge: Edge, name: unknown): EdgeGroup {
  const found = typeof name === 'string' ? edge.groups.get(name) : undefined
  if (found === undefined) throw new NoSuchGroupError('No group of that name is configured.')
  return found
}

/** Types do not cross a call: whatever the other Worker sent is what is here. */
function text(field: string, value: unknown): string {
  if (typeof value !== 'string') throw new BadRequestError(`${field}: text`)
  return value
}

function describeValue(value: string | Uint8Array, { contentType, ttlMs, tags = [] }: SetOptions) {
  const type =
    contentType ??
    (typeof value === 'string' ? 'text/plain; charset=utf-8' : 'application/octet-stream')
  if (typeof type !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(type)) {
    throw new BadRequestError('contentType: up to 255 printable ASCII characters')
  }
  const parsedTags = parseTags(tags)
  if (parsedTags === undefined) throw new BadRequestError(`tags: ${TAGS_FORM}`)
  if (ttlMs === undefined) return { contentType: type, tags: parsedTags }
  const parsedTtlMs = parseDurationMs(ttlMs)
  if (parsedTtlMs === undefined) throw new BadRequestError('ttlMs: a number of milliseconds')
  return { contentType: type, tags: parsedTags, ttlMs: parsedTtlMs }
}

function errorOf({ code, detail }: LoadFailure): CacheError {
  switch (code) {
    case 'load-failed':
      return new LoadError(detail)
    case 'load-timeout':
      return new LoadTimeoutError(detail)
    case 'overloaded':
      return new OverloadedError(detail)
  }
}
