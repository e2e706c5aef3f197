/** Owns running a test once for each order in which what it leaves open can happen. */

/** Chooses one of so many that are possible now, from 0 on. */
export type Choose = (possible: number) => number

/**
 * Runs `scenario` again and again until it has made every sequence of choices, and returns how many those
 * were. What it does must depend on its choices alone.
 */
export async function everySchedule(scenario: (choose: Choose) => Promise<void>): Promise<number> {
  let schedules = 0
  for (let planned: number[] | undefined = []; planned !== undefined; schedules++) {
    const plan: readonly number[] = planned
    const made: { choice: number; possible: number }[] = []
    await scenario((possible) => {
      const choice = plan[made.length] ?? 0
      made.push({ choice, possible })
      return choice
    })
    while (made.length > 0 && isLast(made.at(-1))) made.pop()
    planned = made.map(({ choice }) => choice)
    const last = planned.pop()
    planned = last === undefined ? undefined : [...planned, last + 1]
  }
  return schedules
}

function isLast(made: { choice: number; possible: number } | undefined): boolean {
  return made !== undefined && made.choice === made.possible - 1
}
