/** Owns how often a property is tried, and with which seed: as it says itself, or as `npm run fuzz` says. */

import fc from 'fast-check'
import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** What replaces the seed and the number of runs of each property, and where a replay begins. */
    readonly fuzz: { readonly seed?: number; readonly runs?: number; readonly path?: string }
  }
}

export interface Trials {
  /** Fixed, so that `npm test` does the same each time. */
  readonly seed: number
  readonly numRuns: number
}

/** Throws with the seed and the path of a counterexample where the property does not hold. */
export async function holds<Args>(
  property: fc.IRawProperty<Args>,
  { seed, numRuns }: Trials,
): Promise<void> {
  const { runs, path, ...asked } = inject('fuzz')
  await fc.assert(property, {
    seed,
    numRuns: runs ?? numRuns,
    ...asked,
    ...(path === undefined ? {} : { path, endOnFailure: true }),
  })
}
