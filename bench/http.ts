/**
 * Measures the built Worker over HTTP: hits against the least that the runtime can do, many keys in one
 * request against single ones, and a stampede against ordinary caches.
 */

import { compareHits } from './http/hits.ts'
import { compareMany } from './http/many.ts'
import { compareStampedes } from './http/stampede.ts'
import { printMachine, writeResults } from './support/report.ts'

printMachine()
const [rounds] = process.argv.slice(2).map(Number)
const hits = await compareHits(rounds)
const many = await compareMany()
const stampedes = await compareStampedes()
writeResults('http', { hits, many, stampedes })
