import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { murmur3 } from '../../src/core/hash.ts'

// Sources: the "Test vectors" of Wikipedia's MurmurHash article for the three sentences; Ian Boyd's
// table for the rest (https://stackoverflow.com/a/31929528).
const VECTORS: [text: string, seed: number, hash: number][] = [
  ['', 0, 0],
  ['', 1, 0x514e28b7],
  ['', 0xffffffff, 0x81f16f39],
  ['test', 0, 0xba6bd213],
  ['test', 0x9747b28c, 0x704b81dc],
  ['Hello, world!', 0, 0xc0363e43],
  ['Hello, world!', 0x9747b28c, 0x24884cba],
  ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
  ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
  ['aaaa', 0x9747b28c, 0x5a97808a],
  ['aaa', 0x9747b28c, 0x283e0130],
  ['aa', 0x9747b28c, 0x5d211726],
  ['a', 0x9747b28c, 0x7fa09ea6],
  ['ππππππππ', 0x9747b28c, 0xd58063c1],
]

const anySeed = fc.integer({ min: 0, max: 0xffffffff })

describe('murmur3', () => {
  test.each(VECTORS)('hashes %j with seed %i as published', (text, seed, hash) => {
    expect(murmur3(text, seed)).toBe(hash)
  })

  test('takes 0 as the seed when none is given', () => {
    expect(murmur3('test')).toBe(0xba6bd213)
  })

  // ASCII takes its own path through the source; one model of the bytes holds for all.
  test.each<[kind: string, unit: 'binary' | 'binary-ascii' | fc.Arbitrary<string>]>([
    ['ASCII', 'binary-ascii'],
    ['Latin-1', fc.nat({ max: 0xff }).map((code) => String.fromCharCode(code))],
    ['any', 'binary'],
  ])('hashes the UTF-8 bytes of %s text', (_kind, unit) => {
    const property = fc.property(fc.string({ unit }), anySeed, (text, seed) => {
      expect(murmur3(text, seed)).toBe(murmur3OfBytes(new TextEncoder().encode(text), seed))
    })

    fc.assert(property, { seed: 1, numRuns: 300 })
  })

  test('returns an unsigned 32-bit integer for every text and seed', () => {
    const property = fc.property(fc.string({ unit: 'binary' }), anySeed, (text, seed) => {
      const hash = murmur3(text, seed)

      expect(hash).toBe(hash >>> 0)
    })

    fc.assert(property, { seed: 2, numRuns: 300 })
  })
})

/** MurmurHash3 x86_32, written as in its description: one byte at a time, and in big integers. */
function murmur3OfBytes(bytes: Uint8Array, seed: number): number {
  const wrap = (n: bigint) => BigInt.asUintN(32, n)
  const rotate = (n: bigint, by: bigint) => wrap(n << by) | (n >> (32n - by))
  const block = (from: number) =>
    [...bytes.subarray(from, from + 4)].reduce(
      (sum, byte, i) => sum + BigInt(byte) * 256n ** BigInt(i),
      0n,
    )
  const scramble = (n: bigint) => wrap(rotate(wrap(n * 0xcc9e2d51n), 15n) * 0x1b873593n)

  let hash = BigInt(seed)
  let from = 0
  for (; from + 4 <= bytes.length; from += 4) {
    hash = wrap(rotate(hash ^ scramble(block(from)), 13n) * 5n + 0xe6546b64n)
  }
  hash ^= scramble(block(from)) ^ BigInt(bytes.length)
  hash = wrap((hash ^ (hash >> 16n)) * 0x85ebca6bn)
  hash = wrap((hash ^ (hash >> 13n)) * 0xc2b2ae35n)
  return Number(hash ^ (hash >> 16n))
}
