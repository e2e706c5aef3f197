/** Owns building a Worker as it would be deployed. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** The bundle, one module, that `wrangler deploy` would upload for this wrangler.toml. */
export function buildWorker(configPath: string, entry: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'worker-'))
  try {
    const wrangler = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')
    execFileSync(process.execPath, [wrangler, 'deploy', '--dry-run', '--outdir', folder], {
      cwd: join(ROOT, dirname(configPath)),
      stdio: 'pipe',
    })
    return readFileSync(join(folder, entry), 'utf8')
  } finally {
    rmSync(folder, { recursive: true })
  }
}
