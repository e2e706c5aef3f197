/** Owns what a cache needs of the runtime that it works in, so that tests and the simulator can bring their own. */

import type { Clock } from '../core/clock.ts'
import type { MemoryBudget } from '../core/memory/memory-budget.ts'

/** Names follow OpenTelemetry's habit: a namespace, then the attribute. */
export type Attributes = Readonly<Record<`groupcache.${string}`, string>>

export interface Platform {
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** A name that nobody else has. */
  readonly uuid: () => string
  /** The strong entity tag of a value (RFC 9110, section 8.8.3): it depends only on the bytes. */
  readonly entityTag: (value: Uint8Array<ArrayBuffer>) => string | Promise<string>
  /** The one bound of all that share the isolate's memory. What the first one says counts. */
  readonly memory: (maxBytes: number) => MemoryBudget
  /** Lets work of a request go on after its answer. */
  readonly waitUntil: (work: Promise<unknown>) => void
  /** Runs `run` inside a span of that name where the request is traced; `outcomeOf` says what came of it. */
  readonly withSpan: <T>(
    name: string,
    attributes: () => Attributes,
    run: () => Promise<T>,
    outcomeOf: (result: T) => string,
  ) => Promise<T>
  /**
   * Logs an error.
   *
   * @param event What has happened, in a few words that never change: to search by.
   * @param where Never a key or a value: those are the clients'.
   */
  readonly logError: (
    event: string,
    where: Readonly<Record<string, string | number>>,
    error: unknown,
  ) => void
}
