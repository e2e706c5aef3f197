import { describe, expect, test } from 'vitest'
import { Ring } from '../../src/core/ring/ring.ts'

const KEY_COUNT = 100_000

const KEY_FORMS: [form: string, key: (i: number) => string][] = [
  ['numbers', (i) => `${i}`],
  ['numbers of equal length', (i) => `${i}`.padStart(10, '0')],
  ['names with a number', (i) => `user-${i}`],
  ['paths', (i) => `/images/${i}/large.webp`],
  ['names beyond ASCII', (i) => `ключ-${i}`],
]

function nodeNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `node-${i}`)
}

describe('balance', () => {
  test.each(KEY_FORMS)(
    'of 32 nodes, none has over 1.12 times the mean of keys: %s',
    (_form, key) => {
      const ring = new Ring(nodeNames(32))
      const owned = new Map<string, number>()

      for (let i = 0; i < KEY_COUNT; i++) {
        const owner = ring.pick(key(i))
        owned.set(owner, (owned.get(owner) ?? 0) + 1)
      }

      expect(owned.size).toBe(32)
      expect(Math.max(...owned.values())).toBeLessThanOrEqual((1.12 * KEY_COUNT) / 32)
    },
  )
})

describe('a node that joins', () => {
  test.each([1, 2, 4, 8, 16, 32, 64])(
    'takes its part of the keys from %i others, and moves no other key',
    (count) => {
      const before = new Ring(nodeNames(count))
      const after = new Ring([...nodeNames(count), 'joining'])

      const movedTo: string[] = []
      for (let i = 0; i < KEY_COUNT; i++) {
        const owner = after.pick(`user-${i}`)
        if (owner !== before.pick(`user-${i}`)) movedTo.push(owner)
      }

      const part = KEY_COUNT / (count + 1)
      expect(new Set(movedTo)).toEqual(new Set(['joining']))
      expect(movedTo.length).toBeLessThanOrEqual(1.2 * part)
      expect(movedTo.length).toBeGreaterThanOrEqual(0.8 * part)
    },
  )
})
