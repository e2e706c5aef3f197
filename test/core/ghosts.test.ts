import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Ghosts } from '../../src/core/ghosts.ts'

const LARGEST_HASH = 2 ** 30 - 1

/** Scattered over all 30 bits, none twice. */
function hashOf(i: number): number {
  return Math.imul(i, 0x9e3779b1) >>> 2
}

test('a hash is remembered until it is taken, once', () => {
  const ghosts = new Ghosts()
  for (const hash of [0, 1, LARGEST_HASH]) ghosts.add(hash)

  expect([ghosts.take(2), ghosts.take(0), ghosts.take(LARGEST_HASH)]).toEqual([false, true, true])
  expect([ghosts.take(0), ghosts.size]).toEqual([false, 1])
})

test('the oldest are forgotten first, and those that were taken do not count', () => {
  const ghosts = new Ghosts()
  for (let i = 1; i <= 10; i++) ghosts.add(hashOf(i))
  for (const i of [2, 9]) ghosts.take(hashOf(i))

  ghosts.keep(6)

  const left = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].filter((i) => ghosts.take(hashOf(i)))
  expect(left).toEqual([4, 5, 6, 7, 8, 10])
})

test('nothing is left after clearing', () => {
  const ghosts = new Ghosts()
  for (let i = 0; i < 1_000; i++) ghosts.add(hashOf(i))

  ghosts.clear()

  expect([ghosts.size, ghosts.take(hashOf(999))]).toEqual([0, false])
})

test('of many hashes all but a few are found again, in whatever order they are taken', () => {
  const ghosts = new Ghosts()
  for (let i = 0; i < 50_000; i++) {
    ghosts.add(hashOf(i))
    ghosts.keep(20_000)
    if (i % 3 === 0) ghosts.take(hashOf(i - 1_000))
  }

  expect(ghosts.size).toBe(20_000)
  let found = 0
  for (let i = 0; i < 50_000; i++) if (ghosts.take(hashOf(i))) found++
  expect(found).toBeGreaterThan(18_500)
  expect(found).toBeLessThanOrEqual(20_000)
})

test('hashes that all want the same places are forgotten, not looked for longer', () => {
  const ghosts = new Ghosts()
  for (let i = 0; i < 100; i++) ghosts.add(i << 20)

  const found = Array.from({ length: 100 }, (_, i) => i).filter((i) => ghosts.take(i << 20))

  expect(found).toEqual([98, 99])
})

test('what is found was added and not taken since, whatever was done', () => {
  const anyHash = fc.integer({ min: 0, max: 40 }).map(hashOf)
  const anyStep = fc.tuple(fc.constantFrom('add', 'add', 'take', 'keep'), anyHash, fc.nat(30))
  const property = fc.property(fc.array(anyStep, { maxLength: 400 }), (steps) => {
    const ghosts = new Ghosts()
    let expected: number[] = []
    for (const [kind, hash, most] of steps) {
      const isHeld = expected.includes(hash)
      if (kind === 'take' || isHeld) {
        expect(ghosts.take(hash)).toBe(isHeld)
        expected = expected.filter((other) => other !== hash)
      } else if (kind === 'add') {
        ghosts.add(hash)
        expected.push(hash)
      } else {
        ghosts.keep(most)
        expected = expected.slice(Math.max(0, expected.length - most))
      }
      expect(ghosts.size).toBe(expected.length)
    }
  })

  fc.assert(property, { seed: 7, numRuns: 500 })
})
