import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { buildWorker } from './support/build-worker.ts'

/** Half of it for the cache, half for the dashboard: its files, and what renders its page on the server. */
const MOST_BYTES = 120 * 1024

test('a Worker with small groups is at most 120 KiB gzipped when it is deployed, its dashboard included', {
  timeout: 60_000,
}, () => {
  const bundle = gzipSync(buildWorker('test/support/workers/wrangler.toml', 'main.js'), {
    level: 9,
  })

  expect(bundle.byteLength).toBeGreaterThan(1024)
  expect(bundle.byteLength).toBeLessThanOrEqual(MOST_BYTES)
})

test('the bundle of `npm run dev` keeps the names of functions, for stack traces', {
  timeout: 60_000,
}, () => {
  const bundle = buildWorker('wrangler.toml', 'index.js')

  expect(bundle.includes('function freshnessAt(')).toBe(true)
})
