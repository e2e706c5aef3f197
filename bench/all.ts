/**
 * Runs the benchmark programs one after the other, each in a process of its own, and sums up the limits.
 * Names of programs as arguments run those alone.
 */

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Limit, printTable, RESULTS, writeResults } from './support/report.ts'

const PROGRAMS = ['ring', 'lru', 'hit-ratio', 'http', 'stampede']

const asked = process.argv.slice(2)
const names = asked.length > 0 ? asked : PROGRAMS
// Before the first one runs: they take minutes.
const present = PROGRAMS.filter((name) => existsSync(programOf(name)))
const absent = names.filter((name) => !present.includes(name))
if (absent.length > 0) {
  console.error(`No such benchmark: ${absent.join(', ')}. There are ${present.join(', ')}.`)
  process.exit(1)
}

const programs = names.map(run)
printTable(
  'Limits',
  ['', 'measured', 'limit', 'unit', ''],
  programs.flatMap(({ name, limits }) =>
    limits.map(({ what, value, limit, unit, isMet }) => [
      `${name}: ${what}`,
      value.toFixed(2),
      limit,
      unit,
      isMet ? 'met' : 'missed',
    ]),
  ),
)
writeResults('bench', { programs })
const failed = programs.filter(({ exitCode }) => exitCode !== 0).map(({ name }) => name)
if (failed.length > 0) console.error(`\nMissed a limit, or did not end: ${failed.join(', ')}`)
if (failed.length > 0) process.exitCode = 1

function run(name: string): { name: string; exitCode: number; limits: Limit[] } {
  const file = join(RESULTS, `${name}.json`)
  // Limits of an earlier run must not stand for one that fails.
  rmSync(file, { force: true })
  console.log(`\n# ${name}\n`)
  const { status } = spawnSync(process.execPath, [programOf(name)], { stdio: 'inherit' })
  const limits: Limit[] = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')).limits ?? [])
    : []
  return { name, exitCode: limits.every(({ isMet }) => isMet) ? (status ?? 1) : 1, limits }
}

function programOf(name: string): string {
  return join(import.meta.dirname, `${name}.ts`)
}
