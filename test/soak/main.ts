/** Runs a soak as `npm run soak` asks for it: `--minutes 5`, or a part of one, and `--seed 1`. */

import { parseArgs } from 'node:util'
import { soak } from './soak.ts'

const OPTIONS = {
  minutes: { type: 'string', default: '5' },
  seed: { type: 'string', default: '1' },
} as const

await main().catch((error: Error) => {
  console.error(error.message)
  process.exitCode = 2
})

async function main(): Promise<void> {
  const { minutes, seed } = parseArgs({ options: OPTIONS }).values
  if (!/^\d{1,4}(\.\d{1,3})?$/.test(minutes) || Number(minutes) === 0) {
    throw new Error(
      `--minutes ${minutes}: a number above 0 is needed, up to 9999, such as 5 or 0.5.`,
    )
  }
  if (!/^\d{1,9}$/.test(seed)) {
    throw new Error(`--seed ${seed}: a whole number from 0 on is needed.`)
  }
  await soak({ minutes: Number(minutes), seed: Number(seed) })
}
