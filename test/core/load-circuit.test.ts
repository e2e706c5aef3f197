/** Which failures of loads count against the origin, and for how long it is left alone then. */

import { describe, expect, test } from 'vitest'
import { LoadError, NotFoundError, OriginError } from '../../src/core/errors.ts'
import { FAILURES_TO_OPEN, LONGEST_PROBE_MS } from '../../src/core/load/circuit.ts'
import type { Loaded } from '../../src/core/load/loader.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { createTestGroup, textOf } from '../support/group-factory.ts'

const DAY_MS = 86_400_000
const TIMEOUT_MS = 10_000

const UNREACHABLE = new OriginError('refused', { isUnreachable: true })

function paused(retryAfterMs: number): LoadError {
  return new LoadError('not now', { retryAfterMs })
}

/** A group whose keys do what `ends` says: throw what is an error, hang, or have a value. */
function groupThat(ends: (key: string) => unknown) {
  const loader = countingLoader((key): Loaded | Promise<Loaded> => {
    const end = ends(key)
    if (end === 'hangs') return new Promise(() => {})
    if (end === undefined) return text(key)
    throw end
  })
  const parts = createTestGroup({
    loader: loader.load,
    options: { timeoutMs: TIMEOUT_MS },
    random: () => 0,
  })
  const getEach = async (times: number) => {
    for (let i = 0; i < times; i++) await parts.group.get(`bad-${i}`)
  }
  return { ...parts, getEach, loader }
}

describe('what no key can provoke', () => {
  test.each<[string, unknown]>([
    ['an origin that is not reached', UNREACHABLE],
    ['a loader that asks for a pause', paused(1_000)],
    [
      'a loader elsewhere that asks for one: the class is lost on the way',
      Object.assign(new Error('not now'), {
        name: 'LoadError',
        code: 'load-failed',
        retryAfterMs: 1_000,
      }),
    ],
  ])('counts: %s', async (_, error) => {
    const { getEach, group, loader } = groupThat((key) => (key === 'Tom' ? undefined : error))

    await getEach(FAILURES_TO_OPEN - 1)
    expect(textOf(await group.get('Tom'))).toBe('Tom')
    await getEach(FAILURES_TO_OPEN)
    const refused = await group.get('Jack')

    expect(refused).toMatchObject({
      kind: 'failed',
      code: 'load-failed',
      detail: 'Group scores: the origin keeps failing, and is left alone for a moment.',
    })
    expect(loader.calls).toHaveLength(2 * FAILURES_TO_OPEN)
    expect(group.stats).toMatchObject({
      loads: 2 * FAILURES_TO_OPEN,
      loadErrors: 2 * FAILURES_TO_OPEN - 1,
      loadsRefused: 1,
    })
  })
})

describe('what a key can provoke', () => {
  const PROVOKED: [string, unknown][] = [
    ['a status', new OriginError('The status is 500.')],
    ['a refusal', new OriginError('The status is 403.', { isRefusal: true })],
    ['a failure of a loader', new LoadError('down')],
    ['any error', new TypeError('x is undefined')],
    ['a text', 'down'],
    ['nothing', null],
    ['"not found"', new NotFoundError('no such user')],
    ['a time-out', 'hangs'],
    ['a pause of nothing', paused(0)],
    ['a pause below zero', paused(-1)],
    ['a pause that is not a number', paused(Number.NaN)],
    [
      'a pause in words',
      Object.assign(new Error(), { name: 'LoadError', code: 'load-failed', retryAfterMs: '5s' }),
    ],
    ['the pause of another error', Object.assign(new Error(), { retryAfterMs: 5_000 })],
    [
      'what only looks like an origin that is not reached',
      Object.assign(new Error(), {
        name: 'LoadError',
        code: 'load-failed',
        isUnreachable: true,
      }),
    ],
  ]

  test.each(PROVOKED)('never makes other keys fail: %s', async (_, error) => {
    const { clock, group, loader } = groupThat((key) => (key === 'Tom' ? undefined : error))

    for (let i = 0; i < 3 * FAILURES_TO_OPEN; i++) {
      const bad = group.get(`bad-${i}`)
      if (error === 'hangs') clock.advance(TIMEOUT_MS)
      await bad
    }

    expect(textOf(await group.get('Tom'))).toBe('Tom')
    expect(loader.calls).toHaveLength(3 * FAILURES_TO_OPEN + 1)
  })

  test.each(PROVOKED)('ends a row of failures: %s', async (_, error) => {
    const { clock, getEach, group } = groupThat((key) => (key === 'odd' ? error : UNREACHABLE))
    await getEach(FAILURES_TO_OPEN - 1)

    const odd = group.get('odd')
    if (error === 'hangs') clock.advance(TIMEOUT_MS)
    await odd
    await getEach(FAILURES_TO_OPEN - 1)

    expect(group.openCircuits).toBe(0)
  })

  test.each(PROVOKED)('as a probe lets all others through again: %s', async (_, error) => {
    let isDown = true
    const { clock, getEach, group } = groupThat((key) => {
      if (isDown) return UNREACHABLE
      return key === 'odd' ? error : undefined
    })
    await getEach(FAILURES_TO_OPEN)
    isDown = false
    clock.advance(1_000)

    const probe = group.get('odd')
    if (error === 'hangs') clock.advance(TIMEOUT_MS)
    await probe

    expect(group.openCircuits).toBe(0)
    expect(textOf(await group.get('Tom'))).toBe('Tom')
  })
})

