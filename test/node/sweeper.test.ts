import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { SWEEP_AFTER_MS, Sweeper } from '../../src/node/sweeper.ts'
import { FakeClock } from '../support/fake-clock.ts'

/** A group with so many entries that are gone, and one that will be; a sweep takes one. */
function sweptGroup(gone: number, nextMs: number) {
  return {
    gone,
    get earliestRemovableMs() {
      return this.gone > 0 ? 0 : nextMs
    },
    sweep() {
      this.gone--
      return this.gone > 0
    },
  }
}

let nodes = 0

async function withSweeper(
  groups: readonly ReturnType<typeof sweptGroup>[],
  run: (
    sweeper: Sweeper,
    clock: FakeClock,
    alarmMs: () => Promise<number | null>,
    storage: DurableObjectStorage,
  ) => Promise<void>,
) {
  const stub = env.CACHE_NODE.getByName(`sweeper-${nodes++}`)
  await runInDurableObject(stub, async (_, { storage }) => {
    const clock = new FakeClock(Date.now())
    const pending: Promise<unknown>[] = []
    const waitUntil = (promise: Promise<unknown>) => void pending.push(promise)
    const errors: unknown[] = []
    const onError = (error: unknown) => errors.push(error)
    const sweeper = new Sweeper({ storage, groups, clock, waitUntil, onError })
    const alarmMs = async () => {
      await Promise.all(pending)
      return storage.getAlarm()
    }
    await run(sweeper, clock, alarmMs, storage)
    expect(errors).toEqual([])
  })
}

test('an alarm sweeps all groups, and lets others have their turn between two batches', async () => {
  const groups = [sweptGroup(3, Number.POSITIVE_INFINITY), sweptGroup(1, Number.POSITIVE_INFINITY)]

  await withSweeper(groups, async (sweeper, clock, alarmMs) => {
    const swept = sweeper.alarm()
    expect(groups.map(({ gone }) => gone)).toEqual([2, 1])
    for (let turn = 0; turn < 2; turn++) {
      clock.advance(0)
      await Promise.resolve()
    }
    await swept

    expect(groups.map(({ gone }) => gone)).toEqual([0, 0])
    expect(await alarmMs()).toBeNull()
  })
})

test('an alarm that has gone off is set again for what is left', async () => {
  const nextMs = Date.now() + 60_000

  await withSweeper([sweptGroup(1, nextMs)], async (sweeper, clock, alarmMs, storage) => {
    sweeper.expect(clock.now() - 1)
    await alarmMs()
    await storage.deleteAlarm()
    await sweeper.alarm()

    expect(await alarmMs()).toBe(nextMs + SWEEP_AFTER_MS)
  })
})

test('an alarm that an earlier life of the node has set is not put off', async () => {
  await withSweeper([], async (sweeper, clock, alarmMs, storage) => {
    const setMs = clock.now() + SWEEP_AFTER_MS
    await storage.setAlarm(setMs)
    sweeper.expect(clock.now() + 1)

    expect(await alarmMs()).toBe(setMs)
  })
})

test('an alarm is set for what is gone first, and not put off by what is gone later', async () => {
  await withSweeper([sweptGroup(0, Number.POSITIVE_INFINITY)], async (sweeper, clock, alarmMs) => {
    const atMs = clock.now() + 60_000
    sweeper.expect(atMs + 1_000)
    sweeper.expect(atMs)
    sweeper.expect(atMs + 2_000)

    expect(await alarmMs()).toBe(atMs + SWEEP_AFTER_MS)
  })
})

test('where the node is awake anyway, a batch of what is gone is swept, and no more', async () => {
  const groups = [sweptGroup(3, 1), sweptGroup(0, Number.POSITIVE_INFINITY)]

  await withSweeper(groups, async (sweeper) => {
    sweeper.sweepSome()

    expect(groups.map(({ gone }) => gone)).toEqual([2, 0])
  })
})
