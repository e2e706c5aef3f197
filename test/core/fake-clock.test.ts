import { expect, test, vi } from 'vitest'
import { FakeClock } from '../support/fake-clock.ts'

test('time stands still until it is moved', () => {
  const clock = new FakeClock(5_000)

  const before = [clock.now(), clock.now()]
  clock.advance(250)

  expect([...before, clock.now()]).toEqual([5_000, 5_000, 5_250])
})

test('a timer runs after exactly its delay, and once', () => {
  const clock = new FakeClock()
  const run = vi.fn()
  clock.after(100, run)

  const runs = [99, 1, 1_000].map((ms) => {
    clock.advance(ms)
    return run.mock.calls.length
  })

  expect(runs).toEqual([0, 1, 1])
})

test('a timer without delay runs when time is next moved, not at once', () => {
  const clock = new FakeClock()
  const run = vi.fn()

  clock.after(0, run)

  expect(run).not.toHaveBeenCalled()
  clock.advance(0)
  expect(run).toHaveBeenCalledTimes(1)
})

test('timers run by the moment they are due, then by the order in which they were set', () => {
  const clock = new FakeClock(0)
  const log: [name: string, atMs: number][] = []
  for (const [name, delayMs] of [
    ['late', 30],
    ['early', 10],
    ['early too', 10],
  ] as const) {
    clock.after(delayMs, () => log.push([name, clock.now()]))
  }

  clock.advance(50)

  expect(log).toEqual([
    ['early', 10],
    ['early too', 10],
    ['late', 30],
  ])
  expect(clock.now()).toBe(50)
})

test('a timer that another one sets runs in the same move, when it falls due in it', () => {
  const clock = new FakeClock(0)
  const moments: number[] = []
  clock.after(10, () => clock.after(10, () => moments.push(clock.now())))
  clock.after(15, () => moments.push(clock.now()))

  clock.advance(20)

  expect(moments).toEqual([15, 20])
})

test('a timer that was called off never runs', () => {
  const clock = new FakeClock()
  const run = vi.fn()
  const callOff = clock.after(100, run)
  const pending = [clock.pending]

  callOff()
  pending.push(clock.pending)
  clock.advance(1_000)

  expect(run).not.toHaveBeenCalled()
  expect(pending).toEqual([1, 0])
})

test('a timer can call off another that is due at the same moment', () => {
  const clock = new FakeClock()
  const second = vi.fn()
  clock.after(10, () => callOff())
  const callOff = clock.after(10, second)

  clock.advance(10)

  expect(second).not.toHaveBeenCalled()
})

test('setting the clock back leaves timers at their moments', () => {
  const clock = new FakeClock(1_000)
  const run = vi.fn()
  clock.after(100, run)

  clock.goBack(50)
  clock.advance(100)
  expect([clock.now(), run.mock.calls.length]).toEqual([1_050, 0])

  clock.advance(50)
  expect([clock.now(), run.mock.calls.length]).toEqual([1_100, 1])
})
