import { defineConfig } from 'vitest/config'

/** Apart from the other tests, as it needs a Chromium. */
export default defineConfig({
  test: {
    name: 'browser',
    include: ['test/browser/**/*.test.ts'],
    silent: 'passed-only',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // The dashboard asks every two seconds.
    expect: { poll: { timeout: 15_000 } },
  },
})
