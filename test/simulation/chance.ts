/** Owns chance in a simulation: all of it comes from one seed, in streams that do not disturb each other. */

import { murmur3 } from '../../src/core/hash.ts'
import { seededRandom } from '../support/zipf.ts'

export interface Chance {
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number
  happens(probability: number): boolean
  oneOf<T>(choices: readonly T[]): T
}

/** @param stream Names what it is for: what one stream is asked does not change another. */
export function chanceOf(seed: number, stream: string): Chance {
  const random = seededRandom(murmur3(`${seed} ${stream}`))
  const between = (least: number, most: number) => least + Math.floor(random() * (most - least + 1))
  return {
    random,
    between,
    happens: (probability) => random() < probability,
    oneOf: (choices) => choices[between(0, choices.length - 1)] as (typeof choices)[number],
  }
}
