/**
 * Owns the command `npm run fuzz -- [--runs N] [--seed S] [--path P] [test file or Vitest option …]`: the
 * fuzz tests, for longer or with another seed than in `npm test`. Without `--seed` it takes one by chance.
 */

import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const {
  values: { runs, seed, path },
  positionals,
} = parseArgs({
  options: {
    runs: { type: 'string', default: '5000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    path: { type: 'string' },
  },
  allowPositionals: true,
})

const files = positionals.length > 0 ? positionals : ['/fuzz']
const projects = ['--project', 'core', '--project', 'workerd']
console.log(`seed ${seed}, ${runs} runs of each property`)
const { status } = spawnSync('vitest', ['run', ...projects, ...files], {
  stdio: 'inherit',
  env: {
    ...process.env,
    FUZZ_RUNS: runs,
    FUZZ_SEED: seed,
    ...(path === undefined ? {} : { FUZZ_PATH: path }),
  },
})
process.exitCode = status ?? 1
