/**
 * Owns the one piece of state that all nodes of an isolate share, and the edge where it runs in the same
 * one: their memory budget. The platform puts several nodes into one isolate, and kills it as a whole.
 */

import { MemoryBudget } from '../core/memory/memory-budget.ts'

let budget: MemoryBudget | undefined

/** @param maxBytes Counts when the isolate's first place asks: all of them have the same variables. */
export function isolateMemory(maxBytes: number): MemoryBudget {
  budget ??= new MemoryBudget(maxBytes)
  return budget
}
