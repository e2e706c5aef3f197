/** Owns how long loads took, as far as a histogram can tell. */

import { LOAD_SECONDS_BUCKETS } from '../src/core/stats/group-stats.ts'

/**
 * The duration, in seconds, that the part `quantile` of the loads did not exceed. Within a bucket loads
 * are taken for evenly spread, as Prometheus's `histogram_quantile` does; of those above the largest
 * bound no more is known than that, and it is answered. `undefined` without loads.
 */
export function quantileSeconds(counts: readonly number[], quantile: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return undefined
  const rank = quantile * total
  let below = 0
  let lower = 0
  for (const [index, upper] of LOAD_SECONDS_BUCKETS.entries()) {
    const count = counts[index] ?? 0
    if (count > 0 && below + count >= rank)
      return lower + (upper - lower) * ((rank - below) / count)
    below += count
    lower = upper
  }
  return lower
}
