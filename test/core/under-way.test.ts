import { describe, expect, test } from 'vitest'
import { LoadOrder } from '../../src/core/cache/load-order.ts'

const LIFE_MS = 1_000

describe('loads in flight', () => {
  test('may store until their key is purged; loads that begin later may again', () => {
    const underWay = new LoadOrder(LIFE_MS)
    const before = underWay.begin('Tom', 1, 0)
    const other = underWay.begin('Jack', 2, 0)
    underWay.purge('Tom')
    const after = underWay.begin('Tom', 3, 0)

    expect([before, other, after].map((load) => underWay.isCurrent(load))).toEqual([
      false,
      true,
      true,
    ])
    underWay.end(after)
    expect(underWay.isCurrent(before)).toBe(false)
  })

  test('that began earlier do not answer after later ones, also when those have ended', () => {
    const underWay = new LoadOrder(LIFE_MS)
    const [first, second, third] = [1, 2, 3].map((n) => underWay.begin('Tom', n, 0))

    expect(underWay.answers(second as never)).toBe(true)
    underWay.end(second as never)
    expect(underWay.answers(first as never)).toBe(false)
    expect(underWay.answers(third as never)).toBe(true)
  })

  test('are forgotten when they end, as often as that is said', () => {
    const underWay = new LoadOrder(LIFE_MS)
    const [first, second] = [underWay.begin('Tom', 1, 0), underWay.begin('Tom', 2, 0)]
    underWay.end(first)
    underWay.end(first)

    expect([underWay.size, underWay.oldest, underWay.isCurrent(second)]).toEqual([1, 2, true])
    underWay.end(second)
    expect([underWay.size, underWay.oldest]).toEqual([0, Number.POSITIVE_INFINITY])
  })

  test('that never end are forgotten once their time is over', () => {
    const underWay = new LoadOrder(LIFE_MS)
    const hanging = Array.from({ length: 100 }, (_, i) => underWay.begin(`key-${i}`, i, 0))
    const younger = underWay.begin('Tom', 100, 500)

    underWay.begin('Jack', 101, 999)
    expect(underWay.size).toBe(102)
    underWay.begin('Sam', 102, 1_125)

    expect(underWay.size).toBe(3)
    expect(hanging.some((load) => underWay.isCurrent(load))).toBe(false)
    expect(underWay.isCurrent(younger)).toBe(true)
  })

  test('are forgotten after a clock was set back far, and not for a moment', () => {
    const underWay = new LoadOrder(LIFE_MS)
    const load = underWay.begin('Tom', 1, 100_000)

    underWay.begin('Jack', 2, 99_500)
    expect(underWay.isCurrent(load)).toBe(true)
    underWay.begin('Sam', 3, 0)
    expect(underWay.isCurrent(load)).toBe(false)
  })

  test('are at most ten thousand: one more takes the place of the oldest', () => {
    const underWay = new LoadOrder(LIFE_MS)
    const loads = Array.from({ length: 10_001 }, (_, i) => underWay.begin(`key-${i}`, i, 0))

    expect(underWay.size).toBe(10_000)
    expect(loads.map((load) => underWay.isCurrent(load)).indexOf(true)).toBe(1)
  })
})
