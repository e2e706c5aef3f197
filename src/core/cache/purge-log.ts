/**
 * What has been purged since which load began, other than by key. It knows numbers, not times: a load
 * that began before a purge has the smaller sequence number, whatever the clock did.
 */

import type { HeldTag } from '../entry/held-tag.ts'
import { SoftMarks } from '../entry/soft-marks.ts'
import { hashOfTag } from '../entry/tags.ts'
import type { MarkRoom } from '../memory/mark-room.ts'

/** What the purge of one tag counts as, in bytes. Measured in test/core/purge-heap.test.ts. */
export const TAG_MARK_BYTES = 64

export type Validity =
  | { readonly kind: 'valid' }
  | { readonly kind: 'purged' }
  /** Purged softly: stale from that moment. */
  | { readonly kind: 'stale'; readonly fromMs: number }

const VALID: Validity = { kind: 'valid' }
const PURGED: Validity = { kind: 'purged' }
const NO_TAGS: readonly HeldTag[] = []

/**
 * Purges by tag are remembered twice. `HeldTags` has those of entries that are held. Here are those since
 * the oldest load in flight, whose tags are not known yet.
 */
export class PurgeLog {
  private lastSequence = 0
  private all = 0
  private readonly softAll = new SoftMarks()
  private softAllLatest = 0
  /** By hash, the number of a tag's last purge, hard or soft; the oldest first. */
  private readonly tags = new Map<number, number>()
  /** No purge above has a lower number. */
  private oldestTag = Number.POSITIVE_INFINITY
  /** What carries any tag, and began before this number, is not stored: purges were forgotten. */
  private floor = 0
  private readonly room: MarkRoom

  constructor(room: MarkRoom) {
    this.room = room
  }

  /** A number above all before it. Taken when a load begins, and by each purge. */
  next(): number {
    return ++this.lastSequence
  }

  /** The highest number so far. */
  get latest(): number {
    return this.lastSequence
  }

  /** How many purges of tags are remembered for loads in flight. */
  get tagMarks(): number {
    return this.tags.size
  }

  markAll(): void {
    this.all = this.next()
  }

  markAllStale(atMs: number): void {
    this.softAllLatest = this.next()
    this.softAll.add(this.softAllLatest, atMs)
  }

  /**
   * A tag is purged, hard or softly. Returns the number of that purge.
   *
   * @param oldestLoad The number of the oldest load in flight; `Infinity`: there is none.
   */
  markTag(tag: string, oldestLoad: number): number {
    const number = this.next()
    this.forgetBefore(oldestLoad)
    if (oldestLoad > number) return number
    const hash = hashOfTag(tag)
    // Deleted first: a map keeps the order of insertion, and here the oldest has to come first.
    if (!this.tags.delete(hash) && !this.room.takeMarks(TAG_MARK_BYTES)) {
      this.forgetAllTags()
      this.floor = number
      return number
    }
    this.tags.set(hash, number)
    this.oldestTag = Math.min(this.oldestTag, number)
    return number
  }

  /** Forgets what was purged before the oldest load in flight began: no load can have missed it. */
  forgetBefore(oldestLoad: number): void {
    if (oldestLoad <= this.oldestTag) return
    for (const [hash, number] of this.tags) {
      this.oldestTag = number
      if (number >= oldestLoad) return
      this.tags.delete(hash)
      this.room.freeMarks(TAG_MARK_BYTES)
    }
    this.oldestTag = Number.POSITIVE_INFINITY
  }

  /** Whether a load with this number, which is still in flight, may store what carries these tags. */
  mayStore(tags: readonly string[], sequence: number): boolean {
    if (sequence < Math.max(this.all, this.softAllLatest)) return false
    if (tags.length === 0) return true
    if (sequence < this.floor) return false
    return this.tags.size === 0 || tags.every((tag) => this.isAfter(tag, sequence))
  }

  /**
   * What has become of an entry with this number and these tags, other than by its key.
   *
   * @param judgedTo Soft purges up to this number have had their effect on the entry.
   */
  validate(sequence: number, tags: readonly HeldTag[] = NO_TAGS, judgedTo = sequence): Validity {
    if (sequence < this.all) return PURGED
    let fromMs = this.softAll.firstAfter(judgedTo)
    for (const { purged, soft } of tags) {
      if (sequence < purged) return PURGED
      if (soft !== undefined) fromMs = Math.min(fromMs, soft.firstAfter(judgedTo))
    }
    if (fromMs === Number.NEGATIVE_INFINITY) return PURGED
    return fromMs === Number.POSITIVE_INFINITY ? VALID : { kind: 'stale', fromMs }
  }

  private isAfter(tag: string, sequence: number): boolean {
    return sequence > (this.tags.get(hashOfTag(tag)) ?? 0)
  }

  private forgetAllTags(): void {
    this.room.freeMarks(this.tags.size * TAG_MARK_BYTES)
    this.tags.clear()
    this.oldestTag = Number.POSITIVE_INFINITY
  }
}
