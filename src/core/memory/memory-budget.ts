/**
 * Owns the bound on what all groups of one isolate hold together, and which of them gives way. What a
 * value takes while it is read counts too; how readings wait for each other is `ReadingRoom`'s business.
 */

import type { Clock } from '../clock.ts'
import {
  type BodyReservation,
  type BodyReservationParts,
  BodyReservations,
} from './body-reservations.ts'
import type { MarkRoom } from './mark-room.ts'
import { Fullest, Member } from './member-heap.ts'
import { type Sendable, type SendReservation, SendReservations } from './send-reservations.ts'

/** What a group's entries are held by. */
export interface EntryHolder {
  /** Lets the least recently used entry go; returns false where there is none. Tells its `Membership`. */
  evictOldest(): boolean
}

export interface JoinOptions {
  /** The group's own bound, in bytes. */
  readonly shareBytes: number
  /**
   * Names the group and its place in this isolate. Who joins under a name takes the place of whoever had
   * it: a node that has lost its memory, and does not count any more. Absent: nobody takes this place.
   */
  readonly name?: string | undefined
}

/** Purge marks of all members together take no more than this part of the bound: 4 MiB of 64. */
const MARK_PART = 1 / 16

/** The strong record of a member. It must not keep the holder itself in memory. */
class Held extends Member {
  /** What its purge marks take: beside its entries, as evicting does not free them. */
  markBytes = 0
  readonly holder: WeakRef<EntryHolder>
  readonly name: string | undefined

  constructor(holder: EntryHolder, { shareBytes, name }: JoinOptions, number: number) {
    super(shareBytes, number)
    this.holder = new WeakRef(holder)
    this.name = name
  }
}

/**
 * One bound in bytes, shared by members: the groups of all nodes in the isolate, and those of the edge.
 * Before an entry would exceed it, the member that holds most for its share lets its least recently used
 * entry go, then whichever holds most after that; of several, the one that joined first. Never the entry
 * that is being stored.
 *
 * A node that loses its memory says no word. Its record goes when the node is there again under its name,
 * or when the engine has collected what it held, whichever is first; until then it counts, and is the
 * first to give way when it holds most. In the first case what it held may be in the heap a while longer.
 */
export class MemoryBudget {
  /** The bound, in bytes. */
  readonly maxBytes: number
  private readonly members = new Fullest<Held>()
  private readonly named = new Map<string, Held>()
  private readonly reading: BodyReservations
  private readonly sending: SendReservations
  private readonly collected = new FinalizationRegistry<Held>((member) => this.forget(member))
  private entryBytes = 0
  private markBytes = 0
  private joined = 0

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
    this.reading = new BodyReservations(
      maxBytes,
      (bytes) => this.makeRoom(bytes),
      () => this.sending.cutStalled(),
      () => this.markBytes,
    )
    this.sending = new SendReservations(maxBytes, this.reading)
  }

  /**
   * What counts now: entries, purge marks, values that are being read, and those being sent that are not held
   * any more.
   */
  get heldBytes(): number {
    return this.entryBytes + this.markBytes + this.reading.bytes
  }

  /** How many members count. */
  get size(): number {
    return [...this.members].length
  }

  join(holder: EntryHolder, options: JoinOptions): Membership {
    const { name } = options
    const former = name === undefined ? undefined : this.named.get(name)
    if (former !== undefined) this.forget(former)
    const member = new Held(holder, options, this.joined++)
    this.members.add(member)
    if (name !== undefined) this.named.set(name, member)
    this.collected.register(holder, member)
    return {
      take: (heldBytes, bytes) => {
        this.update(member, heldBytes)
        this.makeRoom(bytes)
        this.update(member, member.heldBytes + bytes)
      },
      holds: (heldBytes) => this.update(member, heldBytes),
      canHold: (bytes) => this.members.has(member) && this.canHold(bytes),
      beginReading: (parts) => this.reading.begin({ ...parts, owner: member }),
      takeMarks: (bytes) => this.takeMarks(member, bytes),
      freeMarks: (bytes) => this.addMarks(member, -bytes),
      beginSending: (value, isHeld, clock) => this.sending.begin(value, isHeld, clock),
      holdsSent: (value) => this.sending.held(value),
      dropsSent: (value) => this.sending.dropped(value),
    }
  }

  private canHold(bytes: number): boolean {
    if (this.heldBytes + bytes <= this.maxBytes) return true
    // Here and not where room is made: whoever waits for them may take what they leave.
    this.reading.endOverdue()
    if (!this.reading.hasRoom(bytes)) this.sending.cutStalled()
    return this.reading.hasRoom(bytes)
  }

  private takeMarks(member: Held, bytes: number): boolean {
    const hasRoom = this.markBytes + bytes <= this.maxBytes * MARK_PART
    if (!hasRoom || !this.members.has(member)) return false
    this.makeRoom(bytes)
    this.addMarks(member, bytes)
    return true
  }

  private addMarks(member: Held, bytes: number): void {
    // Whose place was taken does not count any more.
    if (!this.members.has(member)) return
    member.markBytes += bytes
    this.markBytes += bytes
  }

  /** Lets entries go until `bytes` more are within the bound, or there are none left. */
  private makeRoom(bytes: number): void {
    while (this.heldBytes + bytes > this.maxBytes) {
      const fullest = this.members.first()
      if (fullest === undefined || fullest.heldBytes === 0) return
      const holder = fullest.holder.deref()
      if (holder === undefined) this.forget(fullest)
      else if (!holder.evictOldest()) this.update(fullest, 0)
    }
  }

  private update(member: Held, heldBytes: number): void {
    // Whose place was taken may still be at work for a moment.
    if (!this.members.has(member)) return
    this.entryBytes += heldBytes - member.heldBytes
    member.heldBytes = heldBytes
    this.members.note(member)
  }

  private forget(member: Held): void {
    if (!this.members.has(member)) return
    this.update(member, 0)
    this.addMarks(member, -member.markBytes)
    this.members.remove(member)
    const { name } = member
    if (name !== undefined) this.named.delete(name)
    this.reading.dismiss(member)
  }
}

/** How a member tells what it holds. */
export interface Membership extends MarkRoom {
  /**
   * `bytes` more are about to be held, beside `heldBytes`: others give way for them, or this member does
   * by its `evictOldest`. Only after `canHold(bytes)`.
   */
  readonly take: (heldBytes: number, bytes: number) => void
  /** So many bytes are held now: no more than before. */
  readonly holds: (heldBytes: number) => void
  /** Whether there would be room, were all entries gone that are not on their way to clients. */
  readonly canHold: (bytes: number) => boolean
  /** A value is going to be read, which counts from then on. */
  readonly beginReading: (parts: Omit<BodyReservationParts, 'owner'>) => BodyReservation
  /** A value is going to be sent to a client; `undefined` while there is no room. See `SendingRoom`. */
  readonly beginSending: (
    value: Sendable,
    isHeld: boolean,
    clock: Clock,
  ) => SendReservation | undefined
  /** A value is held, or not any more; it may be on its way to clients. */
  readonly holdsSent: (value: Sendable) => void
  readonly dropsSent: (value: Sendable) => void
}
