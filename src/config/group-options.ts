/** Owns a group's options: their names, forms and defaults, in TypeScript and in wrangler.toml alike. */

import * as v from 'valibot'
import { describeKind } from '../core/describe.ts'
import type { Eviction } from '../core/eviction/policies.ts'
import { DURATION_FORM, parseBytes, parseDurationMs, SIZE_FORM } from '../core/units.ts'
import type { Duration, Load } from '../loaders/function-loader.ts'

/** `"512KiB"`, `"8MiB"`, or a number of bytes. */
export type Size = string | number

/** What may be set on every group. Meanings and defaults: docs/configuration.md. */
export interface CommonOptions {
  readonly ttl?: Duration
  readonly staleWhileRevalidate?: Duration
  readonly staleIfError?: Duration
  readonly negativeTtl?: Duration
  readonly timeout?: Duration
  readonly softTimeout?: Duration
  readonly hotTtl?: Duration
  readonly expiryJitter?: number
  readonly maxBytes?: Size
  readonly maxValueBytes?: Size
  readonly maxHotBytes?: Size
  readonly clientTtl?: Duration
  readonly maxLoads?: number
  readonly eviction?: Eviction
  readonly durable?: boolean
  readonly access?: 'public' | 'private'
  readonly traceKeys?: boolean
}

/** A group whose values a function gets. */
export interface FunctionGroup<Env = Cloudflare.Env> extends CommonOptions {
  readonly load: Load<Env>
}

/** A group whose values an HTTP server has. */
export interface OriginGroup extends CommonOptions {
  /** The base URL, `http:` or `https:`; the key is resolved below it. */
  readonly origin: string
  /** Headers for the origin. `"$NAME"` takes the value of a secret or a var. */
  readonly headers?: Readonly<Record<string, string>>
}

const MiB = 1024 * 1024

/** setTimeout takes no more than 2^31 - 1 milliseconds; no load should come near. */
const LONGEST_TIMEOUT_MS = 3_600_000
const LARGEST_STORED_VALUE_BYTES = 30 * MiB
/** Room for one small entry; less would hold nothing, and look as if it did. */
const LEAST_BYTES = 2 * 1024
/** Far beyond an isolate's memory. */
const LARGEST_BYTES = 1024 * MiB

function duration(shortestMs = 0, longestMs = Number.POSITIVE_INFINITY, allowed = DURATION_FORM) {
  return v.pipe(
    v.custom<Duration>(
      (written) => !isLikelySeconds(written),
      ({ input }) => likelySeconds(input),
    ),
    quantity<Duration>(parseDurationMs, shortestMs, longestMs, allowed),
  )
}

/** `60` would be 60 ms, but its author most likely means 60 s. */
function isLikelySeconds(written: unknown): boolean {
  return Number.isInteger(written) && (written as number) > 0 && (written as number) < 1_000
}

function likelySeconds(written: unknown): string {
  return `a bare number of milliseconds that is 0 or at least 1,000: write "${written}s" or "${written}ms"`
}

function size(leastBytes = 0, mostBytes = Number.POSITIVE_INFINITY, allowed = SIZE_FORM) {
  return quantity<Size>(parseBytes, leastBytes, mostBytes, allowed)
}

/** Checks what is written, so that an error can show it, and hands on what it means. */
function quantity<Written>(
  parse: (written: unknown) => number | undefined,
  least: number,
  most: number,
  allowed: string,
) {
  const isAllowed = (written: unknown) => {
    const value = parse(written)
    return value !== undefined && value >= least && value <= most
  }
  return v.pipe(
    v.custom<Written>(isAllowed, allowed),
    v.transform((written) => parse(written) as number),
  )
}

/** More would not help: a Worker has six connections at a time, and its memory is bounded. */
const MOST_LOADS = 10_000
const TIMEOUT_FORM = 'a duration from "1ms" to "1h"'

function timeout() {
  return duration(1, LONGEST_TIMEOUT_MS, TIMEOUT_FORM)
}

