import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { requestedRange } from '../../../src/edge/http/range.ts'

const VALIDATORS = { etag: '"a"', lastModified: 'Tue, 01 Sep 2026 10:00:00 GMT' }

function requested(range: string, length = 10, ifRange?: string) {
  const headers = new Headers({ Range: range })
  if (ifRange !== undefined) headers.set('If-Range', ifRange)
  return requestedRange(headers, VALIDATORS, length)
}

test('with no Range the whole is asked for', () => {
  expect(requestedRange(new Headers(), VALIDATORS, 10)).toBeUndefined()
})

describe('of ten bytes (RFC 9110, section 14.1.2)', () => {
  test.each([
    ['bytes=0-0', 0, 0],
    ['bytes=0-9', 0, 9],
    ['bytes=2-5', 2, 5],
    ['bytes=9-9', 9, 9],
    ['bytes=5-10', 5, 9],
    ['bytes=0-', 0, 9],
    ['bytes=9-', 9, 9],
    ['bytes=-1', 9, 9],
    ['bytes=-10', 0, 9],
    ['bytes=-11', 0, 9],
    ['bytes=002-0005', 2, 5],
    [`bytes=3-${'9'.repeat(400)}`, 3, 9],
    [`bytes=-${'9'.repeat(400)}`, 0, 9],
    ['BYTES=2-5', 2, 5],
    ['bytes=2-5 ', 2, 5],
  ])('%s is %i to %i', (range, first, last) => {
    expect(requested(range)).toEqual({ first, last })
  })

  test.each(['bytes=10-', 'bytes=10-20', 'bytes=-0', `bytes=${'9'.repeat(400)}-`])(
    '%s cannot be satisfied',
    (range) => {
      expect(requested(range)).toBe('unsatisfiable')
    },
  )

  test.each([
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=--1',
    'bytes=5-2',
    'bytes=20-15',
    'bytes=a-b',
    'bytes=0x0-0x5',
    'bytes=1.5-2',
    'bytes=1e1-',
    'bytes=+1-2',
    'bytes=2 - 5',
    'bytes=0-1,4-5',
    'bytes=0-1, 20-',
    'bytes 0-1',
    'items=0-1',
    '0-1',
    'xbytes=0-1',
    'bytes=0-1;x',
    'bytes 0-1/10',
  ])('%j is ignored', (range) => {
    expect(requested(range)).toBeUndefined()
  })
})

describe('of an empty value', () => {
  test.each([
    ['bytes=0-', 'unsatisfiable'],
    ['bytes=0-0', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    // Satisfiable by its definition, with no positions that Content-Range could name.
    ['bytes=-1', undefined],
  ])('%s: %s', (range, expected) => {
    expect(requested(range, 0)).toBe(expected)
  })
})

describe('If-Range (RFC 9110, section 13.1.5)', () => {
  test.each(['"a"', ' "a" '])('%j is the value that the client has a part of', (ifRange) => {
    expect(requested('bytes=2-5', 10, ifRange)).toEqual({ first: 2, last: 5 })
    expect(requested('bytes=10-', 10, ifRange)).toBe('unsatisfiable')
  })

  test.each([
    '"b"',
    'W/"a"',
    'a',
    '*',
    '"a", "b"',
    '',
    'garbage',
    VALIDATORS.lastModified,
    'Tue, 01 Sep 2026 10:00:01 GMT',
  ])('%j gets the whole, whatever the range', (ifRange) => {
    expect(requested('bytes=2-5', 10, ifRange)).toBeUndefined()
    expect(requested('bytes=10-', 10, ifRange)).toBeUndefined()
  })
})

describe('whatever is sent', () => {
  const length = fc.oneof(fc.nat({ max: 20 }), fc.nat())
  const position = fc.oneof(fc.nat({ max: 25 }), fc.maxSafeNat()).map(String)
  const ends = fc.tuple(fc.option(position, { nil: '' }), fc.option(position, { nil: '' }))
  const wellFormed = ends.map(([first, last]) => `bytes=${first}-${last}`)
  const piece = fc.constantFrom(
    'bytes',
    '=',
    '-',
    ',',
    ' ',
    '0',
    '5',
    '99',
    '\t',
    'items',
    'e',
    '.',
  )
  const byte = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code))
  const range = fc.oneof(wellFormed, fc.string({ unit: piece }), fc.string({ unit: byte }))

  test('it does not throw, and what it returns lies within the value', () => {
    const property = fc.property(range, length, (header, bytes) => {
      const result = requested(header, bytes)
      if (result === undefined || result === 'unsatisfiable') return

      const { first, last } = result
      expect(Number.isSafeInteger(first) && Number.isSafeInteger(last)).toBe(true)
      expect(0 <= first && first <= last && last < bytes).toBe(true)
    })
    fc.assert(property, { seed: 16, numRuns: 2_000 })
  })

  test('parts from any position on and up to any end are those of slice', () => {
    const value = Array.from({ length: 20 }, (_, i) => i)
    const index = fc.nat({ max: 30 })
    const property = fc.property(index, index, (first, last) => {
      const closed = requested(`bytes=${first}-${last}`, value.length)
      const open = requested(`bytes=${first}-`, value.length)
      const suffix = requested(`bytes=-${last}`, value.length)

      const wanted = last < first ? value : value.slice(first, last + 1)
      expect(sliceOf(value, closed)).toEqual(wanted)
      expect(sliceOf(value, open)).toEqual(value.slice(first))
      expect(sliceOf(value, suffix)).toEqual(last === 0 ? [] : value.slice(-last))
    })
    fc.assert(property, { seed: 17, numRuns: 1_000 })
  })

  test('no If-Range makes it throw, and only the entity tag itself lets a part through', () => {
    const property = fc.property(range, (ifRange) => {
      const expected = ifRange.trim() === VALIDATORS.etag ? { first: 2, last: 5 } : undefined
      expect(requested('bytes=2-5', 10, ifRange)).toEqual(expected)
    })
    fc.assert(property, { seed: 18, numRuns: 500 })
  })
})

/** What a client gets; nothing where the range is unsatisfiable. */
function sliceOf(value: readonly number[], range: ReturnType<typeof requested>) {
  if (range === 'unsatisfiable') return []
  return range === undefined ? value : value.slice(range.first, range.last + 1)
}
