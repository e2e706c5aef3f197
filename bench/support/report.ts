/**
 * Owns how results are printed: as Markdown, to be read in a terminal and kept in docs/benchmarks.md, and
 * as JSON in a file beside it.
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'

export const RESULTS = join(import.meta.dirname, '..', 'results')

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

/** One limit that this project sets itself, and what a run measured against it. */
export interface Limit {
  readonly what: string
  readonly value: number
  readonly limit: number
  readonly unit: string
  readonly isMet: boolean
}

/** A program's limits, in the order in which it checked them: `writeResults` puts them into its file. */
const limits: Limit[] = []

/** Prints and records a limit. A run that misses one ends with exit code 1. `digits`: default 0. */
type Check = (what: string, value: number, limit: number, unit: string, digits?: number) => void

/** The value must be below the limit. */
export const checkLimit: Check = (what, value, limit, unit, digits) =>
  record({ what, value, limit, unit, isMet: value < limit }, 'limit', digits)

/** The value must be the limit or above it. */
export const checkAtLeast: Check = (what, value, limit, unit, digits) =>
  record({ what, value, limit, unit, isMet: value >= limit }, 'at least', digits)

function record(limit: Limit, bound: string, digits = 0): void {
  limits.push(limit)
  const { what, value, unit, isMet } = limit
  const missed = isMet ? '' : ': MISSED'
  console.log(
    `\n${what}: ${value.toFixed(digits)} ${unit}, ${bound} ${limit.limit} ${unit}${missed}`,
  )
  if (!isMet) process.exitCode = 1
}

/**
 * Writes what a program has measured, and the limits it has checked, to `<name>.json` in the folder of
 * results, in place of its earlier run's.
 */
export function writeResults(name: string, figures: object, folder = RESULTS): void {
  mkdirSync(folder, { recursive: true })
  const results = { measuredAt: new Date().toISOString(), machine: machine(), ...figures, limits }
  const file = join(folder, `${name}.json`)
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
  console.log(`\nWritten to ${file}`)
}
