import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

/** As tsconfig.json has it, where Vite does not look for it. */
const oxc = { jsx: { runtime: 'automatic', importSource: 'hono/jsx' } } as const

const { FUZZ_RUNS, FUZZ_SEED, FUZZ_PATH } = process.env
/** See test/support/fuzz.ts; nothing by itself. */
const fuzz = {
  ...(FUZZ_RUNS === undefined ? {} : { runs: Number(FUZZ_RUNS) }),
  ...(FUZZ_SEED === undefined ? {} : { seed: Number(FUZZ_SEED) }),
  ...(FUZZ_PATH === undefined ? {} : { path: FUZZ_PATH }),
}
/** Of the projects with fuzz tests: an hour for each property, when more runs are asked for. */
const fuzzing = {
  provide: { fuzz },
  ...(FUZZ_RUNS === undefined ? {} : { testTimeout: 3_600_000 }),
}

export default defineConfig({
  test: {
    // Failures that a test provokes are logged as they would be; only a failed test's log is of interest.
    silent: 'passed-only',
    // A limit against hangs, not a measure of speed: machines that test are often busy.
    testTimeout: 30_000,
    projects: [
      {
        // Pure TypeScript, in plain Node.
        oxc,
        test: {
          name: 'core',
          ...fuzzing,
          include: [
            'test/{core,config,loaders,client,dashboard,peers,simulation,fuzz,bench,soak}/**/*.test.ts',
            'test/*.test.ts',
          ],
        },
      },
      {
        // Inside workerd, next to the code under test.
        oxc,
        plugins: [
          cloudflareTest({ wrangler: { configPath: './test/support/workers/wrangler.toml' } }),
        ],
        test: { name: 'workerd', ...fuzzing, include: ['test/{edge,node}/**/*.test.ts'] },
      },
      {
        // The built Worker over a real socket, with an HTTP origin behind it.
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
