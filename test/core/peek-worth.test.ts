import { describe, expect, test } from 'vitest'
import { PeekWorth } from '../../src/core/peek-worth.ts'

/** Peeks at each of so many misses that is worth it, and returns how many those were. */
function misses(worth: PeekWorth, times: number, isFound: (peek: number) => boolean): number {
  let peeks = 0
  for (let miss = 0; miss < times; miss++) {
    if (worth.isGiven()) worth.learn(isFound(peeks++))
  }
  return peeks
}

describe('whether a peek is worth it', () => {
  test('is given at first, and as long as peeks find something', () => {
    const worth = new PeekWorth()

    expect(misses(worth, 10_000, () => true)).toBe(10_000)
  })

  test('is given while one peek in twenty finds something', () => {
    const worth = new PeekWorth()

    expect(misses(worth, 10_000, (peek) => peek % 20 === 0)).toBe(10_000)
  })

  test('is not given any more after 250 peeks in vain, but for one miss in 32', () => {
    const worth = new PeekWorth()
    const untilGivenUp = misses(worth, 1_000, () => false)

    const later = misses(worth, 32_000, () => false)

    expect(untilGivenUp).toBeGreaterThan(200)
    expect(untilGivenUp).toBeLessThan(250 + 1_000 / 32)
    expect(later).toBe(1_000)
  })

  test('is given again when what is tried all the same finds something', () => {
    const worth = new PeekWorth()
    misses(worth, 1_000, () => false)

    misses(worth, 100, () => true)

    expect(misses(worth, 50, () => true)).toBe(50)
  })
})
