/**
 * Owns how long a place lives, and what belongs to one request in it. What is over never comes back: its
 * timers do not fire, and nobody answers it. That is what the platform does to an isolate, and to what a
 * request of the edge leaves behind.
 */

import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../../src/core/clock.ts'

/** A request in one place: a client's, or a call that has come to a node. */
export interface Scope {
  /** Tells it from all others. */
  readonly request: number
  isOver: boolean
  /** How many purges and sets had come to nodes when it came to its own. */
  since: number
  /** Work that goes on after the answer. */
  pending: number
}

const scopes = new AsyncLocalStorage<Scope>()

export function currentScope(): Scope | undefined {
  return scopes.getStore()
}

export function inScope<T>(scope: Scope | undefined, run: () => T): T {
  return scope === undefined ? scopes.exit(run) : scopes.run(scope, run)
}

export class Life {
  readonly name: string
  isOver = false
  /** Called when it is over: for those who wait for an answer. */
  readonly onEnd = new Set<() => void>()

  constructor(name: string) {
    this.name = name
  }

  end(): void {
    this.isOver = true
    for (const tell of [...this.onEnd]) tell()
    this.onEnd.clear()
  }

  /** `run`, in the scope of whoever asks for it now; nothing, once that or this life is over. */
  bind<Args extends unknown[]>(run: (...args: Args) => void): (...args: Args) => void {
    const scope = currentScope()
    return (...args) => {
      if (!this.isOver && scope?.isOver !== true) inScope(scope, () => run(...args))
    }
  }

  clockOf(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      after: (delayMs, run) => clock.after(delayMs, this.bind(run)),
    }
  }
}
