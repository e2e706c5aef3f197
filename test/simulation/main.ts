/**
 * Runs simulations, as many as are asked for: `npm run simulate -- --seeds 10000`, from `--from 0` on. One
 * that fails is made short, printed, and replayed by the command that is printed with it.
 */

import { parseArgs } from 'node:util'
import { shrink, simulate } from './simulate.ts'

const OPTIONS = {
  seeds: { type: 'string', default: '1000' },
  from: { type: 'string', default: '0' },
  seed: { type: 'string' },
  steps: { type: 'string' },
} as const

await main().catch((error: Error) => {
  console.error(error.message)
  process.exitCode = 2
})

async function main(): Promise<void> {
  const { seeds, from, seed, steps } = parseArgs({ options: OPTIONS }).values
  if (seed === undefined) return runMany(whole('from', from), whole('seeds', seeds))
  const kept = steps?.split(',').map((step) => whole('steps', step))
  return replay(whole('seed', seed), kept)
}

/** Throws unless the text is a whole number from 0 on. */
function whole(option: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new Error(`--${option} ${text}: a whole number from 0 on is needed.`)
}

async function runMany(from: number, count: number): Promise<void> {
  const startMs = performance.now()
  for (let done = 0; done < count; done++) {
    const seed = from + done
    const violation = await simulate(seed)
    if (violation !== undefined) {
      progress(done, count, startMs, '\n')
      console.log(`\nSeed ${seed}: ${violation.invariant}: ${violation.message}\nShrinking.`)
      const { steps } = await shrink(seed, violation)
      await replay(seed, steps)
      return
    }
    if (done % 10 === 9 || done === count - 1) progress(done + 1, count, startMs)
  }
  console.log(`\n${count} simulations, from seed ${from} on: every invariant held.`)
}

async function replay(seed: number, steps?: readonly number[]): Promise<void> {
  const violation = await simulate(seed, steps, (line) => console.log(line))
  if (violation === undefined) {
    console.log(`\nSeed ${seed}: every invariant held.`)
    return
  }
  console.log(`\n${violation.invariant}: ${violation.message}`)
  const only = steps === undefined ? '' : ` --steps ${steps}`
  console.log(`Replay: npm run simulate -- --seed ${seed}${only}`)
  process.exitCode = 1
}

/** A line that is drawn anew in a terminal, and now and then a new one elsewhere. */
function progress(done: number, count: number, startMs: number, end = ''): void {
  const isTerminal = process.stdout.isTTY === true
  if (!isTerminal && done % 1_000 !== 0 && done !== count) return
  const filled = Math.round((30 * done) / count)
  const bar = `${'#'.repeat(filled)}${'.'.repeat(30 - filled)}`
  const perSecond = (1_000 * done) / (performance.now() - startMs)
  const line = `[${bar}] ${done} of ${count}, ${perSecond.toFixed(0)} a second`
  process.stdout.write(isTerminal ? `\r${line}${end}` : `${line}\n`)
}
