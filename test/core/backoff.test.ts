import { expect, test } from 'vitest'
import { backoffMs } from '../../src/core/backoff.ts'

test.each([
  [1, 1_000],
  [2, 2_000],
  [5, 16_000],
  [6, 30_000],
  [2_000, 30_000],
])('after %i failures the pause is %i ms, cut by up to a half at random', (failures, pauseMs) => {
  expect(backoffMs(failures, () => 0)).toBe(pauseMs)
  expect(backoffMs(failures, () => 0.5)).toBe(pauseMs * 0.75)
  expect(backoffMs(failures, () => 0.9999999)).toBe(pauseMs / 2)
})
