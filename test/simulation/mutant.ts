/**
 * Runs simulations of a cache with one of `mutations` in its code: `node mutant.ts <number> <seeds>`. Prints
 * the first violation as JSON, or `null`; with `shrink` as a third argument, also the steps that it takes.
 */

import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { mutations } from './mutations.ts'

const [, , number, seeds, shrinks] = process.argv
const mutation = mutations[Number(number)]
if (mutation === undefined) throw new Error(`There is no mutation ${number}.`)

const file = join(import.meta.dirname, '../../src', mutation.file)
const { href } = pathToFileURL(file)
const [before, after, ...more] = readFileSync(file, 'utf8').split(mutation.from)
if (after === undefined || more.length > 0) {
  throw new Error(`${mutation.file} has to hold this once: ${mutation.from}`)
}
registerHooks({
  load(url, context, nextLoad) {
    if (url !== href) return nextLoad(url, context)
    const source = `${before}${mutation.to}${after}`
    return { format: 'module-typescript', source, shortCircuit: true }
  },
})

const { shrink, simulate } = await import('./simulate.ts')
console.log(JSON.stringify(await search(mutation.fromSeed, Number(seeds))))

async function search(from: number, count: number) {
  for (let seed = from; seed < from + count; seed++) {
    const violation = await simulate(seed)
    if (violation === undefined) continue
    const { invariant, message } = violation
    if (shrinks !== 'shrink') return { seed, invariant, message }
    const { steps } = await shrink(seed, violation)
    const replayed = await simulate(seed, steps)
    return { seed, invariant, message, steps, replayed: replayed?.invariant }
  }
  return null
}
