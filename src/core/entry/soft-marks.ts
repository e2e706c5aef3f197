/** The soft purges of one tag, or of everything: the last few of them, by number and time. */

/** An entry that nobody has looked up since an older soft purge is purged. */
const MOST_MARKS = 8

export class SoftMarks {
  /** Number and time by turns, the oldest first. */
  private marks: readonly number[] = []
  /** The number of the latest purge that was forgotten. */
  private floor = 0

  add(number: number, atMs: number): void {
    const isFull = this.marks.length === 2 * MOST_MARKS
    if (isFull) this.floor = this.marks[0] as number
    // A copy of just the length that it needs: to push would take room for many more.
    this.marks = (isFull ? this.marks.slice(2) : this.marks).concat(number, atMs)
  }

  /** When the first purge after this number was. `Infinity`: there was none; `-Infinity`: it is forgotten. */
  firstAfter(number: number): number {
    if (number < this.floor) return Number.NEGATIVE_INFINITY
    for (let i = 0; i < this.marks.length; i += 2) {
      if ((this.marks[i] as number) > number) return this.marks[i + 1] as number
    }
    return Number.POSITIVE_INFINITY
  }
}
