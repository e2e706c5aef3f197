import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'

const MOST_BYTES = 60 * 1024

test('the Worker that is deployed is at most 60 KiB gzipped', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'))
  try {
    const wrangler = join(import.meta.dirname, '../node_modules/wrangler/bin/wrangler.js')
    execFileSync(process.execPath, [wrangler, 'deploy', '--dry-run', '--outdir', folder], {
      cwd: join(import.meta.dirname, '..'),
      stdio: 'pipe',
    })

    const bundle = gzipSync(readFileSync(join(folder, 'index.js')), { level: 9 })

    expect(bundle.byteLength).toBeGreaterThan(1024)
    expect(bundle.byteLength).toBeLessThanOrEqual(MOST_BYTES)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
