/**
 * Owns how results are printed: as Markdown, to be read in a terminal and kept in docs/benchmarks.md, and
 * as JSON in a file beside it.
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'

const RESULTS = join(import.meta.dirname, '..', 'results')

export type Row = readonly (string | number)[]

/** What the figures depend on, in one line. */
export function machine(): string {
  const cores = cpus()
  const model = cores[0]?.model.trim() ?? 'unknown processor'
  return `${model}, ${cores.length} cores, Node ${process.versions.node}`
}

export function printMachine(): void {
  console.log(machine())
}

/** The first column is text, on the left; all others are figures, on the right. */
export function printTable(title: string, header: Row, rows: readonly Row[]): void {
  const table = [header, ...rows].map((row) => row.map(String))
  const widths = header.map((_, column) =>
    Math.max(3, ...table.map((row) => (row[column] ?? '').length)),
  )
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => pad(cell, column, widths[column] ?? 0)).join(' | ')} |`
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  )
  console.log(`\n${title}\n`)
  const [head = [], ...body] = table
  console.log([line(head), line(rule), ...body.map(line)].join('\n'))
}

function pad(cell: string, column: number, width: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width)
}

/** The limits that this project sets itself. A run that misses one ends with exit code 1. */
export function checkLimit(
  what: string,
  value: number,
  limit: number,
  unit: string,
  digits = 0,
): void {
  const isMet = value < limit
  console.log()
  console.log(
    `${what}: ${value.toFixed(digits)} ${unit}, limit ${limit} ${unit}${isMet ? '' : ': MISSED'}`,
  )
  if (!isMet) process.exitCode = 1
}

/** As `checkLimit`, of what must be at least as large as its limit. */
export function checkAtLeast(what: string, value: number, limit: number, digits = 2): void {
  const isMet = value >= limit
  console.log()
  console.log(`${what}: ${value.toFixed(digits)}, at least ${limit}${isMet ? '' : ': MISSED'}`)
  if (!isMet) process.exitCode = 1
}

/** Writes what a program has measured to `bench/results/<name>.json`, in place of its earlier run's. */
export function writeResults(name: string, figures: object): void {
  mkdirSync(RESULTS, { recursive: true })
  const results = { measuredAt: new Date().toISOString(), machine: machine(), ...figures }
  const file = join(RESULTS, `${name}.json`)
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
  console.log(`\nWritten to ${file}`)
}
