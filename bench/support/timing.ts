/** Owns how contenders are timed: in turn, round by round, so that a slow moment meets all of them. */

import { collectGarbage } from './heap.ts'

export interface Contender {
  readonly name: string
  /** One batch of work. Returns a number that depends on all of it, so that none can be left out. */
  readonly run: () => number
}

export interface Rounds {
  readonly measured: number
  /** Rounds that run first and are not counted, while the engine still compiles. */
  readonly warmUp: number
  /** Operations in one batch. */
  readonly operations: number
}

export interface Timing {
  readonly name: string
  /** Nanoseconds per operation: the median of all rounds, the quickest and the slowest. */
  readonly medianNs: number
  readonly lowestNs: number
  readonly highestNs: number
  /** How many times as long as the first contender: the median over rounds of the ratio in each. */
  readonly timesFirst: number
}

/** Each round runs every contender once, and begins with another one than the round before. */
export function interleave(contenders: readonly Contender[], rounds: Rounds): Timing[] {
  const samples = contenders.map((): number[] => [])
  for (let round = 0; round < rounds.warmUp + rounds.measured; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const index = (round + turn) % contenders.length
      const ms = timeBatch(contenders[index] as Contender)
      if (round >= rounds.warmUp) samples[index]?.push((ms * 1e6) / rounds.operations)
    }
  }
  return contenders.map(({ name }, index) =>
    summarise(name, samples[index] ?? [], samples[0] ?? []),
  )
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

function timeBatch(contender: Contender): number {
  // Nobody pays for what another one left behind.
  collectGarbage()
  const start = performance.now()
  const result = contender.run()
  const ms = performance.now() - start
  if (Number.isNaN(result)) throw new Error(`${contender.name} did not do its work`)
  return ms
}

function summarise(name: string, samples: readonly number[], first: readonly number[]): Timing {
  return {
    name,
    medianNs: median(samples),
    lowestNs: Math.min(...samples),
    highestNs: Math.max(...samples),
    // By round, as what slows the machine in one round slows both.
    timesFirst: median(samples.map((ns, round) => ns / (first[round] ?? Number.NaN))),
  }
}
