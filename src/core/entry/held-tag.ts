/** A tag as the entries that carry it refer to it. */

import type { SoftMarks } from './soft-marks.ts'

/** One tag of entries that are held. They refer to it, so that judging them looks nothing up. */
export interface HeldTag {
  readonly hash: number
  /** How many entries carry it, purged ones included: those leave when they are looked up or evicted. */
  entries: number
  /** How many of these were stored since the tag was last purged. */
  valid: number
  /** The number of its last purge. Entries with a lower one are purged. */
  purged: number
  soft: SoftMarks | undefined
}
