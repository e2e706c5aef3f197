/** The answer that carries a value, whatever a request's headers say and whatever an origin has said. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeUtf8 } from '../../src/core/bytes.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { ValueEntry } from '../../src/core/entry/entry.ts'
import { WholePayload } from '../../src/edge/http/payload.ts'
import { valueResponse } from '../../src/edge/http/value-response.ts'
import { holds } from '../support/fuzz.ts'

const NOW_MS = Date.parse('Tue, 01 Sep 2026 12:00:00 GMT')
const MODIFIED_MS = Date.parse('Tue, 01 Sep 2026 10:00:00 GMT')
const ETAG = '"a"'
const VALUE = encodeUtf8('0123456789')

function entryWith(parts: Partial<ValueEntry> = {}): ValueEntry {
  return {
    kind: 'value',
    value: VALUE,
    contentType: 'text/plain',
    lastModified: new Date(MODIFIED_MS).toUTCString(),
    etag: ETAG,
    tags: [],
    loadedAtMs: NOW_MS - 5_000,
    ttlMs: 60_000,
    expiresAtMs: NOW_MS + 55_000,
    staleWhileRevalidateMs: 0,
    staleIfErrorMs: 0,
    ...parts,
  }
}

function respond(method: string, headers: Headers, entry = entryWith()): Response {
  return valueResponse(new Request('https://host/cache/g/k', { method, headers }), {
    entry,
    payload: new WholePayload(entry, () => undefined, systemClock),
    path: [{ cache: 'edge', hit: true, ttlMs: 55_000 }],
    timing: 'cache;desc=hit',
    access: 'public',
    clientTtlMs: 0,
    nowMs: NOW_MS,
  })
}

/** What a request asks for, before it is written as headers. A date is in seconds after the modification. */
interface Asked {
  readonly method: 'GET' | 'HEAD'
  readonly ifMatch?: readonly string[] | undefined
  readonly ifUnmodifiedSince?: number | undefined
  readonly ifNoneMatch?: readonly string[] | undefined
  readonly ifModifiedSince?: number | undefined
  readonly ifRange?: string | undefined
  readonly range?: readonly [first: number | undefined, last: number | undefined] | undefined
}

const tags = fc.array(fc.constantFrom(ETAG, `W/${ETAG}`, '"b"', '""', '"a,b"'), { minLength: 1 })
const anyTags = fc.oneof(tags, fc.constant(['*']))
const seconds = fc.constantFrom(-1, 0, 1)
const position = fc.option(fc.nat({ max: 12 }), { nil: undefined })
const anyAsked: fc.Arbitrary<Asked> = fc.record(
  {
    method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD'),
    ifMatch: anyTags,
    ifUnmodifiedSince: seconds,
    ifNoneMatch: anyTags,
    ifModifiedSince: seconds,
    ifRange: fc.constantFrom(ETAG, `W/${ETAG}`, '"b"', new Date(MODIFIED_MS).toUTCString()),
    range: fc.tuple(position, position),
  },
  { requiredKeys: ['method'] },
)

function headersOf(asked: Asked): Headers {
  const headers = new Headers()
  const dateOf = (offset: number) => new Date(MODIFIED_MS + offset * 1000).toUTCString()
  const { ifMatch, ifUnmodifiedSince, ifNoneMatch, ifModifiedSince, ifRange, range } = asked
  if (ifMatch !== undefined) headers.set('If-Match', ifMatch.join(', '))
  if (ifUnmodifiedSince !== undefined) headers.set('If-Unmodified-Since', dateOf(ifUnmodifiedSince))
  if (ifNoneMatch !== undefined) headers.set('If-None-Match', ifNoneMatch.join(', '))
  if (ifModifiedSince !== undefined) headers.set('If-Modified-Since', dateOf(ifModifiedSince))
  if (ifRange !== undefined) headers.set('If-Range', ifRange)
  if (range !== undefined) headers.set('Range', `bytes=${range[0] ?? ''}-${range[1] ?? ''}`)
  return headers
}

