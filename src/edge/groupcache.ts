/** Owns the cache as programs use it: what a service binding offers, and what code in the same Worker gets. */

import * as v from 'valibot'
import { encodeUtf8 } from '../core/bytes.ts'
import { CONTENT_TYPE_FORM, defaultContentType, isContentType } from '../core/entry/content-type.ts'
import { canonicalKey } from '../core/entry/key.ts'
import { parseTags, TAGS_FORM } from '../core/entry/tags.ts'
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
import type { CachedValue, CallOptions, Groupcache } from '../core/group/api.ts'
import type { LoadFailure } from '../core/load/loader.ts'
import { RPC_ROOM } from '../core/peers/byte-room.ts'
import type { NewValue, PeerPicker } from '../core/peers/peers.ts'
import type { Region } from '../core/ring/topology.ts'
import { parseDurationMs } from '../core/units.ts'
import type { Edge, EdgeGroup } from './edge.ts'
import { describeIssue } from './http/json-body.ts'
import { cachedValue, getMany, TOO_LARGE } from './many.ts'
import { parsePurge } from './purge-request.ts'
import { keyReport, ringReport } from './reports.ts'

/**
 * Arguments are checked: types do not cross a call from another Worker.
 *
 * @param handOver What is given of a value's bytes. A call to another Worker copies them anyway; code in
 * the same Worker must not get those that are held, as it could write to them.
 */
export function createGroupcache(
  edge: Edge,
  handOver: (bytes: Uint8Array) => Uint8Array,
): Groupcache {
  const own = <V extends CachedValue>(cached: V): V => ({
    ...cached,
    value: handOver(cached.value),
  })
  return {
    async get(groupName, key, options, ...more: unknown[]) {
      refuseMore(more)
      const { config, group } = groupNamed(edge, groupName)
      const canonical = canonicalKey(config.source.keyForm, text('key', key))
      const reply = await group.get(canonical, peersFor(edge, options))
      switch (reply.kind) {
        case 'value':
          return own(cachedValue(reply.entry, reply.path, edge.clock.now()))
        case 'failed':
          throw errorOf(reply)
        case 'too-large':
          throw new ValueTooLargeError(TOO_LARGE)
        case 'not-found':
          return null
      }
    },

    async getMany(groupName, keys, options, ...more: unknown[]) {
      refuseMore(more)
      const edgeGroup = groupNamed(edge, groupName)
      if (!Array.isArray(keys)) throw new BadRequestError('keys: a list of keys')
      const asked = Array.from(keys, (key) => text('keys', key))
      const peers = peersFor(edge, options)
      const results = await getMany(edgeGroup, asked, peers, edge.clock, RPC_ROOM)
      return results.map((result) => (result.kind === 'value' ? own(result) : result))
    },

    async set(groupName, key, value, options, ...more: unknown[]) {
      refuseMore(more)
      const { config, group } = groupNamed(edge, groupName)
      const canonical = canonicalKey(config.source.keyForm, text('key', key))
      const { maxValueBytes } = config.options
      const described = newValue(value, options)
      try {
        if ((await group.set(canonical, described)) !== 'too-large') return
      } catch (error) {
        if (!(error instanceof PeerUnavailableError)) throw error
        throw new OverloadedError('The node that owns the key could not be reached.')
      }
      throw new ValueTooLargeError(
        `Group ${config.name} holds values of up to ${maxValueBytes} bytes.`,
      )
    },

    async purge(groupName, purge, ...more: unknown[]) {
      refuseMore(more)
      const { config, group } = groupNamed(edge, groupName)
      return group.purge(parsePurge(config, purge))
    },

    async ring(groupName, key, options, ...more: unknown[]) {
      refuseMore(more)
      const region = regionOf(edge, options)
      if (groupName === undefined && key === undefined) return ringReport(edge)
      return keyReport(edge, groupNamed(edge, groupName), text('key', key), region)
    },

    async stats(...more: unknown[]) {
      refuseMore(more)
      return edge.statsReports.gather()
    },
  }
}

function peersFor(edge: Edge, options: CallOptions | undefined): PeerPicker {
  return edge.peersIn(regionOf(edge, options))
}

const callOptionsSchema = v.strictObject({ region: v.optional(v.string('a region')) })

/** Throws `BadRequestError`. */
function regionOf({ config, nodes: { topology } }: Edge, options: unknown): Region {
  const { region } = parseOptions(callOptionsSchema, options)
  const { regions } = config
  if (region === undefined) return topology.home
  if (regions.includes(region)) return region
  throw new BadRequestError(
    regions.length === 0
      ? 'options.region: none, as REGIONS is not set'
      : `options.region: one of REGIONS, ${regions.join(', ')}`,
  )
}

/** Throws `BadRequestError`, also for a list or an object of a class, in which a schema may find no fault. */
function parseOptions<Schema extends v.GenericSchema>(
  schema: Schema,
  options: unknown = {},
): v.InferOutput<Schema> {
  const isObject = typeof options === 'object' && options !== null
  const prototype = isObject ? Object.getPrototypeOf(options) : undefined
  if (prototype !== Object.prototype && prototype !== null) {
    throw new BadRequestError('options: an object')
  }
  const result = v.safeParse(schema, options, { abortEarly: true })
  if (result.success) return result.output
  throw new BadRequestError(describeIssue(result.issues[0], 'options'))
}

/** A caller that passes an argument more means something that would not be done. Throws `BadRequestError`. */
function refuseMore(more: readonly unknown[]): void {
  if (more.some((argument) => argument !== undefined)) {
    throw new BadRequestError('there are more arguments than this method has')
  }
}

function groupNamed(edge: Edge, name: unknown): EdgeGroup {
  const found = typeof name === 'string' ? edge.groups.get(name) : undefined
  if (found === undefined) throw new NoSuchGroupError('No group of that name is configured.')
  return found
}

function text(field: string, value: unknown): string {
  if (typeof value !== 'string') throw new BadRequestError(`${field}: text`)
  return value
}

const setOptionsSchema = v.strictObject({
  contentType: v.optional(v.custom<string>(isContentType, CONTENT_TYPE_FORM)),
  ttlMs: v.optional(
    v.custom<number>(
      (value) => typeof value === 'number' && parseDurationMs(value) !== undefined,
      'a number of milliseconds',
    ),
  ),
  tags: v.optional(
    v.custom<string[]>((value) => parseTags(value) !== undefined, TAGS_FORM),
    [],
  ),
})

/** Throws `BadRequestError`. */
function newValue(value: unknown, options: unknown): NewValue {
  const { contentType, ttlMs, tags } = parseOptions(setOptionsSchema, options)
  const isText = typeof value === 'string'
  if (!isText && !(value instanceof Uint8Array)) throw new BadRequestError('value: text or bytes')
  return {
    value: isText ? encodeUtf8(value) : value,
    contentType: contentType ?? defaultContentType(value),
    tags: parseTags(tags) ?? [],
    ...(ttlMs === undefined ? {} : { ttlMs }),
  }
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
