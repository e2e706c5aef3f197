/**
 * Measures the built Worker over HTTP: hits against the least that the runtime can do, many keys in one
 * request against single ones, and a stampede against ordinary caches.
 */

import { compareHits } from './http/hits.ts'
import { compareMany } from './http/many.ts'
import { compareStampedes } from './http/stampede.ts'
import { printMachine, writeResults } from './support/report.ts'

const [argument] = process.argv.slice(2)
if (argument !== undefined && !/^[1-9]\d{0,3}$/.test(argument)) {
  throw new Error(`${argument}: the number of rounds is needed, from 1 to 9999, or nothing.`)
}
const rounds = argument === undefined ? undefined : Number(argument)
printMachine()
const hits = await compareHits(rounds)
const many = await compareMany()
const stampedes = await compareStampedes()
writeResults('http', { hits, many, stampedes })
