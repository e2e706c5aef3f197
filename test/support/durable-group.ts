/** Owns groups for tests whose entries outlive memory, and the loss of that memory. */

import type { EntryStore } from '../../src/core/durable/entry-store.ts'
import type { Group } from '../../src/core/group/group.ts'
import { FakeClock } from './fake-clock.ts'
import { createTestGroup, type TestGroupParts } from './group-factory.ts'
import { MemoryStore } from './memory-store.ts'

export interface DurableOptions extends TestGroupParts {
  /** The bound on the store. */
  readonly maxDurableBytes?: number
  readonly isOwned?: (key: string) => boolean
}

export interface DurableGroup<Store extends EntryStore> {
  /** The group as it is now; another one after `loseMemory`. */
  readonly group: Group
  readonly clock: FakeClock
  readonly store: Store
  readonly errors: unknown[]
  /** What the tier has told of when the first entry will be gone. */
  readonly written: number[]
  /** Lets what waits be written. */
  write(): void
  /** The node starts again; what waited is lost. */
  loseMemory(): void
}

export function createDurableGroup(options: DurableOptions): DurableGroup<MemoryStore> {
  return createDurableGroupOn(new MemoryStore(), options)
}

export function createDurableGroupOn<Store extends EntryStore>(
  store: Store,
  options: DurableOptions,
): DurableGroup<Store> {
  const { maxDurableBytes = 8 * 1024 * 1024, isOwned = () => true } = options
  const clock = options.clock ?? new FakeClock()
  const written: number[] = []
  const start = () => {
    const timers: (() => void)[] = []
    const later = (run: () => void) => void timers.push(run)
    const onWritten = (earliestRemovableMs: number) => void written.push(earliestRemovableMs)
    const durable = { store, maxBytes: maxDurableBytes, isOwned, later, onWritten }
    const write = () => {
      for (const run of timers.splice(0)) run()
    }
    return { ...createTestGroup({ ...options, clock, durable }), write }
  }
  let life = start()
  return {
    get group() {
      return life.group
    },
    get errors() {
      return life.errors
    },
    clock,
    store,
    written,
    write: () => life.write(),
    loseMemory: () => {
      life = start()
    },
  }
}
