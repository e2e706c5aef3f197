/** Measures a stampede at a slow origin, of more requests at a time than `bench/http.ts` has for ordinary caches. */

import { compareSlowStampedes } from './http/stampede.ts'
import { printMachine, writeResults } from './support/report.ts'

const [argument = '10000'] = process.argv.slice(2)
if (!/^[1-9]\d{0,3}0$/.test(argument)) {
  throw new Error(
    `${argument}: the number of requests is needed, from 10 to 99990, a multiple of 10.`,
  )
}
printMachine()
writeResults('stampede', { stampedes: await compareSlowStampedes(Number(argument)) })
