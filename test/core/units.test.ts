import { describe, expect, test } from 'vitest'
import { parseBytes, parseDurationMs } from '../../src/core/units.ts'

const TEN_YEARS_MS = 3_650 * 86_400_000

/** Neither a duration nor a size. */
const NONSENSE: [value: unknown][] = [
  [''],
  ['5'],
  ['s'],
  [' 5s'],
  ['5s '],
  ['5 s'],
  ['5s\n'],
  ['-1s'],
  ['+1s'],
  ['1e3s'],
  ['.5s'],
  ['1.s'],
  ['1,5s'],
  ['5S'],
  ['5M'],
  ['5sec'],
  ['5constructor'],
  ['constructor'],
  ['1000000000000000s'],
  ['-1B'],
  ['1e3B'],
  ['5b'],
  ['5 MiB'],
  ['5mib'],
  ['5MB'],
  ['5toString'],
  [Number.NaN],
  [Number.POSITIVE_INFINITY],
  [-1],
  [1.5],
  [2 ** 53],
  [1n],
  [true],
  [null],
  [undefined],
  [{}],
  [[5]],
]

describe('parseDurationMs', () => {
  test.each<[value: unknown, ms: number]>([
    [0, 0],
    [250, 250],
    ['0s', 0],
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['007s', 7_000],
    ['0.5s', 500],
    ['0.001s', 1],
    ['2.5m', 150_000],
    ['1.1s', 1_100],
    // 1.001 * 1000 is 1000.9999999999999.
    ['1.001s', 1_001],
    ['150.3d', 12_985_920_000],
    // 0.017 * 60000 is 1020.0000000000001.
    ['0.017m', 1_020],
    ['3650d', TEN_YEARS_MS],
    [TEN_YEARS_MS, TEN_YEARS_MS],
  ])('reads %j as %i ms', (value, ms) => {
    expect(parseDurationMs(value)).toBe(ms)
  })

  test.each<[value: unknown]>([
    ...NONSENSE,
    ['1.5ms'],
    ['0.0001s'],
    ['5B'],
    ['5KiB'],
    ['3651d'],
    [TEN_YEARS_MS + 1],
  ])('refuses %o', (value) => {
    expect(parseDurationMs(value)).toBeUndefined()
  })
})

describe('parseBytes', () => {
  test.each<[value: unknown, bytes: number]>([
    [0, 0],
    [1_048_576, 1_048_576],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ['0B', 0],
    ['512B', 512],
    ['512KiB', 524_288],
    ['8MiB', 8_388_608],
    ['2GiB', 2_147_483_648],
    ['1.5KiB', 1_536],
    ['0.5GiB', 536_870_912],
  ])('reads %j as %i bytes', (value, bytes) => {
    expect(parseBytes(value)).toBe(bytes)
  })

  test.each<[value: unknown]>([
    ...NONSENSE,
    ['1.5B'],
    ['0.0001KiB'],
    ['5s'],
    ['5ms'],
    ['999999999GiB'],
  ])('refuses %o', (value) => {
    expect(parseBytes(value)).toBeUndefined()
  })
})
