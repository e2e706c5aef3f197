import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

const exitCode = process.exitCode
let folder = ''
let report: typeof import('../../bench/support/report.ts')

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'report-'))
  vi.resetModules()
  report = await import('../../bench/support/report.ts')
})

afterEach(() => {
  process.exitCode = exitCode
  rmSync(folder, { recursive: true })
})

test('a limit is met below it, and missed at it', () => {
  report.checkLimit('Build', 99, 100, 'ms')
  expect(process.exitCode).toBe(exitCode)

  report.checkLimit('Build', 100, 100, 'ms')
  expect(process.exitCode).toBe(1)
})

test('a lower bound is met at it, and missed below it', () => {
  report.checkAtLeast('Hits', 0.5, 0.5, 'of 1', 2)
  expect(process.exitCode).toBe(exitCode)

  report.checkAtLeast('Hits', 0.49, 0.5, 'of 1', 2)
  expect(process.exitCode).toBe(1)
})

test('a file of results holds the figures and each limit that was checked', () => {
  report.checkLimit('Build', 30, 100, 'ms')
  report.checkAtLeast('Hits', 0.4, 0.5, 'of 1', 2)
  report.writeResults('ring', { picks: 3 }, folder)

  expect(JSON.parse(readFileSync(join(folder, 'ring.json'), 'utf8'))).toMatchObject({
    picks: 3,
    limits: [
      { what: 'Build', value: 30, limit: 100, unit: 'ms', isMet: true },
      { what: 'Hits', value: 0.4, limit: 0.5, unit: 'of 1', isMet: false },
    ],
  })
})

test('figures of the same name do not take the place of the limits that were checked', () => {
  report.checkLimit('Build', 30, 100, 'ms')
  report.writeResults('ring', { limits: [] }, folder)

  const { limits } = JSON.parse(readFileSync(join(folder, 'ring.json'), 'utf8'))
  expect(limits).toMatchObject([{ what: 'Build', value: 30 }])
})
