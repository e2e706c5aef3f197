import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { buildWorker } from './support/build-worker.ts'

const MOST_BYTES = 60 * 1024

test('a Worker with small groups is at most 60 KiB gzipped when it is deployed', {
  timeout: 60_000,
}, () => {
  const bundle = gzipSync(buildWorker('test/support/workers/wrangler.toml', 'main.js'), {
    level: 9,
  })

  expect(bundle.byteLength).toBeGreaterThan(1024)
  expect(bundle.byteLength).toBeLessThanOrEqual(MOST_BYTES)
})
