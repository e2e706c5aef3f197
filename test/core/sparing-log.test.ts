import { expect, test } from 'vitest'
import type { Platform } from '../../src/platform/platform.ts'
import { withSparingLog } from '../../src/platform/sparing-log.ts'
import { FakeClock } from '../support/fake-clock.ts'

function sparingLog() {
  const clock = new FakeClock()
  const lines: { event: string; group: string; leftOut?: number }[] = []
  const platform = {
    clock,
    logError: (event: string, where: { group: string; leftOut?: number }) =>
      lines.push({ event, ...where }),
  } as unknown as Platform
  const { logError } = withSparingLog(platform)
  const fail = (times: number, group = 'scores', event = 'group failure') => {
    for (let i = 0; i < times; i++) logError(event, { group }, new Error(`The key was ${i}.`))
  }
  return { clock, lines, fail }
}

test('ten errors of a kind a minute are logged; the next line says how many were left out', () => {
  const { clock, lines, fail } = sparingLog()

  fail(1_000)
  expect(lines).toHaveLength(10)
  clock.advance(59_999)
  fail(1)
  expect(lines).toHaveLength(10)
  clock.advance(1)
  fail(2)

  const line = { event: 'group failure', group: 'scores' }
  expect(lines.slice(10)).toEqual([{ ...line, leftOut: 991 }, line])
})

test('what fails in one group, or in another way, leaves the lines of others alone', () => {
  const { lines, fail } = sparingLog()

  fail(1_000)
  fail(1, 'pages')
  fail(1, 'scores', 'value not streamed')

  expect(lines.slice(10)).toEqual([
    { event: 'group failure', group: 'pages' },
    { event: 'value not streamed', group: 'scores' },
  ])
})

test('a clock that was set back does not silence the log', () => {
  const { clock, lines, fail } = sparingLog()

  fail(11)
  clock.goBack(3_600_000)
  fail(1)

  expect(lines).toHaveLength(11)
})
