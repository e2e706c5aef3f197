/** Owns loaders for tests that count how often each key was loaded. */

import { encodeUtf8 } from '../../src/core/bytes.ts'
import type { Loaded, LoadedValue, Loader } from '../../src/core/load/loader.ts'

export interface CountingLoader {
  readonly load: Loader
  /** The keys loaded, in order. */
  readonly calls: string[]
}

/** Answers each key through `answer`; by default with the text `value of <key>`. */
export function countingLoader(
  answer: (key: string) => Loaded | Promise<Loaded> = (key) => text(`value of ${key}`),
): CountingLoader {
  const calls: string[] = []
  return {
    calls,
    load: async (key) => {
      calls.push(key)
      return answer(key)
    },
  }
}

export function text(value: string): LoadedValue {
  return { kind: 'value', value: encodeUtf8(value), contentType: 'text/plain' }
}
