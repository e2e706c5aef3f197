import { expect, test } from 'vitest'
import { InFlight } from './in-flight.ts'

test('one request for a key may be under way, and another one after it has ended', () => {
  const inFlight = new InFlight()
  expect(inFlight.began('g', 'k', 1)).toEqual({ count: 1, most: 1 })
  expect(inFlight.began('g', 'k', 2)).toEqual({ count: 2, most: 1 })
  inFlight.ended('g', 'k', 1)
  inFlight.ended('g', 'k', 2)
  expect(inFlight.began('g', 'k', 3)).toEqual({ count: 1, most: 1 })
})

test('a purge under way since the oldest began lets one more be, of its key or of all', () => {
  const inFlight = new InFlight()
  inFlight.began('g', 'k', 10)
  inFlight.forgetting('g', 'other')(11)
  inFlight.forgetting('g', 'k')(12)
  inFlight.forgetting('g', undefined)(13)
  expect(inFlight.began('g', 'k', 14)).toEqual({ count: 2, most: 3 })
})

test('a purge that ended before the oldest began lets no more be', () => {
  const inFlight = new InFlight()
  inFlight.forgetting('g', 'k')(9)
  inFlight.began('g', 'k', 60)
  expect(inFlight.began('g', 'k', 61)).toEqual({ count: 2, most: 1 })
})

test('a purge whose answer came just before a load was seen may have overtaken it', () => {
  const inFlight = new InFlight()
  inFlight.forgetting('g', 'k')(9)
  inFlight.began('g', 'k', 10)
  expect(inFlight.began('g', 'k', 11)).toEqual({ count: 2, most: 2 })
})
