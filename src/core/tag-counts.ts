/** Owns how many entries carry a tag, so that a purge can say so without looking at them. */

interface Count {
  entries: number
  /** Entries with this number or a lower one were purged with the tag, and are counted no more. */
  since: number
}

/** Bounded by what is counted: a tag that no entry carries takes nothing. */
export class TagCounts {
  private readonly counts = new Map<string, Count>()

  /** How many tags are carried by an entry. */
  get size(): number {
    return this.counts.size
  }

  of(tag: string): number {
    return this.counts.get(tag)?.entries ?? 0
  }

  add(tag: string, sequence: number): void {
    const count = this.counts.get(tag)
    if (count === undefined) this.counts.set(tag, { entries: 1, since: sequence - 1 })
    else {
      count.entries++
      // Begun before those that are counted, and stored after them.
      count.since = Math.min(count.since, sequence - 1)
    }
  }

  remove(tag: string, sequence: number): void {
    const count = this.counts.get(tag)
    if (count === undefined || sequence <= count.since) return
    count.entries--
    if (count.entries === 0) this.counts.delete(tag)
  }

  /** The tag was purged: none of the entries that carry it counts any more. */
  clear(tag: string): void {
    this.counts.delete(tag)
  }

  clearAll(): void {
    this.counts.clear()
  }
}
