import { expect, test } from 'vitest'
import { simulate } from './simulate.ts'

const SEEDS = 300

test(`${SEEDS} simulations hold every invariant`, { timeout: 120_000 }, async () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const violation = await simulate(seed)
    if (violation === undefined) continue
    const replay = `npm run simulate -- --from ${seed} --seeds 1`
    throw new Error(`Seed ${seed}: ${violation.invariant}. Shrink it with: ${replay}`, {
      cause: violation,
    })
  }
})

test('a seed makes the same things happen, in the same order', async () => {
  const traceOf = async (seed: number) => {
    const lines: string[] = []
    await simulate(seed, undefined, (line) => void lines.push(line))
    return lines
  }

  const [first, again, other] = [await traceOf(7), await traceOf(7), await traceOf(8)]

  expect(first.length).toBeGreaterThan(500)
  expect(again).toEqual(first)
  expect(other).not.toEqual(first)
})

test('what is simulated meets: hits, joined loads, guests, faults, purges and hand-overs', async () => {
  const lines: string[] = []
  for (let seed = 0; seed < 40; seed++) {
    await simulate(seed, undefined, (line) => void lines.push(line))
  }
  const trace = lines.join('\n')

  for (const seen of [
    'edge; hit',
    'collapsed',
    'fwd=stale',
    'detail=guest',
    'detail=no-node',
    'ttl=-',
    'not found',
    'load-failed',
    'load-timeout',
    'overloaded',
    'peek: answered',
    'ok: false',
    '"fault":"disk"',
    '"kind":"deploy"',
    'weur/node-',
  ]) {
    expect(trace, seen).toContain(seen)
  }
})
