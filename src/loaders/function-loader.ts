/** Owns what a user's `load` function is, and how its answers become a loader's. */

import { encodeUtf8, utf8Length } from '../core/bytes.ts'
import { defaultContentType, isContentType } from '../core/entry/content-type.ts'
import type { Life, ValueEntry } from '../core/entry/entry.ts'
import { parseTags, TAGS_FORM } from '../core/entry/tags.ts'
import { LoadError } from '../core/errors.ts'
import type { Loader, Loaded as LoaderAnswer } from '../core/load/loader.ts'
import type { LoadMemory } from '../core/memory/load-memory.ts'
import { DURATION_FORM, LONGEST_MS, parseDurationMs } from '../core/units.ts'
import { maxWholeBytes } from './body.ts'
import { answerFromResponse, retryAfterOf } from './from-response.ts'
import type { Open } from './open.ts'

/** `"250ms"`, `"30s"`, `"5m"`, `"1h"`, or a number of milliseconds. */
export type Duration = string | number

/** What a `load` function is told beside the key. */
export interface LoadContext<Env = Cloudflare.Env> {
  /** The Worker's bindings. */
  readonly env: Env
  /** Fires when the group's `timeout` has passed. */
  readonly signal: AbortSignal
  /** The group's name. */
  readonly group: string
  /** The entry that is being refreshed, if there is one. */
  readonly stale?: StaleEntry
}

/** An entry that is not fresh any more, as a `load` function sees it. */
export interface StaleEntry {
  /** A copy of the value, made when it is read. */
  readonly value: Uint8Array
  readonly contentType: string
  readonly etag: string
  readonly lastModified?: string
  readonly tags: readonly string[]
  readonly loadedAtMs: number
}

/** A value with more to say about it. */
export interface DescribedValue {
  readonly value: string | Uint8Array | ArrayBuffer
  /** Default: `text/plain; charset=utf-8` for a string, else `application/octet-stream`. */
  readonly contentType?: string
  /**
   * How long this value is fresh; default: the group's `ttl`. `"0s"`: never stored. Like the two below, a
   * number is rounded down, below zero counts as zero, and ten years are the most.
   */
  readonly ttl?: Duration
  /** Default: the group's. */
  readonly staleWhileRevalidate?: Duration
  /** Default: the group's. */
  readonly staleIfError?: Duration
  /** Names under which the value can be purged together with others. */
  readonly tags?: readonly string[]
}

/**
 * `null` means "not found". Of a `Response`, 200 is a value, 404 and 410 are "not found", 304 renews
 * `stale`, and any other status is a failure; what it says of its life is not looked at.
 */
export type Loaded = string | Uint8Array | ArrayBuffer | Response | DescribedValue | null

/**
 * Gets the value of a key. Throwing `NotFoundError`, which may carry `tags`, says what `null` says;
 * throwing anything else is a failed load, which is answered as such and not kept.
 */
export type Load<Env = Cloudflare.Env> = (
  key: string,
  context: LoadContext<Env>,
) => Loaded | Promise<Loaded>

export function functionLoader<Env>(load: Load<Env>, env: Env): Loader {
  return async (key, { group, signal, stale, memory }) => {
    const context = {
      env,
      group,
      signal,
      ...(stale === undefined ? {} : { stale: staleEntry(stale) }),
    }
    return answerFrom(await load(key, context), stale, memory)
  }
}

/** Opens the value without reading it: for values that are too large to be answered whole. */
export function openFunction<Env>(load: Load<Env>, env: Env): Open {
  return async (key, { group, signal }) => {
    const loaded = await load(key, { env, group, signal })
    if (loaded === null || loaded instanceof Response) return loaded
    const described = isPlainValue(loaded) ? { value: loaded } : loaded
    const headers = { 'Content-Type': contentTypeOf(described) }
    return new Response(described.value as ArrayBuffer, { headers })
  }
}

function staleEntry({
  value,
  contentType,
  etag,
  lastModified,
  tags,
  loadedAtMs,
}: ValueEntry): StaleEntry {
  return {
    // The entry's own bytes may still be answered: nobody may write to them.
    get value() {
      return value.slice()
    },
    contentType,
    etag,
    tags,
    loadedAtMs,
    ...(lastModified === undefined ? {} : { lastModified }),
  }
}

