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
  expect(clientCacheControl('public', clientTtlMs, freshForMs)).toBe(header)
})

test('what not everyone may read, nobody may keep', () => {
  expect(clientCacheControl('private', 90_000, 60_000)).toBe('private, no-store')
})
