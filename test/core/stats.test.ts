import { expect, test } from 'vitest'
import { GroupStats, LOAD_SECONDS_BUCKETS } from '../../src/core/stats/group-stats.ts'

test.each([
  [0, 0],
  [5, 0],
  [6, 1],
  [25, 1],
  [100, 2],
  [250, 3],
  [251, 4],
  [500, 4],
  [1_000, 5],
  [1_001, 6],
  [2_500, 6],
  [5_000, 7],
  [10_000, 8],
  [30_000, 9],
  [30_001, 10],
])(
  'a load of %i ms is counted in bucket %i: its upper bound is a part of it',
  (durationMs, bucket) => {
    const stats = new GroupStats()

    stats.observeLoad(durationMs)

    const expected: number[] = new Array(LOAD_SECONDS_BUCKETS.length + 1).fill(0)
    expected[bucket] = 1
    expect(stats.loadSeconds).toEqual(expected)
    expect(stats.loadSecondsSum).toBeCloseTo(durationMs / 1_000)
  },
)
