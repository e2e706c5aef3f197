import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { POLL_EVERY_MS, Session } from '../../dashboard/session.ts'
import type { State } from '../../dashboard/state.ts'
import { GroupcacheError } from '../../src/client/groupcache-error.ts'
import type { Groupcache, StatsReport } from '../../src/core/group/api.ts'
import { nodeReport, statsReport } from './reports.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000 })
})

afterEach(() => {
  vi.useRealTimers()
})

/** A session in front of a cache that answers what `stats` does. */
function setUp(stats: (token: string) => Promise<StatsReport>, kept?: string) {
  let token = kept
  const states: State[] = []
  const ring = vi.fn(async () => ({ nodes: [{ name: 'node-0', share: 1 }] }))
  const asked = vi.fn(stats)
  const session = new Session({
    tokens: {
      read: () => token,
      write: (written) => {
        token = written
      },
    },
    connect: (token) => {
      if (token === '') throw new TypeError('no token')
      return { stats: () => asked(token), ring } as unknown as Groupcache
    },
    nowMs: () => Date.now(),
    isVisible: true,
    onChange: (state) => states.push(state),
  })
  const state = () => states.at(-1)
  return { session, states, state, ring, asked, token: () => token }
}

async function report(): Promise<StatsReport> {
  return statsReport(Date.now(), [nodeReport('node-0', {})])
}

function refused(code: string): Promise<never> {
  return Promise.reject(new GroupcacheError('Refused.', { code, status: 401 }))
}

const settled = () => vi.advanceTimersByTimeAsync(0)
const nextPoll = () => vi.advanceTimersByTimeAsync(POLL_EVERY_MS)

test('without a token of before it asks for one', () => {
  const { session, states } = setUp(report)
  session.start()

  expect(states).toEqual([{ kind: 'signed-out' }])
})

test('with a token of before it goes on with that', async () => {
  const { session, states, asked } = setUp(report, 'kept')
  session.start()
  await settled()

  expect(states.map(({ kind }) => kind)).toEqual(['checking', 'watching'])
  expect(asked).toHaveBeenCalledWith('kept')
})

test('a token is kept once it has been found right', async () => {
  const { session, state, token } = setUp(report)
  session.signIn('right')
  expect(token()).toBeUndefined()
  await settled()

  expect(token()).toBe('right')
  expect(state()).toMatchObject({ kind: 'watching', ring: [{ name: 'node-0', share: 1 }] })
})

test.each([
  ['unauthorized', 'wrong-token'],
  ['admin-disabled', 'admin-disabled'],
])('a token refused as %s is forgotten, and no poll follows', async (code, refusal) => {
  const { session, state, token, asked } = setUp(() => refused(code), 'kept')
  session.start()
  await nextPoll()

  expect(state()).toEqual({ kind: 'signed-out', refusal })
  expect(token()).toBeUndefined()
  expect(asked).toHaveBeenCalledTimes(1)
})

test('what cannot be a token is refused without asking', async () => {
  const { session, state, asked } = setUp(report)
  session.signIn('')
  await nextPoll()

  expect(state()).toEqual({ kind: 'signed-out', refusal: 'unusable-token' })
  expect(asked).not.toHaveBeenCalled()
})

test('a forgotten token is not used again, not even for the answer under way', async () => {
  const answer = Promise.withResolvers<StatsReport>()
  const { session, state, token, asked } = setUp(() => answer.promise)
  session.signIn('right')
  session.forget()
  answer.resolve(await report())
  await nextPoll()

  expect(state()).toEqual({ kind: 'signed-out' })
  expect(token()).toBeUndefined()
  expect(asked).toHaveBeenCalledTimes(1)
})

test('while no answer comes the last report stays, until one does', async () => {
  let isUp = true
  const { session, state } = setUp(() => (isUp ? report() : refused('network')))
  session.signIn('right')
  await settled()
  isUp = false
  await nextPoll()
  expect(state()).toMatchObject({ kind: 'watching', receivedAtMs: 1_000, outage: 'Refused.' })

  isUp = true
  await nextPoll()
  expect(state()).toMatchObject({ kind: 'watching', receivedAtMs: 1_000 + 2 * POLL_EVERY_MS })
  expect(state()).not.toHaveProperty('outage')
})

test('the ring is asked for again only when there are other nodes', async () => {
  const names = ['node-0']
  const { session, ring } = setUp(async () =>
    statsReport(
      Date.now(),
      names.map((name) => nodeReport(name, {})),
    ),
  )
  session.signIn('right')
  await settled()
  await nextPoll()
  expect(ring).toHaveBeenCalledTimes(1)

  names.push('node-1')
  await nextPoll()
  expect(ring).toHaveBeenCalledTimes(2)
})