const commonOptions = {
  ttl: v.optional(duration(), '60s'),
  staleWhileRevalidate: v.optional(duration(), '0s'),
  staleIfError: v.optional(duration(), '0s'),
  negativeTtl: v.optional(duration(), '0s'),
  timeout: v.optional(timeout(), '10s'),
  softTimeout: v.optional(timeout()),
  hotTtl: v.optional(duration(), '1s'),
  expiryJitter: v.optional(
    v.custom<number>(
      (value) => typeof value === 'number' && value >= 0 && value <= 0.5,
      'a number from 0 to 0.5',
    ),
    0.05,
  ),
  maxBytes: v.optional(
    size(LEAST_BYTES, LARGEST_BYTES, `${SIZE_FORM}, from "2KiB" to "1GiB"`),
    '16MiB',
  ),
  maxValueBytes: v.optional(size(0, LARGEST_STORED_VALUE_BYTES, `${SIZE_FORM}, up to "30MiB"`)),
  maxHotBytes: v.optional(size(), '4MiB'),
  clientTtl: v.optional(duration(), '0s'),
  maxLoads: v.optional(
    v.custom<number>(
      (value) =>
        Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST_LOADS,
      `a whole number from 1 to ${MOST_LOADS}`,
    ),
    128,
  ),
  eviction: v.optional(v.picklist(['lru', 's3-fifo'], '"lru" or "s3-fifo"'), 'lru'),
  durable: v.optional(v.boolean('true or false'), false),
  access: v.optional(v.picklist(['public', 'private'], '"public" or "private"'), 'public'),
  traceKeys: v.optional(v.boolean('true or false'), false),
}

const origin = v.custom<string>(
  (value) => typeof value === 'string' && faultOfBaseUrl(value) === undefined,
  'an http or https URL without white space, credentials, query and fragment',
)

/**
 * Headers that are not the operator's to set: they belong to the connection (RFC 9110, section 7.6.1)
 * or to the request's meaning, and the runtime drops them or sends something else.
 */
const RESERVED_HEADERS =
  /^(host|content-length|transfer-encoding|connection|upgrade|keep-alive|te|trailer|expect|range|if-.*|proxy-.*)$/i
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

/** Returns whether entries can be read of it: a `Headers`, a `Map` or another class would seem empty. */
export function isTable(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

const headers = v.optional(
  v.pipe(
    v.custom<Record<string, unknown>>(
      (value) => isTable(value) && !Object.hasOwn(value, '__proto__'),
      'a table of names and values of HTTP headers',
    ),
    v.record(
      v.pipe(
        v.string(),
        v.regex(HEADER_NAME, 'the name of an HTTP header'),
        v.check(
          (name) => !RESERVED_HEADERS.test(name),
          'headers other than those of the connection',
        ),
      ),
      v.string('text'),
    ),
    v.check(hasEachNameOnce, 'each header once, whatever its case'),
  ),
  {},
)

function hasEachNameOnce(table: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(table).map((name) => name.toLowerCase())
  return new Set(names).size === names.length
}

/** The options of a group in code. */
export const functionGroupSchema = v.strictObject({
  ...commonOptions,
  load: v.custom<Load>(
    (value) => typeof value === 'function',
    'a function (key, context) => value',
  ),
})

/** The options of a group with an HTTP origin, wherever it is set. */
export const originGroupSchema = v.strictObject({ ...commonOptions, origin, headers })

export type ParsedCommonOptions = Omit<
  v.InferOutput<typeof originGroupSchema>,
  'origin' | 'headers'
>

const DEFAULT_MAX_VALUE_BYTES = 8 * MiB

/** `maxValueBytes` as set, else its default, which never exceeds `maxBytes`. */
export function maxValueBytesOf(options: ParsedCommonOptions): number {
  return options.maxValueBytes ?? Math.min(DEFAULT_MAX_VALUE_BYTES, options.maxBytes)
}

/** Returns what is wrong with a base URL, in words that repeat nothing of it, or `undefined`. */
function faultOfBaseUrl(text: string): string | undefined {
  // A URL parser drops some white space and all control characters at the ends, and encodes the rest.
  if (/[\s\p{Cc}\p{Cf}]/u.test(text)) return 'a text with white space or invisible characters'
  if (!/^https?:\/\/[^/\\]/i.test(text)) return 'not a URL that begins with "http://" or "https://"'
  if (/^[^/]*\/\/[^/\\?#]*@/.test(text)) return 'a URL with credentials'
  if (/[?#\\]/.test(text)) return 'a URL with a query, a fragment or a backslash'
  return URL.canParse(text) ? undefined : 'not a valid URL'
}

/** Returns what an error may say of an `origin`. */
export function describeOrigin(value: unknown): string {
  const fault = typeof value === 'string' ? faultOfBaseUrl(value) : undefined
  return fault ?? describeKind(value)
}
