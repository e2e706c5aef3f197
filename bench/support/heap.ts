/** Owns how memory is measured in benchmarks. */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

// Instead of a flag on the command line, which each caller would have to know.
setFlagsFromString('--expose-gc')
export const collectGarbage: () => void = runInNewContext('gc')

/** What `build` made costs, in bytes: JavaScript heap and typed arrays. The result is kept meanwhile. */
export function heapBytesOf(build: () => unknown): number {
  const before = liveBytes()
  const built = build()
  const after = liveBytes()
  if (built === undefined) throw new Error('nothing was built')
  return after - before
}

function liveBytes(): number {
  collectGarbage()
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
