/** Owns how long to leave alone what keeps failing. */

const FIRST_MS = 1_000
const LONGEST_MS = 30_000

/**
 * The pause after that many failures in a row: doubled each time, and then cut by up to a half at
 * random, so that what failed together is not tried again together.
 *
 * @param failures At least 1.
 * @param random Uniform in [0, 1).
 * @param longestMs The longest pause.
 */
export function backoffMs(failures: number, random: () => number, longestMs = LONGEST_MS): number {
  const pauseMs = Math.min(longestMs, FIRST_MS * 2 ** (failures - 1))
  return Math.round(pauseMs * (1 - random() / 2))
}