/** RFC 9110, sections 13.2.2 and 14.2, read naively. */
function expected(asked: Asked): { status: number; bytes: string } {
  const whole = { status: 200, bytes: '0123456789' }
  const { method, ifMatch, ifUnmodifiedSince, ifNoneMatch, ifModifiedSince, ifRange, range } = asked
  if (ifMatch !== undefined) {
    if (!ifMatch.includes('*') && !ifMatch.includes(ETAG)) return { status: 412, bytes: '' }
  } else if (ifUnmodifiedSince === -1) return { status: 412, bytes: '' }
  if (ifNoneMatch !== undefined) {
    const isSame = ['*', ETAG, `W/${ETAG}`].some((tag) => ifNoneMatch.includes(tag))
    if (isSame) return { status: 304, bytes: '' }
  } else if (ifModifiedSince !== undefined && ifModifiedSince >= 0)
    return { status: 304, bytes: '' }
  if (method === 'HEAD') return { status: 200, bytes: '' }
  if (range === undefined || (ifRange !== undefined && ifRange !== ETAG)) return whole
  const [first, last] = range
  if (first === undefined) {
    if (last === undefined) return whole
    return last === 0
      ? { status: 416, bytes: '' }
      : { status: 206, bytes: whole.bytes.slice(-last) }
  }
  if (last !== undefined && last < first) return whole
  if (first >= 10) return { status: 416, bytes: '' }
  return { status: 206, bytes: whole.bytes.slice(first, (last ?? 9) + 1) }
}

test('conditions and ranges have the answer of a naive reading of RFC 9110', async () => {
  const property = fc.asyncProperty(anyAsked, async (asked) => {
    const response = respond(asked.method, headersOf(asked))

    const { status, bytes } = expected(asked)
    expect(response.status).toBe(status)
    if (status >= 400) return
    expect(await response.text()).toBe(bytes)
    if (status === 304) expect(response.headers.get('content-length')).toBeNull()
    if (status !== 206) return
    expect(response.headers.get('content-length')).toBe(String(bytes.length))
    const last = Number(bytes.at(-1))
    expect(response.headers.get('content-range')).toBe(`bytes ${bytes[0]}-${last}/10`)
  })
  await holds(property, { seed: 201, numRuns: 2_000 })
})

const byte = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code))
const garbage = fc.string({ unit: byte, maxLength: 60 })
const piece = fc.constantFrom('bytes=', '0', '-', ',', '5', '99', ' ', '"a"', 'W/', '*', '"', '\t')
const headerValue = fc.oneof(garbage, fc.string({ unit: piece }))
const anyHeaders = fc.record(
  {
    Range: headerValue,
    'If-Range': headerValue,
    'If-Match': headerValue,
    'If-None-Match': headerValue,
    'If-Modified-Since': headerValue,
    'If-Unmodified-Since': headerValue,
    'Cache-Control': headerValue,
    Accept: headerValue,
    'X-Marker': fc.constant('never-echoed'),
  },
  { requiredKeys: [] },
)
const anyEntry = fc.record(
  {
    contentType: garbage.filter((text) => text.trim() !== ''),
    contentLanguage: garbage,
    lastModified: garbage,
    value: fc.uint8Array({ maxLength: 40 }).map((bytes) => new Uint8Array(bytes)),
    loadedAtMs: fc.integer({ min: 0, max: 2 * NOW_MS }),
    expiresAtMs: fc.integer({ min: 0, max: 2 * NOW_MS }),
  },
  { requiredKeys: ['value'] },
)
const HEADERS = [
  'accept-ranges',
  'access-control-allow-origin',
  'access-control-expose-headers',
  'age',
  'cache-control',
  'cache-status',
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'content-security-policy',
  'content-type',
  'etag',
  'last-modified',
  'server-timing',
  'timing-allow-origin',
  'x-content-type-options',
]

test('no headers of a request or of an origin make an answer that does not fit its body', async () => {
  const method = fc.constantFrom('GET', 'HEAD')
  const property = fc.asyncProperty(method, anyHeaders, anyEntry, async (name, asked, parts) => {
    const entry = entryWith(parts as Partial<ValueEntry>)
    const response = respond(name, new Headers(asked), entry)

    const { status, headers } = response
    expect([200, 206, 304, 412, 416]).toContain(status)
    for (const [header, value] of headers) {
      expect(HEADERS).toContain(header)
      expect(value).not.toContain('never-echoed')
    }
    expect(headers.get('age') ?? '0').toMatch(/^\d+$/)
    if (status >= 400) {
      expect(headers.get('content-type')).toBe('application/problem+json')
      return
    }
    const body = await response.bytes()
    if (name === 'HEAD' || status === 304) {
      expect(body.byteLength).toBe(0)
      return
    }
    expect(headers.get('content-length')).toBe(String(body.byteLength))
    const [, first, last, length] =
      /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get('content-range') ?? '') ?? []
    expect(first === undefined).toBe(status === 200)
    if (first !== undefined) expect(Number(length)).toBe(entry.value.byteLength)
    const end = last === undefined ? undefined : Number(last) + 1
    expect(body).toEqual(entry.value.slice(Number(first ?? 0), end))
  })
  await holds(property, { seed: 202, numRuns: 2_000 })
})
