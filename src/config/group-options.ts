/** Owns a group's options: their names, forms and defaults, in TypeScript and in wrangler.toml alike. */

import * as v from 'valibot'
import { DURATION_FORM, parseBytes, parseDurationMs, SIZE_FORM } from '../core/units.ts'
import type { Duration, Load } from '../loaders/function-loader.ts'

/** `"512KiB"`, `"8MiB"`, or a number of bytes. */
export type Size = string | number

/** What may be set on every group. Meanings and defaults: docs/configuration.md. */
export interface CommonOptions {
  readonly ttl?: Duration
  readonly timeout?: Duration
  readonly hotTtl?: Duration
  readonly expiryJitter?: number
  readonly maxBytes?: Size
  readonly maxValueBytes?: Size
  readonly maxHotBytes?: Size
  readonly clientTtl?: Duration
  readonly eviction?: 'lru'
  readonly durable?: false
  readonly access?: 'public'
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

function duration(allowed = DURATION_FORM) {
  return v.pipe(
    v.custom<Duration>((value) => parseDurationMs(value) !== undefined, allowed),
    v.transform((value) => parseDurationMs(value) as number),
  )
}

function size(mostBytes = Number.MAX_SAFE_INTEGER, allowed = SIZE_FORM) {
  return v.pipe(
    v.custom<Size>(
      (value) => (parseBytes(value) ?? Number.POSITIVE_INFINITY) <= mostBytes,
      allowed,
    ),
    v.transform((value) => parseBytes(value) as number),
  )
}

const TIMEOUT_FORM = 'a duration from "1ms" to "1h"'

const commonOptions = {
  ttl: v.optional(duration(), '60s'),
  timeout: v.optional(
    v.pipe(
      duration(TIMEOUT_FORM),
      v.minValue(1, TIMEOUT_FORM),
      v.maxValue(LONGEST_TIMEOUT_MS, TIMEOUT_FORM),
    ),
    '10s',
  ),
  hotTtl: v.optional(duration(), '1s'),
  expiryJitter: v.optional(
    v.custom<number>(
      (value) => typeof value === 'number' && value >= 0 && value <= 0.5,
      'a number from 0 to 0.5',
    ),
    0.05,
  ),
  maxBytes: v.optional(size(), '16MiB'),
  maxValueBytes: v.optional(size(LARGEST_STORED_VALUE_BYTES, `${SIZE_FORM}, up to "30MiB"`)),
  maxHotBytes: v.optional(size(), '4MiB'),
  clientTtl: v.optional(duration(), '0s'),
  eviction: v.optional(v.literal('lru', '"lru"'), 'lru'),
  durable: v.optional(v.literal(false, 'false'), false),
  access: v.optional(v.literal('public', '"public"'), 'public'),
}

const origin = v.custom<string>(
  (value) => typeof value === 'string' && isBaseUrl(value),
  'an http or https URL without credentials, query and fragment',
)

const headers = v.optional(
  v.record(
    v.pipe(v.string(), v.regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'names of HTTP headers')),
    v.string('text'),
    'a table of header names and values',
  ),
  {},
)

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

function isBaseUrl(text: string): boolean {
  const url = URL.parse(text)
  return (
    url !== null &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.username === '' &&
    url.password === '' &&
    !/[?#]/.test(text)
  )
}
