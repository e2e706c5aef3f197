/** Owns the random steps that a store and its model both take. */

import fc from 'fast-check'
import type { RemovalReason, Store } from '../../src/core/eviction/bounded-map.ts'

/** What steps do to a store; its model has to do the same. */
export type Steppable = Pick<
  Store<number>,
  'get' | 'peek' | 'set' | 'delete' | 'clear' | 'evictOldest'
>

/** Returns what the store answered. */
export type Step = (store: Steppable) => unknown

const anyKey = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')
const anyReason = fc.constantFrom<RemovalReason>('expired', 'purged')

/** Each prints itself, so that a counterexample can be read. */
function named(name: string, step: Step): Step {
  return Object.assign(step, { toString: () => name })
}

export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc
      .tuple(anyKey, fc.nat(), fc.nat({ max: 24 }))
      .map(([key, value, bytes]) =>
        named(`set(${key}, ${value}, ${bytes})`, (store) => store.set(key, value, bytes)),
      ),
  },
  { weight: 15, arbitrary: anyKey.map((key) => named(`get(${key})`, (store) => store.get(key))) },
  { weight: 5, arbitrary: anyKey.map((key) => named(`peek(${key})`, (store) => store.peek(key))) },
  {
    weight: 5,
    arbitrary: fc
      .tuple(anyKey, anyReason)
      .map(([key, reason]) =>
        named(`delete(${key}, ${reason})`, (store) => store.delete(key, reason)),
      ),
  },
  { weight: 2, arbitrary: fc.constant(named('evictOldest', (store) => store.evictOldest())) },
  {
    weight: 1,
    arbitrary: anyReason.map((reason) => named(`clear(${reason})`, (store) => store.clear(reason))),
  },
)
