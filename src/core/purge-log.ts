/**
 * Owns the memory of purges: what has been purged since which load began. It knows numbers, not times:
 * a load that began before a purge has the smaller sequence number, whatever the clock did.
 */

/** The most purges remembered one by one. Older ones are remembered as "before this number". */
const MOST_KEYS = 1_000
const MOST_TAGS = 4_096

export type Verdict =
  | { readonly kind: 'valid' }
  | { readonly kind: 'purged' }
  /** Purged softly: stale from that moment. */
  | { readonly kind: 'stale'; readonly fromMs: number; readonly sequence: number }

const VALID: Verdict = { kind: 'valid' }
const PURGED: Verdict = { kind: 'purged' }

interface Mark {
  readonly sequence: number
  /** When the purge happened; only soft purges need to know. */
  readonly atMs: number
}

const NO_MARK: Mark = { sequence: 0, atMs: 0 }

/** Purging a tag costs one mark, however many entries carry it: each is judged when it is looked up. */
export class PurgeLog {
  private lastSequence = 0
  private readonly keys = new MarkLog(MOST_KEYS)
  private readonly tags = new MarkLog(MOST_TAGS)
  private readonly softTags = new MarkLog(MOST_TAGS)
  private all = 0
  private softAll = NO_MARK

  /** A number above all before it. Taken when a load begins, and by each purge. */
  next(): number {
    return ++this.lastSequence
  }

  /** Nothing that was asked for before may be stored under `key`. */
  markKey(key: string): number {
    const sequence = this.next()
    this.keys.set(key, { sequence, atMs: 0 })
    return sequence
  }

  markTag(tag: string): void {
    this.tags.set(tag, { sequence: this.next(), atMs: 0 })
  }

  markTagStale(tag: string, atMs: number): void {
    this.softTags.set(tag, { sequence: this.next(), atMs })
  }

  markAll(): void {
    this.all = this.next()
  }

  markAllStale(atMs: number): void {
    this.softAll = { sequence: this.next(), atMs }
  }

  /** Whether a load with this number may store its value: no purge of any kind has come since. */
  mayStore(key: string, tags: readonly string[], sequence: number): boolean {
    return sequence > this.keys.sequenceOf(key) && this.judge(tags, sequence) === VALID
  }

  /** What has become of an entry with this number and these tags, other than by its key. */
  judge(tags: readonly string[], sequence: number): Verdict {
    if (sequence < this.all || this.hasHardMark(tags, sequence)) return PURGED
    let soft = this.softAll.sequence > sequence ? this.softAll : NO_MARK
    for (const tag of tags) {
      const mark = this.softTags.get(tag)
      if (mark.sequence > sequence && mark.sequence > soft.sequence) soft = mark
    }
    return soft === NO_MARK ? VALID : { kind: 'stale', fromMs: soft.atMs, sequence: soft.sequence }
  }

  /** Whether one of the tags was purged, not softly, after this number. */
  hasHardMark(tags: readonly string[], sequence: number): boolean {
    return tags.some(
      (tag) =>
        sequence < this.tags.sequenceOf(tag) ||
        // A soft purge that was forgotten counts as a hard one: rather a load than an old value.
        sequence < this.softTags.floor,
    )
  }
}

/** The latest mark of each name. Bounded: the oldest is forgotten, and then holds for every name. */
class MarkLog {
  private readonly marks = new Map<string, Mark>()
  private readonly most: number
  /** The highest number forgotten. */
  floor = 0

  constructor(most: number) {
    this.most = most
  }

  set(name: string, mark: Mark): void {
    // Deleted first: a map keeps the order of insertion, and here the oldest mark has to come first.
    this.marks.delete(name)
    this.marks.set(name, mark)
    if (this.marks.size <= this.most) return
    const [[oldest, { sequence }]] = this.marks as unknown as [[string, Mark]]
    this.marks.delete(oldest)
    this.floor = sequence
  }

  get(name: string): Mark {
    return this.marks.get(name) ?? NO_MARK
  }

  sequenceOf(name: string): number {
    return Math.max(this.get(name).sequence, this.floor)
  }
}