async function answerFrom(
  loaded: Loaded,
  stale: ValueEntry | undefined,
  memory: LoadMemory,
): Promise<LoaderAnswer> {
  if (loaded === null) return { kind: 'not-found' }
  if (loaded instanceof Response) {
    // Where a redirect has led to, the key may have chosen.
    const retryAfterMs = loaded.redirected ? undefined : retryAfterOf(loaded, Date.now())
    return answerFromResponse(loaded, stale, memory, retryAfterMs)
  }
  return describedValue(isPlainValue(loaded) ? { value: loaded } : loaded, memory)
}

async function describedValue(
  described: DescribedValue,
  memory: LoadMemory,
): Promise<LoaderAnswer> {
  const contentType = contentTypeOf(described)
  const life = lifeOf(described)
  const tags = described.tags === undefined ? {} : { tags: tagsOf(described.tags) }
  const value = await bytesOf(described.value, memory)
  if (value === undefined) {
    return {
      kind: 'too-large',
      ...(life.ttlMs === undefined ? {} : { ttlMs: life.ttlMs }),
      ...tags,
    }
  }
  return { kind: 'value', value, contentType, ...life, ...tags }
}

/** Throws `LoadError` unless this is a value, with a content type that can be sent. */
function contentTypeOf(described: DescribedValue): string {
  if (!isPlainValue(described?.value)) {
    throw new LoadError(
      'The loader returned neither a string, bytes, a Response, { value } nor null for "not found".',
    )
  }
  const contentType = described.contentType ?? defaultContentType(described.value)
  if (!isContentType(contentType)) {
    throw new LoadError('The loader returned a contentType that is no header value.')
  }
  return contentType
}

function isPlainValue(value: unknown): value is string | Uint8Array | ArrayBuffer {
  return typeof value === 'string' || value instanceof Uint8Array || value instanceof ArrayBuffer
}

/** `undefined` where they are too many to be answered whole. */
async function bytesOf(
  value: string | Uint8Array | ArrayBuffer,
  memory: LoadMemory,
): Promise<Uint8Array | undefined> {
  const mostBytes = maxWholeBytes(memory)
  // UTF-8 takes at least a byte for each code unit, so a text need not be walked through to be too large.
  const leastBytes = typeof value === 'string' ? value.length : value.byteLength
  if (leastBytes > mostBytes) return undefined
  const bytes = typeof value === 'string' ? utf8Length(value) : leastBytes
  if (bytes > mostBytes) return undefined
  // The loader's own bytes are there as well, but only until this load has ended.
  await memory.reserve(bytes)
  // Always a copy: the loader may go on writing to what it has returned.
  return typeof value === 'string' ? encodeUtf8(value) : copyOf(value)
}

function copyOf(value: Uint8Array | ArrayBuffer): Uint8Array {
  return new Uint8Array(value instanceof ArrayBuffer ? value.slice() : value)
}

function lifeOf({ ttl, staleWhileRevalidate, staleIfError }: DescribedValue): Partial<Life> {
  return {
    ...(ttl === undefined ? {} : { ttlMs: durationOf('ttl', ttl) }),
    ...(staleWhileRevalidate === undefined
      ? {}
      : { staleWhileRevalidateMs: durationOf('staleWhileRevalidate', staleWhileRevalidate) }),
    ...(staleIfError === undefined
      ? {}
      : { staleIfErrorMs: durationOf('staleIfError', staleIfError) }),
  }
}

function durationOf(field: string, value: Duration): number {
  const ms = typeof value === 'number' ? wholeMs(value) : parseDurationMs(value)
  if (ms === undefined) {
    throw new LoadError(`The loader returned a ${field} that is not ${DURATION_FORM}.`)
  }
  return ms
}

/** The duration nearest to a number that may be computed: `undefined` for `NaN`, which is near to none. */
function wholeMs(ms: number): number | undefined {
  return Number.isNaN(ms) ? undefined : Math.floor(Math.min(Math.max(ms, 0), LONGEST_MS))
}

function tagsOf(value: readonly string[]): string[] {
  const tags = parseTags(value)
  if (tags === undefined) throw new LoadError(`The loader returned tags that are not ${TAGS_FORM}.`)
  return tags
}
