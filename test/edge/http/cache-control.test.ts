import { expect, test } from 'vitest'
import { clientCacheControl } from '../../../src/edge/http/cache-control.ts'

test.each([
  [0, 60_000, 'public, no-cache'],
  [30_000, 60_000, 'public, max-age=30'],
  [90_000, 60_000, 'public, max-age=60'],
  [90_000, 999, 'public, no-cache'],
  [90_000, -5_000, 'public, no-cache'],
  [1_999, 60_000, 'public, max-age=1'],
])('clientTtl %i ms with %i ms of freshness left is "%s"', (clientTtlMs, freshForMs, header) => {
  expect(clientCacheControl(clientTtlMs, freshForMs)).toBe(header)
})
