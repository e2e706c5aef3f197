import { describe, expect, test } from 'vitest'
import { OriginError } from '../../src/core/errors.ts'
import { FAILURES_TO_OPEN } from '../../src/core/load/circuit.ts'
import type { LoadedValue } from '../../src/core/load/loader.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { createTestGroup } from '../support/group-factory.ts'
import { latchedLoader } from '../support/latched-loader.ts'

describe('what a loader throws', () => {
  test.each([
    [
      'an error with the code of "not found" only',
      Object.assign(new Error(), { code: 'not-found' }),
    ],
    [
      'an error with the name of "not found" only',
      Object.assign(new Error(), { name: 'NotFoundError', code: 'ENOENT' }),
    ],
    ['nothing', undefined],
    ['null', null],
    ['a text', 'down'],
  ])('is a failure when it is %s', async (_, thrown) => {
    const { errors, group } = createTestGroup({ loader: () => Promise.reject(thrown) })

    expect(await group.get('Tom')).toMatchObject({ kind: 'failed', code: 'load-failed' })
    expect(errors).toEqual([thrown])
  })
})

describe('an origin', () => {
  test('that hangs again and again is asked all the same: the keys may be what it hangs on', async () => {
    const loader = countingLoader((key) =>
      key === 'Tom' ? text('630') : new Promise<LoadedValue>(() => {}),
    )
    const { clock, group } = createTestGroup({ loader: loader.load, options: { timeoutMs: 100 } })
    for (let i = 0; i < 3 * FAILURES_TO_OPEN; i++) {
      const hanging = group.get(`key-${i}`)
      clock.advance(100)
      await hanging
    }

    expect(await group.get('Tom')).toMatchObject({ kind: 'value' })
    expect(loader.calls).toHaveLength(3 * FAILURES_TO_OPEN + 1)
  })

  test('that is slow to fail is left alone from when it has failed', async () => {
    const loader = latchedLoader()
    const { clock, group } = createTestGroup({ loader: loader.load, random: () => 0 })
    const failing = Array.from({ length: FAILURES_TO_OPEN }, (_, i) => group.get(`key-${i}`))
    clock.advance(5_000)
    for (let i = 0; i < FAILURES_TO_OPEN; i++) {
      loader.fail(i, new OriginError('unreachable', { isUnreachable: true }))
    }
    await Promise.all(failing)

    clock.advance(999)
    await group.get('Tom')
    expect(loader.calls).toHaveLength(FAILURES_TO_OPEN)
    clock.advance(1)
    void group.get('Tom')

    expect(loader.calls).toHaveLength(FAILURES_TO_OPEN + 1)
  })
})
