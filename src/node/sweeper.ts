/** Owns when a node's disk is swept of what is of no use any more. */

import type { Clock } from '../core/clock.ts'

/** Long enough for much to be swept at once: an alarm is a billed request, and wakes the node. */
export const SWEEP_AFTER_MS = 300_000
/** Entries swept between two looks at what else there is to do. */
const BATCH = 1_000

/** A group, as far as sweeping goes. */
interface Swept {
  readonly earliestRemovableMs: number
  sweep(nowMs: number, most: number): boolean
}

export interface SweeperParts {
  readonly storage: Pick<DurableObjectStorage, 'getAlarm' | 'setAlarm'>
  readonly groups: Iterable<Swept>
  readonly clock: Clock
  /** Keeps the node alive until a promise has settled. */
  readonly waitUntil: (promise: Promise<unknown>) => void
  readonly onError: (error: unknown) => void
}

export class Sweeper {
  private readonly parts: SweeperParts
  /** No alarm before this one need be set. `Infinity`: whether one is set is not known. */
  private alarmAtMs = Number.POSITIVE_INFINITY

  constructor(parts: SweeperParts) {
    this.parts = parts
  }

  /** There are entries, the first of which is gone at that time. */
  expect(earliestRemovableMs: number): void {
    const { clock, waitUntil, onError } = this.parts
    const atMs = Math.max(earliestRemovableMs, clock.now()) + SWEEP_AFTER_MS
    if (atMs >= this.alarmAtMs) return
    this.alarmAtMs = atMs
    const setting = this.setAlarm(atMs).catch((error: unknown) => {
      // The next entry written tries again.
      this.alarmAtMs = Number.POSITIVE_INFINITY
      onError(error)
    })
    waitUntil(setting)
  }

  /** The alarm has gone off, and is not set again unless there is something left to sweep. */
  async alarm(): Promise<void> {
    const { clock, groups } = this.parts
    this.alarmAtMs = Number.POSITIVE_INFINITY
    for (const group of groups) {
      while (group.earliestRemovableMs <= clock.now() && group.sweep(clock.now(), BATCH)) {
        // Who asks for an entry meanwhile is not to wait for all of it.
        await new Promise<void>((resolve) => clock.after(0, resolve))
      }
    }
    const nextMs = Math.min(...Array.from(groups, ({ earliestRemovableMs }) => earliestRemovableMs))
    if (nextMs !== Number.POSITIVE_INFINITY) this.expect(nextMs)
  }

  /** Where the node is awake anyway: before it reports what it has. */
  sweepSome(): void {
    const { clock, groups } = this.parts
    const nowMs = clock.now()
    for (const group of groups) if (group.earliestRemovableMs <= nowMs) group.sweep(nowMs, BATCH)
  }

  /** An earlier life of the node may have set one. */
  private async setAlarm(atMs: number): Promise<void> {
    const { storage } = this.parts
    const setMs = await storage.getAlarm()
    if (setMs !== null && setMs <= atMs) this.alarmAtMs = Math.min(this.alarmAtMs, setMs)
    else await storage.setAlarm(atMs)
  }
}
