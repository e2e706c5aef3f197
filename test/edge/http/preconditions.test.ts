import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  evaluatePreconditions,
  type Validators,
  type Verdict,
} from '../../../src/edge/http/preconditions.ts'

const MODIFIED = 'Tue, 01 Sep 2026 10:00:00 GMT'
const EARLIER = 'Tue, 01 Sep 2026 09:59:59 GMT'
const LATER = 'Tue, 01 Sep 2026 10:00:01 GMT'
const DATED: Validators = { etag: '"a"', lastModified: MODIFIED }
const UNDATED: Validators = { etag: '"a"' }

function verdict(headers: Record<string, string>, validators = DATED): Verdict {
  return evaluatePreconditions(new Headers(headers), validators, Date.parse(MODIFIED))
}

test('with no condition there is nothing to hold', () => {
  expect(verdict({})).toBe('proceed')
})

describe('If-None-Match (RFC 9110, section 13.1.2)', () => {
  test.each<[string, Verdict]>([
    ['"a"', 'not-modified'],
    ['W/"a"', 'not-modified'],
    ['"b", "a"', 'not-modified'],
    ['"b",W/"a","c"', 'not-modified'],
    ['"x,y" , "a"', 'not-modified'],
    [', "a",', 'not-modified'],
    ['*', 'not-modified'],
    ['"b"', 'proceed'],
    ['"A"', 'proceed'],
    ['"b", W/"c"', 'proceed'],
    ['"aa"', 'proceed'],
    ['""', 'proceed'],
    ['"*"', 'proceed'],
    ['a', 'proceed'],
    ['"a', 'proceed'],
    ['a"', 'proceed'],
    ["'a'", 'proceed'],
    ['', 'proceed'],
  ])('%s: %s', (list, expected) => {
    expect(verdict({ 'If-None-Match': list })).toBe(expected)
  })
})

describe('If-Match (RFC 9110, section 13.1.1)', () => {
  test.each<[string, Verdict]>([
    ['"a"', 'proceed'],
    ['"b", "a"', 'proceed'],
    ['W/"a", "a"', 'proceed'],
    ['*', 'proceed'],
    ['"b"', 'failed'],
    ['W/"a"', 'failed'],
    ['"*"', 'failed'],
    ['a', 'failed'],
    ['', 'failed'],
  ])('%s: %s', (list, expected) => {
    expect(verdict({ 'If-Match': list })).toBe(expected)
  })
})

describe('dates (RFC 9110, sections 13.1.3 and 13.1.4)', () => {
  test.each<[string, Verdict, Verdict]>([
    [MODIFIED, 'not-modified', 'proceed'],
    [LATER, 'not-modified', 'proceed'],
    [EARLIER, 'proceed', 'failed'],
    // The obsolete forms of section 5.6.7, which count as dates.
    ['Tuesday, 01-Sep-26 10:00:00 GMT', 'not-modified', 'proceed'],
    ['Tue Sep  1 10:00:00 2026', 'not-modified', 'proceed'],
    ['Tue Sep  1 09:59:59 2026', 'proceed', 'failed'],
    // What is no HTTP date is ignored, whatever else it may be a date of.
    ['', 'proceed', 'proceed'],
    ['garbage', 'proceed', 'proceed'],
    ['0', 'proceed', 'proceed'],
    ['-1', 'proceed', 'proceed'],
    ['2000', 'proceed', 'proceed'],
    ['2100', 'proceed', 'proceed'],
    ['2026-08-01', 'proceed', 'proceed'],
    ['2026-10-01T00:00:00Z', 'proceed', 'proceed'],
    ['01 Oct 2026', 'proceed', 'proceed'],
    ['Tue, 01 Sep 2026 10:00:00', 'proceed', 'proceed'],
    ['Tue, 01 Sep 2026 13:00:00 +0200', 'proceed', 'proceed'],
    ['Tue, 01 Sep 2026 10:00:00 PST', 'proceed', 'proceed'],
    [`${LATER}, ${LATER}`, 'proceed', 'proceed'],
  ])('%s: If-Modified-Since %s, If-Unmodified-Since %s', (date, modified, unmodified) => {
    expect(verdict({ 'If-Modified-Since': date })).toBe(modified)
    expect(verdict({ 'If-Unmodified-Since': date })).toBe(unmodified)
  })

  test.each([EARLIER, MODIFIED, LATER])('%s is ignored where no date is known', (date) => {
    for (const validators of [UNDATED, { etag: '"a"', lastModified: 'yesterday' }]) {
      expect(verdict({ 'If-Modified-Since': date }, validators)).toBe('proceed')
      expect(verdict({ 'If-Unmodified-Since': date }, validators)).toBe('proceed')
    }
  })
})

