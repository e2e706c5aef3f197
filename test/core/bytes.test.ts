import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeUtf8, ownBytes, utf8Length } from '../../src/core/bytes.ts'

describe('utf8Length', () => {
  test.each([
    ['nothing', '', 0],
    ['ASCII', 'plain', 5],
    ['the last of one byte', '\u007f', 1],
    ['the first of two bytes', '\u0080', 2],
    ['the last of two bytes', '\u07ff', 2],
    ['the first of three bytes', '\u0800', 3],
    ['Cyrillic', 'ключ', 8],
    ['an emoji', '😀', 4],
    ['a lone high surrogate', '\ud83d', 3],
    ['a lone high surrogate before a letter', '\ud83da', 4],
    ['a lone low surrogate', '\ude00', 3],
    ['surrogates the wrong way round', '\ude00\ud83d', 6],
    ['a high surrogate before a pair', '\ud83d\ud83d\ude00', 7],
  ])('counts %s', (_what, text, bytes) => {
    expect(utf8Length(text)).toBe(bytes)
  })

  test('agrees with the platform on any text, lone surrogates among it', () => {
    const unit = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      fc.constantFrom('ж', '😀'),
      fc.integer({ min: 0xd800, max: 0xdfff }).map((code) => String.fromCharCode(code)),
    )
    const property = fc.property(fc.string({ unit }), (text) => {
      expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length)
    })

    fc.assert(property, { seed: 6, numRuns: 500 })
  })
})

describe('ownBytes', () => {
  test('copies a small view of a large buffer into one of just its length', () => {
    const large = new Uint8Array(1_000).fill(7)
    const view = large.subarray(10, 13)

    const own = ownBytes(view)
    large.fill(0)

    expect([...own]).toEqual([7, 7, 7])
    expect(own.buffer.byteLength).toBe(3)
  })

  test('returns bytes that fill their buffer as they are', () => {
    const exact = new Uint8Array([1, 2, 3])

    expect(ownBytes(exact)).toBe(exact)
  })

  test('copies bytes that others share', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(3)).fill(7)

    const own = ownBytes(shared)
    shared.fill(0)

    expect(own.buffer).toBeInstanceOf(ArrayBuffer)
    expect([...own]).toEqual([7, 7, 7])
  })
})

test('encodeUtf8 returns the bytes of a text, in a buffer of just their length', () => {
  const bytes = encodeUtf8('ж😀')

  expect([...bytes]).toEqual([0xd0, 0xb6, 0xf0, 0x9f, 0x98, 0x80])
  expect(bytes.buffer.byteLength).toBe(6)
})
