/**
 * Owns the memory of purges: what has been purged since which load began. It knows numbers, not times:
 * a load that began before a purge has the smaller sequence number, whatever the clock did.
 */

/** The most purges remembered one by one. Older ones are remembered as "before this number". */
const MOST_KEYS = 1_000
const MOST_TAGS = 4_096
/** Soft purges remembered of one tag. An entry that nobody has looked up since an older one is purged. */
const MOST_SOFT_MARKS = 8

export type Verdict =
  | { readonly kind: 'valid' }
  | { readonly kind: 'purged' }
  /** Purged softly: stale from that moment. */
  | { readonly kind: 'stale'; readonly fromMs: number }

const VALID: Verdict = { kind: 'valid' }
const PURGED: Verdict = { kind: 'purged' }

/** Purging a tag costs one mark, however many entries carry it: each is judged when it is looked up. */
export class PurgeLog {
  private lastSequence = 0
  private readonly keys = new Bounded<number>(MOST_KEYS, (sequence) => sequence)
  private readonly tags = new Bounded<number>(MOST_TAGS, (sequence) => sequence)
  private readonly softTags = new Bounded<SoftMarks>(MOST_TAGS, ({ latest }) => latest)
  private all = 0
  private readonly softAll = new SoftMarks()

  /** A number above all before it. Taken when a load begins, and by each purge. */
  next(): number {
    return ++this.lastSequence
  }

  /** Nothing that was asked for before may be stored under `key`. */
  markKey(key: string): void {
    this.keys.set(key, this.next())
  }

  markTag(tag: string): void {
    this.tags.set(tag, this.next())
  }

  markTagStale(tag: string, atMs: number): void {
    const marks = this.softTags.get(tag) ?? new SoftMarks()
    marks.add(this.next(), atMs)
    this.softTags.set(tag, marks)
  }

  markAll(): void {
    this.all = this.next()
  }

  markAllStale(atMs: number): void {
    this.softAll.add(this.next(), atMs)
  }

  /** Whether a load with this number may store its value: no purge of any kind has come since. */
  mayStore(key: string, tags: readonly string[], sequence: number): boolean {
    const purged = Math.max(this.keys.get(key) ?? 0, this.keys.floor)
    return sequence > purged && this.judge(tags, sequence) === VALID
  }

  /** The highest number so far. */
  get latest(): number {
    return this.lastSequence
  }

  /**
   * What has become of an entry with this number and these tags, other than by its key.
   *
   * @param judgedTo Soft purges up to this number have had their effect on the entry.
   */
  judge(tags: readonly string[], sequence: number, judgedTo = sequence): Verdict {
    if (sequence < this.all) return PURGED
    let fromMs = this.softAll.firstAfter(judgedTo)
    for (const tag of tags) {
      // A purge that was forgotten counts for every tag: rather a load than an old value.
      const purged = Math.max(this.tags.get(tag) ?? 0, this.tags.floor)
      if (sequence < purged || judgedTo < this.softTags.floor) return PURGED
      fromMs = Math.min(
        fromMs,
        this.softTags.get(tag)?.firstAfter(judgedTo) ?? Number.POSITIVE_INFINITY,
      )
    }
    if (fromMs === Number.NEGATIVE_INFINITY) return PURGED
    return fromMs === Number.POSITIVE_INFINITY ? VALID : { kind: 'stale', fromMs }
  }
}

/** The soft purges of one tag, or of everything. */
class SoftMarks {
  private readonly marks: { readonly sequence: number; readonly atMs: number }[] = []
  /** The number of the latest mark that was forgotten. */
  private floor = 0

  get latest(): number {
    return this.marks.at(-1)?.sequence ?? 0
  }

  add(sequence: number, atMs: number): void {
    this.marks.push({ sequence, atMs })
    if (this.marks.length > MOST_SOFT_MARKS) this.floor = this.marks.shift()?.sequence ?? 0
  }

  /** When the first purge after this number was. `Infinity`: there was none; `-Infinity`: it is forgotten. */
  firstAfter(sequence: number): number {
    if (sequence < this.floor) return Number.NEGATIVE_INFINITY
    return this.marks.find((mark) => mark.sequence > sequence)?.atMs ?? Number.POSITIVE_INFINITY
  }
}

/** A map that forgets what was set longest ago, and keeps the highest number that it has forgotten. */
class Bounded<V> {
  private readonly values = new Map<string, V>()
  private readonly most: number
  private readonly numberOf: (value: V) => number
  floor = 0

  constructor(most: number, numberOf: (value: V) => number) {
    this.most = most
    this.numberOf = numberOf
  }

  get(name: string): V | undefined {
    return this.values.get(name)
  }

  set(name: string, value: V): void {
    // Deleted first: a map keeps the order of insertion, and here the oldest has to come first.
    this.values.delete(name)
    this.values.set(name, value)
    if (this.values.size <= this.most) return
    const [[oldest, forgotten]] = this.values as unknown as [[string, V]]
    this.values.delete(oldest)
    this.floor = Math.max(this.floor, this.numberOf(forgotten))
  }
}
