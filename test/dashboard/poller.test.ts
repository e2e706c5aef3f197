import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Poller } from '../../dashboard/poller.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

function poller(poll: () => Promise<void>, isVisible = true): Poller {
  return new Poller(poll, 2_000, isVisible)
}

test('polls at once, and then with the interval between end and start', async () => {
  const poll = vi.fn(async () => {})
  poller(poll).start()
  expect(poll).toHaveBeenCalledTimes(1)

  await vi.advanceTimersByTimeAsync(1_999)
  expect(poll).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(poll).toHaveBeenCalledTimes(2)
})

test('never polls while a poll is under way', async () => {
  const answer = Promise.withResolvers<void>()
  const poll = vi.fn(() => answer.promise)
  const polling = poller(poll)
  polling.start()
  await vi.advanceTimersByTimeAsync(60_000)
  polling.setVisible(false)
  polling.setVisible(true)
  expect(poll).toHaveBeenCalledTimes(1)

  answer.resolve()
  await vi.advanceTimersByTimeAsync(2_000)
  expect(poll).toHaveBeenCalledTimes(2)
})

test('does not poll while hidden, and does at once when shown', async () => {
  const poll = vi.fn(async () => {})
  const polling = poller(poll)
  polling.start()
  await vi.advanceTimersByTimeAsync(1_000)
  polling.setVisible(false)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(poll).toHaveBeenCalledTimes(1)

  polling.setVisible(true)
  expect(poll).toHaveBeenCalledTimes(2)
})

test('a poll that ends while hidden is the last one', async () => {
  const answer = Promise.withResolvers<void>()
  const poll = vi.fn(() => answer.promise)
  const polling = poller(poll)
  polling.start()
  polling.setVisible(false)
  answer.resolve()

  await vi.advanceTimersByTimeAsync(60_000)
  expect(poll).toHaveBeenCalledTimes(1)
})

test('waits to be seen before the first poll', () => {
  const poll = vi.fn(async () => {})
  const polling = poller(poll, false)
  polling.start()
  expect(poll).toHaveBeenCalledTimes(0)

  polling.setVisible(true)
  expect(poll).toHaveBeenCalledTimes(1)
})

test.each([true, false])('once stopped, does not poll again (visible: %s)', async (isVisible) => {
  const answer = Promise.withResolvers<void>()
  const poll = vi.fn(() => answer.promise)
  const polling = poller(poll)
  polling.start()
  polling.setVisible(isVisible)
  polling.stop()
  answer.resolve()
  await vi.advanceTimersByTimeAsync(60_000)
  polling.setVisible(!isVisible)
  polling.setVisible(true)

  expect(poll).toHaveBeenCalledTimes(1)
})
