/** Owns which loads of a key are under way, and that an older one does not undo a newer one's answer. */

interface Loads {
  running: number
  /** The highest number of a load that has come to an answer. */
  answered: number
}

/** The most keys watched; a load of one more is not, and must answer in time to be stored. */
const MOST_KEYS = 10_000

/** A key is remembered as long as a load of it runs, be it that nobody waits for it any more. */
export class UnderWay {
  private readonly loads = new Map<string, Loads>()

  /** Returns whether the load is watched. Whoever gets true calls `ended` once. */
  began(key: string): boolean {
    const loads = this.loads.get(key)
    if (loads !== undefined) loads.running++
    else if (this.loads.size >= MOST_KEYS) return false
    else this.loads.set(key, { running: 1, answered: 0 })
    return true
  }

  ended(key: string): void {
    const loads = this.loads.get(key)
    if (loads !== undefined && --loads.running === 0) this.loads.delete(key)
  }

  /** A load has come to an answer. Returns false when one that began later has done so before. */
  answers(key: string, sequence: number): boolean {
    const loads = this.loads.get(key)
    if (loads === undefined) return true
    if (sequence < loads.answered) return false
    loads.answered = sequence
    return true
  }
}
