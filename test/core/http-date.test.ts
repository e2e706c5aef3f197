import { describe, expect, test } from 'vitest'
import { isHttpDate, parseHttpDate } from '../../src/core/http-date.ts'

const NOW_MS = Date.UTC(2026, 8, 1, 10)

describe('an HTTP date (RFC 9110, section 5.6.7)', () => {
  test.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', '1994-11-06T08:49:37Z'],
    ['Sunday, 06-Nov-94 08:49:37 GMT', '1994-11-06T08:49:37Z'],
    ['Sun Nov  6 08:49:37 1994', '1994-11-06T08:49:37Z'],
    ['Sun Nov 06 08:49:37 1994', '1994-11-06T08:49:37Z'],
    ['Fri, 31 Dec 9999 23:59:59 GMT', '9999-12-31T23:59:59Z'],
    ['Tue, 29 Feb 2028 00:00:00 GMT', '2028-02-29T00:00:00Z'],
    ['Thu, 29 Feb 0096 00:00:00 GMT', '0096-02-29T00:00:00Z'],
    // A leap second is the first of the next minute.
    ['Sat, 31 Dec 2016 23:59:60 GMT', '2017-01-01T00:00:00Z'],
    // RFC 9111, section 4.2: names in any case.
    ['SUN, 06 nov 1994 08:49:37 gmt', '1994-11-06T08:49:37Z'],
    ['sunday, 06-NOV-94 08:49:37 Gmt', '1994-11-06T08:49:37Z'],
    ['sUN nOV  6 08:49:37 1994', '1994-11-06T08:49:37Z'],
    // The weekday is not checked against the date.
    ['Mon, 06 Nov 1994 08:49:37 GMT', '1994-11-06T08:49:37Z'],
  ])('%s is %s', (text, moment) => {
    expect(new Date(parseHttpDate(text, NOW_MS))).toEqual(new Date(moment))
    expect(isHttpDate(text)).toBe(true)
  })

  test.each([
    ['Tuesday, 01-Sep-26 09:00:00 GMT', 2026],
    ['Wednesday, 01-Jan-25 00:00:00 GMT', 2025],
    ['Sunday, 01-Jan-50 00:00:00 GMT', 2050],
    ['Tuesday, 01-Sep-76 10:00:00 GMT', 2076],
    ['Tuesday, 01-Sep-76 10:00:01 GMT', 1976],
    ['Friday, 01-Jan-77 00:00:00 GMT', 1977],
    ['Friday, 31-Dec-99 23:59:59 GMT', 1999],
    ['Tuesday, 29-Feb-00 00:00:00 GMT', 2000],
  ])('with two digits of a year, %s, is never more than 50 years ahead: %i', (text, year) => {
    expect(new Date(parseHttpDate(text, NOW_MS)).getUTCFullYear()).toBe(year)
  })

  test.each([
    [Date.UTC(2080, 0, 1), 2101],
    [Date.UTC(2040, 0, 1), 2001],
  ])('with the year 01 belongs to the next century once that is near (%i)', (nowMs, year) => {
    const date = new Date(parseHttpDate('Saturday, 01-Jan-01 00:00:00 GMT', nowMs))

    expect(date.getUTCFullYear()).toBe(year)
  })

  test.each([
    'Sat, 31 Feb 2026 00:00:00 GMT',
    'Fri, 31 Apr 2026 00:00:00 GMT',
    'Sun, 29 Feb 2026 00:00:00 GMT',
    'Mon, 29 Feb 2100 00:00:00 GMT',
    'Sunday, 31-Jun-26 00:00:00 GMT',
    'Sat Feb 31 00:00:00 2026',
    'Tue, 00 Sep 2026 10:00:00 GMT',
    'Tue, 32 Aug 2026 10:00:00 GMT',
    'Tue, 01 Sep 2026 24:00:00 GMT',
    'Tue, 01 Sep 2026 10:60:00 GMT',
    'Tue, 01 Sep 2026 10:00:61 GMT',
    'Tue, 01 Sep 2026 10:00:00 UTC',
    'Tue, 01 Sep 2026 10:00:00 +0000',
    'Tue, 01 Sep 2026 10:00:00',
    'Tue, 1 Sep 2026 10:00:00 GMT',
    'Tue, 01 Sep 26 10:00:00 GMT',
    'Tue, 01 September 2026 10:00:00 GMT',
    'Xyz, 01 Sep 2026 10:00:00 GMT',
    'Someday, 01-Sep-26 10:00:00 GMT',
    'Tue, 01 Xyz 2026 10:00:00 GMT',
    'Tue 01 Sep 2026 10:00:00 GMT',
    'Tue,  01 Sep 2026 10:00:00 GMT',
    'Tue, 01 Sep 2026 10:00:00 GMT, Tue, 01 Sep 2026 10:00:00 GMT',
    'Tue, 01 Sep 2026 1٠:00:00 GMT',
    '2026-09-01T10:00:00Z',
    '2030',
    '0',
    '-1',
    '',
  ])('is not %j', (text) => {
    expect(parseHttpDate(text, NOW_MS)).toBeNaN()
    expect(isHttpDate(text)).toBe(false)
  })
})
