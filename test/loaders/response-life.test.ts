import { describe, expect, test } from 'vitest'
import { responseLife } from '../../src/loaders/response-life.ts'

const NOW = 'Tue, 01 Sep 2026 10:00:00 GMT'
const IN_A_MINUTE = 'Tue, 01 Sep 2026 10:01:00 GMT'
const NEVER_STORED = { ttlMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 }

function lifeOf(headers: Record<string, string>) {
  return responseLife(new Headers(headers), Date.parse(NOW))
}

describe('what a response says of its life', () => {
  test.each<[string, object]>([
    ['', {}],
    ['public', {}],
    ['max-age=30', { ttlMs: 30_000 }],
    ['MAX-AGE=30', { ttlMs: 30_000 }],
    ['max-age="30"', { ttlMs: 30_000 }],
    ['max-age=30, s-maxage=60', { ttlMs: 60_000 }],
    ['s-maxage=0, max-age=30', { ttlMs: 0 }],
    ['max-age=30, max-age=60', { ttlMs: 30_000 }],
    ['max-age=-1', { ttlMs: 0 }],
    ['max-age=soon', { ttlMs: 0 }],
    ['max-age', { ttlMs: 0 }],
    ['max-age=99999999999999999999', { ttlMs: 315_360_000_000 }],
    ['x="max-age=30"', {}],
    ['x="a\\", max-age=30, \\"b", max-age=5', { ttlMs: 5_000 }],
    ['stale-while-revalidate=5', { staleWhileRevalidateMs: 5_000 }],
    ['stale-if-error=5', { staleIfErrorMs: 5_000 }],
    [
      'max-age=1, stale-while-revalidate=2, stale-if-error=3',
      { ttlMs: 1_000, staleWhileRevalidateMs: 2_000, staleIfErrorMs: 3_000 },
    ],
    [
      'max-age=1, stale-if-error=3, must-revalidate',
      { ttlMs: 1_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 },
    ],
    ['proxy-revalidate', { staleWhileRevalidateMs: 0, staleIfErrorMs: 0 }],
    ['no-store', NEVER_STORED],
    ['max-age=30, private', NEVER_STORED],
    ['private="X-Header", max-age=30', NEVER_STORED],
    ['no-cache, s-maxage=30', NEVER_STORED],
  ])('Cache-Control: %s (RFC 9111, section 5.2.2)', (header, life) => {
    expect(lifeOf({ 'Cache-Control': header })).toEqual(life)
  })

  test.each<[Record<string, string>, object]>([
    [{ Expires: IN_A_MINUTE }, { ttlMs: 60_000 }],
    [{ Expires: IN_A_MINUTE, Date: 'Tue, 01 Sep 2026 10:00:30 GMT' }, { ttlMs: 30_000 }],
    [{ Expires: IN_A_MINUTE, Date: 'no date' }, { ttlMs: 60_000 }],
    [{ Expires: NOW }, { ttlMs: 0 }],
    [{ Expires: '0' }, { ttlMs: 0 }],
    [{ Expires: '3600' }, { ttlMs: 0 }],
    [{ Expires: '2030' }, { ttlMs: 0 }],
    [{ Expires: 'Tuesday, 01-Sep-26 10:01:00 GMT' }, { ttlMs: 60_000 }],
    [{ Expires: 'Tue Sep  1 10:01:00 2026' }, { ttlMs: 60_000 }],
    [{ Expires: IN_A_MINUTE, 'Cache-Control': 'max-age=5' }, { ttlMs: 5_000 }],
  ])('%j (RFC 9111, section 5.3)', (headers, life) => {
    expect(lifeOf(headers)).toEqual(life)
  })

  test.each([
    ['10', 20_000],
    ['30', 0],
    ['99', 0],
    ['20, 5', 10_000],
  ])('an Age of %s s takes that much off (RFC 9111, section 4.2.3)', (age, ttlMs) => {
    expect(lifeOf({ 'Cache-Control': 'max-age=30', Age: age })).toEqual({ ttlMs })
  })

  test('a response that sets a cookie, or varies by anything, is never stored', () => {
    const life = { 'Cache-Control': 'public, max-age=30' }

    expect(lifeOf({ ...life, 'Set-Cookie': 'session=1' })).toEqual(NEVER_STORED)
    expect(lifeOf({ ...life, Vary: '*' })).toEqual(NEVER_STORED)
    expect(lifeOf({ ...life, Vary: 'Accept, *' })).toEqual(NEVER_STORED)
    expect(lifeOf({ ...life, Vary: 'Accept-Language' })).toEqual({ ttlMs: 30_000 })
  })
})
