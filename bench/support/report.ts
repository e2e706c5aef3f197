/** Owns how results are printed: as Markdown, to be read in a terminal and kept in docs/benchmarks.md. */

import { cpus } from 'node:os'

export type Row = readonly (string | number)[]

/** What the figures depend on, in one line. */
export function printMachine(): void {
  const cores = cpus()
  const model = cores[0]?.model.trim() ?? 'unknown processor'
  console.log(`${model}, ${cores.length} cores, Node ${process.versions.node}`)
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
export function checkLimit(what: string, value: number, limit: number, unit: string): void {
  const isMet = value < limit
  console.log()
  console.log(
    `${what}: ${value.toFixed(0)} ${unit}, limit ${limit} ${unit}${isMet ? '' : ': MISSED'}`,
  )
  if (!isMet) process.exitCode = 1
}
