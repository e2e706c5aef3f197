/** Owns what a user's `load` function is, and how its answers become a loader's. */

import { encodeUtf8 } from '../core/bytes.ts'
import { LoadError } from '../core/errors.ts'
import type { LoadContext, LoadedValue, Loader, NotFound } from '../core/loader.ts'
import { DURATION_FORM, parseDurationMs } from '../core/units.ts'
import { MAX_ANSWER_BYTES, tooLarge } from './body.ts'
import { answerFromResponse, DEFAULT_CONTENT_TYPE } from './from-response.ts'

/** `"250ms"`, `"30s"`, `"5m"`, `"1h"`, or a number of milliseconds. */
export type Duration = string | number

/** What a `load` function is told beside the key. */
export interface FunctionLoadContext<Env = Cloudflare.Env> extends LoadContext {
  /** The Worker's bindings. */
  readonly env: Env
}

/** A value with more to say about it. */
export interface DescribedValue {
  readonly value: string | Uint8Array | ArrayBuffer
  /** Default: `text/plain; charset=utf-8` for a string, else `application/octet-stream`. */
  readonly contentType?: string
  /** How long this value is fresh; default: the group's `ttl`. `"0s"`: never stored. */
  readonly ttl?: Duration
}

/** `null` means "not found". A `Response` is read as an origin's is: 200, 404 and 410, or a failure. */
export type Loaded = string | Uint8Array | ArrayBuffer | Response | DescribedValue | null

/**
 * Gets the value of a key. Throwing `NotFoundError` says what `null` says; throwing anything else is
 * a failed load, which is answered as such and not kept.
 */
export type Load<Env = Cloudflare.Env> = (
  key: string,
  context: FunctionLoadContext<Env>,
) => Loaded | Promise<Loaded>

export function functionLoader<Env>(load: Load<Env>, env: Env): Loader {
  return async (key, context) => answerFrom(await load(key, { ...context, env }))
}

async function answerFrom(loaded: Loaded): Promise<LoadedValue | NotFound> {
  if (loaded === null) return { kind: 'not-found' }
  if (loaded instanceof Response) return answerFromResponse(loaded)
  return describedValue(isPlainValue(loaded) ? { value: loaded } : loaded)
}

function describedValue(described: DescribedValue): LoadedValue {
  if (!isPlainValue(described?.value)) {
    throw new LoadError(
      'The loader returned neither a string, bytes, a Response, { value } nor null for "not found".',
    )
  }
  const { value, ttl } = described
  const contentType = described.contentType ?? defaultContentType(value)
  // Printable ASCII: anything else could not be sent as a header, or could end it early.
  if (typeof contentType !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(contentType)) {
    throw new LoadError('The loader returned a contentType that is no header value.')
  }
  return {
    kind: 'value',
    value: bytesOf(value),
    contentType,
    ...(ttl === undefined ? {} : { ttlMs: durationOf('ttl', ttl) }),
  }
}

function isPlainValue(value: unknown): value is string | Uint8Array | ArrayBuffer {
  return typeof value === 'string' || value instanceof Uint8Array || value instanceof ArrayBuffer
}

function bytesOf(value: string | Uint8Array | ArrayBuffer): Uint8Array {
  const bytes = typeof value === 'string' ? encodeUtf8(value) : new Uint8Array(value)
  if (bytes.byteLength > MAX_ANSWER_BYTES) throw tooLarge()
  // A view of the loader's own buffer would change when the loader writes to it again.
  return value instanceof ArrayBuffer ? bytes.slice() : bytes
}

function defaultContentType(value: unknown): string {
  return typeof value === 'string' ? 'text/plain; charset=utf-8' : DEFAULT_CONTENT_TYPE
}

function durationOf(field: string, value: Duration): number {
  const ms = parseDurationMs(value)
  if (ms === undefined)
    throw new LoadError(`The loader returned a ${field} that is not ${DURATION_FORM}.`)
  return ms
}
