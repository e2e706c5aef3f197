import { describe, expect, test } from 'vitest'
import { responseLife } from '../../src/loaders/response-life.ts'

const NOW = 'Tue, 01 Sep 2026 10:00:00 GMT'
const IN_A_MINUTE = 'Tue, 01 Sep 2026 10:01:00 GMT'
const NO_WINDOWS = { staleWhileRevalidateMs: 0, staleIfErrorMs: 0 }
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
    ['max-age=30, s-maxage=60', { ttlMs: 60_000, ...NO_WINDOWS }],
    ['s-maxage=0, max-age=30', { ttlMs: 0, ...NO_WINDOWS }],
    ['s-maxage="60"', { ttlMs: 60_000, ...NO_WINDOWS }],
    ['s-maxage=soon, max-age=30', { ttlMs: 0, ...NO_WINDOWS }],
    [
      's-maxage=60, stale-while-revalidate=5',
      { ttlMs: 60_000, staleWhileRevalidateMs: 5_000, staleIfErrorMs: 0 },
    ],
    [
      'stale-if-error=5, S-MAXAGE=60',
      { ttlMs: 60_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 5_000 },
    ],
    ['s-maxage=60, stale-if-error=5, proxy-revalidate', { ttlMs: 60_000, ...NO_WINDOWS }],
    ["max-age='30'", { ttlMs: 0 }],
    ['max-age=1.5', { ttlMs: 0 }],
    ['max-age=+30', { ttlMs: 0 }],
    ['stale-if-error=-1', { staleIfErrorMs: 0 }],
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
    // By the origin's clock, which is ahead.
    [{ Expires: IN_A_MINUTE, Date: 'Tue, 01 Sep 2026 10:00:30 GMT' }, { ttlMs: 30_000 }],
    // A minute to live when it was made, and most of that is over.
    [{ Expires: IN_A_MINUTE, Date: 'Tue, 01 Sep 2026 09:59:00 GMT' }, { ttlMs: 61_000 }],
    [{ Expires: IN_A_MINUTE, Date: 'no date' }, { ttlMs: 60_000 }],
    [{ Expires: NOW }, { ttlMs: 0 }],
    [{ Expires: 'Tue, 01 Sep 2026 09:59:55 GMT' }, { ttlMs: -5_000 }],
    [{ Expires: 'Thu, 01 Jan 1970 00:00:00 GMT' }, { ttlMs: 0 }],
    [{ Expires: `${IN_A_MINUTE}, ${IN_A_MINUTE}` }, { ttlMs: 0 }],
    [{ Expires: 'Mon, 31 Feb 2028 00:00:00 GMT' }, { ttlMs: 0 }],
    [{ Expires: IN_A_MINUTE.toLowerCase() }, { ttlMs: 60_000 }],
    [{ Expires: IN_A_MINUTE, 'Cache-Control': 'public' }, { ttlMs: 60_000 }],
    [{ Expires: IN_A_MINUTE, 'Cache-Control': 'max-age=soon' }, { ttlMs: 0 }],
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
    ['33', -3_000],
    ['20, 5', 10_000],
    ['5, 20', 25_000],
    ['-1', 30_000],
    ['1.5', 30_000],
    ['soon', 30_000],
    ['99999999999999999999', 30_000 - 315_360_000_000],
  ])('an Age of %s s takes that much off (RFC 9111, section 4.2.3)', (age, ttlMs) => {
    expect(lifeOf({ 'Cache-Control': 'max-age=30', Age: age })).toEqual({ ttlMs })
  })

  test.each([
    // A response made 999 ms after its Date would be of the age 0 a second after that.
    [0, 30_000],
    [1_000, 30_000],
    [1_998, 30_000],
    [1_999, 29_000],
    [11_998, 20_000],
    [3_600_999, 30_000 - 3_600_000],
    [-3_600_000, 30_000],
  ])('a Date of %i ms ago takes off the seconds that have surely passed', (ms, ttlMs) => {
    const headers = new Headers({ 'Cache-Control': 'max-age=30', Date: NOW })

    expect(responseLife(headers, Date.parse(NOW) + ms)).toEqual({ ttlMs })
  })

  test.each([
    ['60', -30_000],
    ['5', 20_000],
    ['none', 20_000],
  ])('of an Age of %s s and a Date of ten seconds ago, the larger counts', (age, ttlMs) => {
    const headers = new Headers({ 'Cache-Control': 'max-age=30', Date: NOW, Age: age })

    expect(responseLife(headers, Date.parse(NOW) + 10_999)).toEqual({ ttlMs })
  })

  test('what a response leaves to the group counts from the load, however old the response is', () => {
    const old = { Age: '600', Date: 'Tue, 01 Sep 2026 09:00:00 GMT' }

    expect(lifeOf({ ...old, 'Cache-Control': 'stale-if-error=5' })).toEqual({
      staleIfErrorMs: 5_000,
    })
  })

  test('a response that sets a cookie, or varies by anything, is never stored', () => {
    const life = { 'Cache-Control': 'public, max-age=30' }

    expect(lifeOf({ ...life, 'Set-Cookie': 'session=1' })).toEqual(NEVER_STORED)
    expect(lifeOf({ ...life, Vary: '*' })).toEqual(NEVER_STORED)
    expect(lifeOf({ ...life, Vary: 'Accept, *' })).toEqual(NEVER_STORED)
    expect(lifeOf({ ...life, Vary: 'Accept-Language' })).toEqual({ ttlMs: 30_000 })
  })
})
