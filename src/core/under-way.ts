/** Owns which loads of a key are under way, and that an older one does not undo a newer one's answer. */

/** What is known of the loads of one key; whoever watches one gives it back when the load has ended. */
export interface Watch {
  running: number
  /** The highest number of a load that has come to an answer. */
  answered: number
}

/** The most keys watched. Of one more, that watched longest is forgotten: its loads may hang for ever. */
const MOST_KEYS = 10_000

/** A key is remembered as long as a load of it runs, be it that nobody waits for it any more. */
export class UnderWay {
  private readonly watches = new Map<string, Watch>()

  began(key: string): Watch {
    const known = this.watches.get(key)
    if (known !== undefined) {
      known.running++
      return known
    }
    const watch = { running: 1, answered: 0 }
    this.watches.set(key, watch)
    if (this.watches.size > MOST_KEYS) {
      const [oldest] = this.watches.keys() as unknown as [string]
      this.watches.delete(oldest)
    }
    return watch
  }

  ended(key: string, watch: Watch): void {
    watch.running--
    if (watch.running === 0 && this.watches.get(key) === watch) this.watches.delete(key)
  }

  /** Whether a watch is not forgotten: only then is it known what newer loads have answered. */
  isKnown(key: string, watch: Watch): boolean {
    return this.watches.get(key) === watch
  }

  /** A load has come to an answer. Returns false when one that began later has done so before. */
  answers(key: string, sequence: number): boolean {
    const watch = this.watches.get(key)
    if (watch === undefined) return true
    if (sequence < watch.answered) return false
    watch.answered = sequence
    return true
  }
}