describe('order (RFC 9110, section 13.2.2)', () => {
  test.each<[Record<string, string>, Verdict]>([
    [{ 'If-Match': '"b"', 'If-None-Match': '"a"' }, 'failed'],
    [{ 'If-Match': '"a"', 'If-None-Match': '"a"' }, 'not-modified'],
    [{ 'If-Match': '"a"', 'If-None-Match': '"b"' }, 'proceed'],
    [{ 'If-Match': '"a"', 'If-Unmodified-Since': EARLIER }, 'proceed'],
    [{ 'If-Match': '"b"', 'If-Unmodified-Since': LATER }, 'failed'],
    [{ 'If-None-Match': '"b"', 'If-Modified-Since': LATER }, 'proceed'],
    [{ 'If-None-Match': '"a"', 'If-Modified-Since': EARLIER }, 'not-modified'],
    [{ 'If-None-Match': 'garbage', 'If-Modified-Since': LATER }, 'proceed'],
    [{ 'If-Unmodified-Since': EARLIER, 'If-None-Match': '"a"' }, 'failed'],
    [{ 'If-Unmodified-Since': EARLIER, 'If-Modified-Since': MODIFIED }, 'failed'],
    [{ 'If-Unmodified-Since': MODIFIED, 'If-Modified-Since': MODIFIED }, 'not-modified'],
    [{ 'If-Match': '"a"', 'If-Modified-Since': MODIFIED }, 'not-modified'],
  ])('%o: %s', (headers, expected) => {
    expect(verdict(headers)).toBe(expected)
  })
})

describe('whatever is sent', () => {
  const piece = fc.constantFrom('"a"', '"b"', 'W/', '*', ',', ' ', '"', 'a', '\t', '\\', '2026')
  const byte = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code))
  const value = fc.oneof(fc.string({ unit: piece }), fc.string({ unit: byte }))

  test('no entity tags make it throw, and none that are not there match', () => {
    const property = fc.property(value, (list) => {
      const ifNoneMatch = verdict({ 'If-None-Match': list })
      const ifMatch = verdict({ 'If-Match': list })

      const mayMatch = list.includes('"a"') || list.trim() === '*'
      expect(ifNoneMatch).toBeOneOf(mayMatch ? ['proceed', 'not-modified'] : ['proceed'])
      // Strong comparison holds only where weak comparison does.
      if (ifMatch === 'proceed') expect(ifNoneMatch).toBe('not-modified')
    })
    fc.assert(property, { seed: 13, numRuns: 1_000 })
  })

  test('no dates make it throw', () => {
    const property = fc.property(value, value, (modified, unmodified) => {
      verdict({ 'If-Modified-Since': modified, 'If-Unmodified-Since': unmodified })
    })
    fc.assert(property, { seed: 14, numRuns: 1_000 })
  })

  test('a list has the verdict of its members, in any order and with any spaces', () => {
    const tag = fc.constantFrom('"a"', 'W/"a"', '"b"', 'W/"b"', '""', '"a,b"')
    const separator = fc.constantFrom(',', ', ', ' , ', ',, ')
    const property = fc.property(fc.array(tag, { minLength: 1 }), separator, (tags, between) => {
      const list = tags.join(between)

      const isHeld = tags.includes('"a"') || tags.includes('W/"a"')
      expect(verdict({ 'If-None-Match': list })).toBe(isHeld ? 'not-modified' : 'proceed')
      expect(verdict({ 'If-Match': list })).toBe(tags.includes('"a"') ? 'proceed' : 'failed')
    })
    fc.assert(property, { seed: 15, numRuns: 500 })
  })
})