describe('while the origin is left alone', () => {
  test('it is asked by one load at the end of the pause, and by all once that is answered', async () => {
    let isDown = true
    const { clock, getEach, group, loader } = groupThat(() => (isDown ? UNREACHABLE : undefined))
    await getEach(FAILURES_TO_OPEN)
    isDown = false
    clock.advance(999)
    expect(await group.get('early')).toMatchObject({ code: 'load-failed' })
    clock.advance(1)

    const [probe, other] = await Promise.all([group.get('probe'), group.get('other')])

    expect(textOf(probe)).toBe('probe')
    expect(other).toMatchObject({ code: 'load-failed' })
    expect(textOf(await group.get('Tom'))).toBe('Tom')
    expect(loader.calls.slice(FAILURES_TO_OPEN)).toEqual(['probe', 'Tom'])
  })

  test('a probe that hangs keeps the others waiting for a second, not for its time-out', async () => {
    let isDown = true
    const { clock, getEach, group } = groupThat((key) => {
      if (isDown) return UNREACHABLE
      return key === 'slow' ? 'hangs' : undefined
    })
    await getEach(FAILURES_TO_OPEN)
    isDown = false
    clock.advance(1_000)

    void group.get('slow')
    expect(await group.get('Tom')).toMatchObject({ code: 'load-failed' })
    clock.advance(LONGEST_PROBE_MS)

    expect(textOf(await group.get('Tom'))).toBe('Tom')
    expect(LONGEST_PROBE_MS).toBe(1_000)
  })
})

describe('the pause that an origin asks for', () => {
  test.each([
    [5_000, 5_000],
    [250, 250],
    [90_000, 90_000],
    [DAY_MS, DAY_MS],
    [DAY_MS + 1, DAY_MS],
    [Number.POSITIVE_INFINITY, DAY_MS],
  ])('of %d ms is kept for %i ms, whatever comes meanwhile', async (askedMs, pauseMs) => {
    const { clock, getEach, group, loader } = groupThat(() => paused(askedMs))
    await getEach(FAILURES_TO_OPEN)

    clock.advance(pauseMs - 1)
    await group.get('early')
    expect(loader.calls).toHaveLength(FAILURES_TO_OPEN)
    clock.advance(1)
    await group.get('probe')

    expect(loader.calls).toHaveLength(FAILURES_TO_OPEN + 1)
    // The probe has been told the same.
    clock.advance(pauseMs - 1)
    await group.get('early')
    expect(loader.calls).toHaveLength(FAILURES_TO_OPEN + 1)
  })

  test('is that of the failure that opens the circuit', async () => {
    let failures = 0
    const { clock, getEach, group, loader } = groupThat(() =>
      ++failures < FAILURES_TO_OPEN ? UNREACHABLE : paused(7_000),
    )
    await getEach(FAILURES_TO_OPEN)

    clock.advance(6_999)
    await group.get('early')
    clock.advance(1)
    await group.get('probe')

    expect(loader.calls).toHaveLength(FAILURES_TO_OPEN + 1)
  })

  test('is over early when the clock is set back behind its beginning', async () => {
    const { clock, getEach, group, loader } = groupThat(() => paused(DAY_MS))
    clock.advance(60_000)
    await getEach(FAILURES_TO_OPEN)

    clock.goBack(1)
    await group.get('probe')

    expect(loader.calls).toHaveLength(FAILURES_TO_OPEN + 1)
  })
})
