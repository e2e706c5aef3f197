/** Owns loaders whose answers a test gives one by one, in the order of the calls. */

import type { Loaded } from '../../src/core/load/loader.ts'
import { type CountingLoader, countingLoader } from './counting-loader.ts'

export interface LatchedLoader extends CountingLoader {
  /** Ends the call of that number, from 0 on. */
  answer(index: number, answer: Loaded): void
  /** @param error Default: one that says nothing of the origin's health. */
  fail(index: number, error?: Error): void
}

export function latchedLoader(): LatchedLoader {
  const latches: PromiseWithResolvers<Loaded>[] = []
  const loader = countingLoader(() => {
    const latch = Promise.withResolvers<Loaded>()
    latches.push(latch)
    return latch.promise
  })
  return {
    ...loader,
    answer: (index, answer) => latches[index]?.resolve(answer),
    fail: (index, error = new Error('down')) => latches[index]?.reject(error),
  }
}
