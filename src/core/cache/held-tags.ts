/**
 * Tags of the entries that are held: how many entries carry each, and when it was purged. A mark is kept
 * for exactly as long as an entry carries its tag, so no mark is ever forgotten too early, and an entry
 * is never purged for the tag of another one.
 */

import type { HeldTag } from '../entry/held-tag.ts'
import { SoftMarks } from '../entry/soft-marks.ts'
import { hashOfTag } from '../entry/tags.ts'
import type { MarkRoom } from '../memory/mark-room.ts'

/** What the soft purges of one tag count as, in bytes. Measured in test/core/purge-heap.test.ts. */
export const SOFT_TAG_BYTES = 256

export class HeldTags {
  /** By hash: a text would keep alive the header that it was cut from. Tags that collide share their purges. */
  private readonly tags = new Map<number, HeldTag>()
  private readonly room: MarkRoom

  constructor(room: MarkRoom) {
    this.room = room
  }

  /** How many tags are carried by an entry. */
  get size(): number {
    return this.tags.size
  }

  /** An entry with these tags, and the number of its load, is held from now on. */
  add(tags: readonly string[], sequence: number): HeldTag[] {
    return tags.map((tag) => {
      const hash = hashOfTag(tag)
      let held = this.tags.get(hash)
      if (held === undefined) {
        held = { hash, entries: 0, valid: 0, purged: 0, soft: undefined }
        this.tags.set(hash, held)
      }
      held.entries++
      if (sequence >= held.purged) held.valid++
      return held
    })
  }

  /** An entry is held no more. */
  remove(tags: readonly HeldTag[], sequence: number): void {
    for (const held of tags) {
      held.entries--
      if (sequence >= held.purged) held.valid--
      if (held.entries > 0) continue
      this.tags.delete(held.hash)
      this.dropSoftMarks(held)
    }
  }

  /** Returns how many entries the purge of a tag has taken. */
  purge(tag: string, number: number): number {
    const held = this.tags.get(hashOfTag(tag))
    if (held === undefined) return 0
    const { valid } = held
    held.valid = 0
    held.purged = number
    this.dropSoftMarks(held)
    return valid
  }

  /** Returns how many entries the soft purge of a tag concerns. */
  purgeSoftly(tag: string, number: number, atMs: number): number {
    const hash = hashOfTag(tag)
    // Before all else: entries may have to go for it, and the tag with the last of them.
    const hasRoom = this.tags.get(hash)?.soft !== undefined || this.room.takeMarks(SOFT_TAG_BYTES)
    const held = this.tags.get(hash)
    if (held === undefined) {
      if (hasRoom) this.room.freeMarks(SOFT_TAG_BYTES)
      return 0
    }
    // Rather a load than an old value that counts as fresh.
    if (!hasRoom) return this.purge(tag, number)
    held.soft ??= new SoftMarks()
    held.soft.add(number, atMs)
    return held.valid
  }

  private dropSoftMarks(held: HeldTag): void {
    if (held.soft === undefined) return
    held.soft = undefined
    this.room.freeMarks(SOFT_TAG_BYTES)
  }
}
