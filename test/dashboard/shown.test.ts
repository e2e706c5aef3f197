/** Small things that decide what is shown. */

import { describe, expect, test } from 'vitest'
import * as format from '../../dashboard/format.ts'
import { previewOf } from '../../dashboard/preview.ts'
import { namesOf, purgeOrder } from '../../dashboard/purge-order.ts'
import { sectorPath, sectorsOf } from '../../dashboard/ring-arcs.ts'

describe('format', () => {
  test.each([
    [0, '0 B'],
    [1_023, '1,023 B'],
    [1_024, '1 KiB'],
    [1_536, '1.5 KiB'],
    [16 * 2 ** 20, '16 MiB'],
    [2 ** 60, '1,048,576 TiB'],
    [undefined, '–'],
  ])('%s bytes are %s', (bytes, text) => {
    expect(format.bytes(bytes)).toBe(text)
  })

  test.each([
    [0.0042, '4.2 ms'],
    [0.25, '250 ms'],
    [2.5, '2.5 s'],
    [90, '90 s'],
    [3_600, '60 min'],
    [86_400, '24 h'],
    [undefined, '–'],
  ])('%s seconds are %s', (seconds, text) => {
    expect(format.seconds(seconds)).toBe(text)
  })

  test('rates, counts and ratios', () => {
    expect([format.rate(0.04), format.rate(9.96), format.rate(1_234.5)]).toEqual([
      '0',
      '10',
      '1,235',
    ])
    expect(format.count(1_234_567)).toBe('1,234,567')
    expect([format.percent(1 / 3), format.percent(1), format.percent(undefined)]).toEqual([
      '33.3%',
      '100%',
      '–',
    ])
  })

  test('a moment of another day has its day', () => {
    const nowMs = new Date(2026, 4, 2, 12).getTime()

    expect(format.moment(new Date(2026, 4, 2, 9, 5, 1).getTime(), nowMs)).toBe('09:05:01')
    expect(format.moment(new Date(2026, 4, 1, 9, 5, 1).getTime(), nowMs)).toBe('1 May, 09:05:01')
  })
})

describe('a preview', () => {
  const encode = (text: string) => new TextEncoder().encode(text)

  test.each([
    'text/plain',
    'TEXT/HTML; charset=utf-8',
    'application/json',
    'application/problem+json',
    'image/svg+xml',
  ])('is the text of %s', (contentType) => {
    expect(previewOf(encode('größer'), contentType)).toBe('größer')
  })

  test.each(['application/octet-stream', 'image/png', 'application/jsonish-not'])(
    'is none of %s',
    (contentType) => {
      expect(previewOf(encode('text'), contentType)).toBeUndefined()
    },
  )

  test('is none of bytes that are not UTF-8, whatever their type', () => {
    expect(previewOf(new Uint8Array([0xff, 0xfe]), 'text/plain')).toBeUndefined()
  })

  test('ends between characters', () => {
    expect(previewOf(encode(`${'a'.repeat(1_023)}ö and more`), 'text/plain')).toBe(
      `${'a'.repeat(1_023)}…`,
    )
  })
})

describe('a purge', () => {
  test('is of one key, of one tag, or of all', () => {
    expect(purgeOrder('g', 'key', 'k', false).purge).toEqual({ keys: ['k'], soft: false })
    expect(purgeOrder('g', 'tag', 't', true).purge).toEqual({ tags: ['t'], soft: true })
    expect(purgeOrder('g', 'all', '', false).purge).toEqual({ all: true, soft: false })
  })

  test('names what it is of', () => {
    expect(namesOf(purgeOrder('g', 'key', 'k', false))).toEqual({ kind: 'key', name: 'k' })
    expect(namesOf(purgeOrder('g', 'tag', 't', false))).toEqual({ kind: 'tag', name: 't' })
    expect(namesOf(purgeOrder('g', 'all', '', false))).toBeUndefined()
  })
})

describe('the ring', () => {
  test('is cut into the shares that there are, whatever they add up to', () => {
    expect(sectorsOf([1, 2, 1])).toEqual([
      { from: 0, to: 0.25 },
      { from: 0.25, to: 0.75 },
      { from: 0.75, to: 1 },
    ])
    expect(sectorsOf([0, 0])).toEqual([
      { from: 0, to: 0 },
      { from: 0, to: 0 },
    ])
  })

  test('begins at the top, and goes clockwise', () => {
    expect(sectorPath({ from: 0, to: 0.25 }, 5, 10)).toBe(
      'M0.00 -10.00A10 10 0 0 1 10.00 -0.00L5.00 -0.00A5 5 0 0 0 0.00 -5.00Z',
    )
  })

  test('of one node does not end where it begins, as that would not be drawn', () => {
    const [, start, end] = /^M(\S+ \S+)A\S+ \S+ 0 1 1 (\S+ \S+)L/.exec(
      sectorPath({ from: 0, to: 1 }, 50, 100),
    ) as RegExpExecArray

    expect(end).not.toBe(start)
  })
})
