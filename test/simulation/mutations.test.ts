import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { mutations } from './mutations.ts'

const run = promisify(execFile)

/** In a process of its own, as modules that have been loaded once stay as they are. */
async function search(number: number, ...more: string[]) {
  const program = join(import.meta.dirname, 'mutant.ts')
  const args = ['--no-warnings', program, String(number), '500', ...more]
  const { stdout } = await run(process.execPath, args)
  return JSON.parse(stdout)
}

describe.concurrent('simulations find that', { timeout: 120_000 }, () => {
  test.each(mutations.map((mutation, number) => ({ ...mutation, number })))(
    '$mistake',
    async ({ breaks, number }) => {
      expect(await search(number)).toMatchObject({ invariant: breaks })
    },
  )
})

test('what fails is made short, and fails again when replayed', { timeout: 120_000 }, async () => {
  const bytes = mutations.findIndex(({ breaks }) => breaks === 'bytes')

  const { steps, replayed } = await search(bytes, 'shrink')

  expect(replayed).toBe('bytes')
  expect(steps.length).toBeLessThan(10)
})
