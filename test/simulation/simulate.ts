/** Owns running one simulation from its seed, and making a failing one as short as it gets. */

import { type Plan, planOf, type Step } from './plan.ts'
import type { Violation } from './violation.ts'
import { World } from './world.ts'

export interface Failure {
  readonly seed: number
  readonly violation: Violation
  /** The numbers of the steps that are needed for it. */
  readonly steps: readonly number[]
}

/** @param kept The numbers of the steps that happen; default: all. */
export function simulate(
  seed: number,
  kept?: readonly number[],
  note?: (line: string) => void,
): Promise<Violation | undefined> {
  return runPlan(planOf(seed), kept, note)
}

/** Leaves out what the same invariant is violated without: halves first, then ever smaller parts. */
export async function shrink(seed: number, found: Violation): Promise<Failure> {
  const plan = planOf(seed)
  let steps = plan.steps.map((_, number) => number)
  let violation = found
  for (let size = steps.length >> 1; size >= 1; size >>= 1) {
    for (let from = 0; from < steps.length; ) {
      const fewer = [...steps.slice(0, from), ...steps.slice(from + size)]
      const still = await runPlan(plan, fewer)
      if (still?.invariant === found.invariant) {
        steps = fewer
        violation = still
      } else from += size
    }
  }
  return { seed, violation, steps }
}

function runPlan(
  plan: Plan,
  kept?: readonly number[],
  note?: (line: string) => void,
): Promise<Violation | undefined> {
  const steps = kept?.map((number) => stepOf(plan, number)) ?? plan.steps
  return new World({ ...plan, steps }, note === undefined ? {} : { note }).run()
}

/** Throws when the plan has no such step. */
function stepOf({ steps }: Plan, number: number): Step {
  const step = steps[number]
  if (step === undefined)
    throw new Error(`There is no step ${number}: they end at ${steps.length - 1}.`)
  return step
}
