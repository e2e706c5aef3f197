/** What an origin says in its headers, garbage included: how long a value lives, and what is kept of it. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Life, ValueEntry } from '../../src/core/entry/entry.ts'
import { LoadError } from '../../src/core/errors.ts'
import { LONGEST_MS } from '../../src/core/units.ts'
import { responseLife } from '../../src/loaders/response-life.ts'
import { fakeOrigin } from '../support/fake-origin.ts'
import { holds } from '../support/fuzz.ts'

const NOW_MS = Date.parse('Tue, 01 Sep 2026 10:00:00 GMT')

/** What a header may carry: bytes, without those that would end it. */
const byte = fc
  .integer({ min: 0x20, max: 0xff })
  .filter((code) => code !== 0x7f)
  .map((code) => String.fromCharCode(code))
const garbage = fc.oneof(
  { weight: 9, arbitrary: fc.string({ unit: byte }) },
  { weight: 1, arbitrary: fc.string({ unit: byte }).map((text) => text.padEnd(256, 'x')) },
)
const number = fc.oneof(
  fc.nat({ max: 100 }).map(String),
  fc.bigInt({ min: 0n, max: 10n ** 40n }).map(String),
  fc.constantFrom('-1', '1.5', '1e9', 'NaN', 'Infinity', '"5"', ' 5', '+5', '0x10', ''),
)
const date = fc.oneof(
  fc
    .integer({ min: -100_000, max: 100_000 })
    .map((seconds) => new Date(NOW_MS + seconds * 1000).toUTCString()),
  fc.constantFrom('0', '-1', 'Thu, 01 Jan 1970 00:00:00 GMT', 'Fri, 31 Dec 9999 23:59:59 GMT'),
  garbage,
)
const directive = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error', 'MAX-AGE'),
      number,
    )
    .map(([name, value]) => `${name}=${value}`),
  fc.constantFrom(
    'no-store',
    'private',
    'No-Store',
    'public',
    'must-revalidate',
    'immutable',
    'x="',
  ),
  garbage,
)
const cacheControl = fc.array(directive, { maxLength: 4 }).map((all) => all.join(', '))
const tag = fc.oneof(fc.constantFrom('"1"', 'W/"1"', '"2"', '', '"', '1'), garbage)
const anyHeaders = fc.record(
  {
    'Cache-Control': cacheControl,
    Expires: date,
    Date: date,
    Age: number,
    ETag: tag,
    'Last-Modified': date,
    'Content-Type': garbage,
    'Content-Language': garbage,
    'Cache-Tag': garbage,
    Vary: fc.oneof(fc.constantFrom('*', 'Accept', 'a, *'), garbage),
    'Content-Length': number,
    'Content-Encoding': fc.constantFrom('', 'gzip', 'identity', 'zstd', 'x-gzip', 'BR'),
  },
  { requiredKeys: [] },
)

function expectLife({ ttlMs = 0, ...windows }: Partial<Life>): void {
  // Below zero: it was stale for so long when it came.
  expect(Math.abs(ttlMs)).toBeLessThanOrEqual(LONGEST_MS)
  for (const ms of Object.values(windows)) {
    expect(ms).toBeGreaterThanOrEqual(0)
    expect(ms).toBeLessThanOrEqual(LONGEST_MS)
  }
}

function lifeIn(loaded: Partial<Life>): Life {
  const { ttlMs = 0, staleWhileRevalidateMs = 0, staleIfErrorMs = 0 } = loaded
  return { ttlMs, staleWhileRevalidateMs, staleIfErrorMs }
}

test('no headers make a life that is endless or not a number, or keep what must not be kept', async () => {
  const property = fc.property(anyHeaders, (init) => {
    const life = responseLife(new Headers(init), NOW_MS)

    expectLife(life)
    // Where it stands by itself, nothing before it has left a quote open.
    const own = (init['Cache-Control'] ?? '').split('"', 1)[0] as string
    const isForbidden = own.split(',').some((part) => /^\s*(no-store|private)\s*$/i.test(part))
    if (isForbidden || init.Vary?.split(',').some((name) => name.trim() === '*')) {
      expect(life).toEqual({ ttlMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 })
    }
  })
  await holds(property, { seed: 121, numRuns: 5_000 })
})

/** RFC 9111, sections 4.2.1 and 4.2.3, of headers that mean what they say. */
test('a life is that of a naive reading of the headers', async () => {
  const seconds = fc.nat({ max: 1_000 })
  const headers = fc.record(
    { 's-maxage': seconds, 'max-age': seconds, expires: seconds, age: seconds },
    { requiredKeys: [] },
  )
  const property = fc.property(headers, ({ age, expires, ...directives }) => {
    const entries = Object.entries(directives)
    const sent = new Headers({
      'Cache-Control': entries.map(([name, value]) => `${name}=${value}`).join(', '),
      ...(age === undefined ? {} : { Age: String(age) }),
    })
    if (expires !== undefined) sent.set('Expires', new Date(NOW_MS + expires * 1000).toUTCString())

    const lifetime = directives['s-maxage'] ?? directives['max-age'] ?? expires
    expect(responseLife(sent, NOW_MS).ttlMs).toBe(
      lifetime === undefined ? undefined : (lifetime - (age ?? 0)) * 1000,
    )
  })
  await holds(property, { seed: 122, numRuns: 2_000 })
})

test('whatever an origin answers is an answer or a LoadError, and what is kept of it can be sent', async () => {
  const status = fc.constantFrom(200, 200, 200, 201, 206, 301, 302, 304, 400, 404, 410, 500, 503)
  const location = fc.option(fc.oneof(garbage, fc.constantFrom('/v1/a', '//evil.example/', 'a')))
  const stale = fc.option(fc.record({ originEtag: tag, lastModified: date }, { requiredKeys: [] }))
  const answer = fc.record({ status, headers: anyHeaders, location, stale })
  const property = fc.asyncProperty(
    answer,
    async ({ status: code, headers, location: to, ...rest }) => {
      const sent = { ...headers, ...(to === null ? {} : { Location: to }) }
      const hasBody = code !== 304
      const origin = fakeOrigin({
        'https://origin.example/v1/a': () =>
          new Response(hasBody ? 'A' : null, { status: code, headers: sent }),
      })
      const loading = origin.load('a', (rest.stale ?? undefined) as ValueEntry | undefined)
      const loaded = await loading.catch((error: unknown) => {
        expect(error).toBeInstanceOf(LoadError)
      })

      for (const { url } of origin.requests) expect(url).toMatch(/^https:\/\/origin\.example\/v1\//)
      if (!loaded) return
      if (loaded.kind !== 'value') {
        expectLife(loaded.kind === 'not-modified' ? lifeIn(loaded) : { ttlMs: loaded.ttlMs ?? 0 })
        return
      }
      expectLife(lifeIn(loaded))
      const { contentType, contentLanguage = '', lastModified = '' } = loaded
      for (const text of [contentType, contentLanguage, lastModified]) {
        expect(text.length).toBeLessThanOrEqual(255)
        expect(new Headers({ X: text }).get('x')).toBe(text.replace(/^ +| +$/g, ''))
      }
    },
  )
  await holds(property, { seed: 123, numRuns: 1_500 })
})
