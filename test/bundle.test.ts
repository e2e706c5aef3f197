import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { script, style } from '../src/edge/dashboard/assets.ts'
import { buildWorker } from './support/build-worker.ts'

const MOST_BYTES = 60 * 1024

/** What the dashboard's files add is bounded elsewhere: they are data here, which is not run. */
test('a Worker with small groups is at most 60 KiB gzipped, but for the files of the dashboard', {
  timeout: 60_000,
}, () => {
  const bundle = gzipped(buildWorker('test/support/workers/wrangler.toml', 'main.js'))
  const files = gzipped(script + style)

  expect(bundle).toBeGreaterThan(files)
  expect(bundle - files).toBeLessThanOrEqual(MOST_BYTES)
})

function gzipped(text: string): number {
  return gzipSync(text, { level: 9 }).byteLength
}
