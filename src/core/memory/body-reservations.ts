/**
 * Owns what values take while they are read, before any is stored, and which reading waits for which.
 *
 * A reading keeps what it has while it waits for more, so readings that each have a part could wait for
 * each other for ever. One of them therefore has a place apart, with room for the largest value: whoever
 * has it never waits, and when it is done, the place goes to whoever has waited longest. All others share
 * a pool, of which values that grow large leave a part to the small ones.
 */

import type { Clock } from '../clock.ts'
import { OverloadedError } from '../errors.ts'
import type { LoadMemory } from './load-memory.ts'
import { type PinBoard, PRESSED_STALL_MS } from './send-reservations.ts'

/** In eighths of the budget; what is left over is for entries, however much is being read. */
const APART_EIGHTHS = 4
const POOL_EIGHTHS = 3
const LARGE_EIGHTHS = 2
/** The part of the pool for bodies of requests: loads always have the rest, because anyone can send a body. */
const BODY_EIGHTHS = 1

/** A body up to this part of the budget is small: 64 KiB of 64 MiB. Larger ones leave a quarter to it. */
const SMALL_BODY_PART = 1 / 1024
const LARGE_BODIES = 3 / 4

/** What is at most this part of the budget is small: 1 MiB of 64. */
const SMALL_PART = 1 / 64

/** What a reading is, and how long. */
export interface BodyReservationParts {
  /** Whose it is: it ends when the owner is gone. */
  readonly owner: object
  /** Fires when nobody waits for the value any more: the reading is over then. */
  readonly signal: AbortSignal
  /**
   * When the signal will have fired. Counts in case it never does, since the request or the object that
   * would have seen to it is gone.
   */
  readonly endsAtMs: number
  readonly clock: Clock
  /** Otherwise it is refused where it would have to wait: at the edge, where whoever it waits for may be gone. */
  readonly canQueue: boolean
  /** Whether this is the body of a request that anyone may send, rather than a value. Default: false. */
  readonly isBody?: boolean
}

export class BodyReservations implements PinBoard {
  /** The largest value that can be read as a whole, in bytes. */
  readonly maxReadingBytes: number
  /** Up to here a value is small, in bytes. */
  readonly smallBytes: number
  private readonly poolBytes: number
  private readonly largeBytes: number
  private readonly budgetBytes: number
  private readonly makeRoom: (bytes: number) => void
  private readonly onPressure: () => void
  private readonly markedBytes: () => number
  private reservedBytes = 0
  /** Of the reserved bytes, those in the pool. */
  private pooledBytes = 0
  /** The part of the reserved bytes that is pinned. */
  private pinnedBytes = 0
  /** What is being sent, pinned or held. */
  private sentBytes = 0
  /** The part of the pooled bytes that request bodies take. */
  private bodyBytes = 0
  private exclusiveSlot: BodyReservation | undefined
  /** First come, first served. While there are any, the place apart is taken. */
  private readonly waiting = new Set<BodyReservation>()
  private readonly readings = new Set<BodyReservation>()

  /**
   * @param makeRoom Lets entries go until so many bytes more are within the budget, as far as it can.
   * @param onPressure Unpins what need not be sent, where there is no room. Default: nothing is pinned.
   * @param markedBytes Returns what purge marks take of the budget. Default: nothing.
   */
  constructor(
    budgetBytes: number,
    makeRoom: (bytes: number) => void,
    onPressure = () => {},
    markedBytes = () => 0,
  ) {
    this.markedBytes = markedBytes
    this.onPressure = onPressure
    this.budgetBytes = budgetBytes
    this.maxReadingBytes = Math.floor((budgetBytes * APART_EIGHTHS) / 8)
    this.poolBytes = Math.floor((budgetBytes * POOL_EIGHTHS) / 8)
    this.largeBytes = Math.floor((budgetBytes * LARGE_EIGHTHS) / 8)
    this.smallBytes = Math.floor(budgetBytes * SMALL_PART)
    this.makeRoom = makeRoom
  }

  /** What is being read, or is pinned, takes so many bytes now. */
  get bytes(): number {
    return this.reservedBytes
  }

  begin(parts: BodyReservationParts): BodyReservation {
    return new BodyReservation(parts, this)
  }

  /** Ends all readings of an owner that is gone. */
  dismiss(owner: object): void {
    for (const reading of this.readings) if (reading.parts.owner === owner) reading.release()
  }

  /** Ends readings that are over by the clock, though nobody has said so. */
  endOverdue(): void {
    for (const reading of this.readings) {
      const { clock, endsAtMs } = reading.parts
      if (clock.now() >= endsAtMs) reading.release()
    }
  }

  /** What is being sent cannot be freed, whether an entry accounts for it or it is pinned. */
  hasRoom(bytes: number): boolean {
    const readBytes = this.reservedBytes - this.pinnedBytes
    return readBytes + this.sentBytes + this.markedBytes() + bytes <= this.budgetBytes
  }

  sends(bytes: number): void {
    this.sentBytes += bytes
    if (bytes < 0) this.wake()
  }

  pin(bytes: number): void {
    this.reservedBytes += bytes
    this.pinnedBytes += bytes
  }

  unpin(bytes: number): void {
    this.reservedBytes -= bytes
    this.pinnedBytes -= bytes
  }

  /** Only `Reading` calls what follows. Returns nothing where there is room at once. */
  reserve(reading: BodyReservation, bytes: number): Promise<void> | undefined {
    this.readings.add(reading)
    if (this.grant(reading, bytes)) return undefined
    this.endOverdue()
    if (!this.hasRoom(bytes)) this.onPressure()
    if (this.grant(reading, bytes)) return undefined
    if (!reading.parts.canQueue) throw reading.refusal()
    this.waiting.add(reading)
    // Nobody may come by whose need would show which clients have stalled meanwhile.
    if (!this.hasRoom(bytes)) reading.parts.clock.after(PRESSED_STALL_MS, () => this.onPressure())
    return reading.waitFor(bytes)
  }

  makeRoomFor(bytes: number): void {
    this.makeRoom(bytes)
  }

  free(reading: BodyReservation): void {
    if (!this.readings.delete(reading)) return
    this.waiting.delete(reading)
    this.reservedBytes -= reading.bytes
    if (this.exclusiveSlot === reading) this.exclusiveSlot = undefined
    else this.pooledBytes -= reading.bytes
    if (reading.parts.isBody) this.bodyBytes -= reading.bytes
    this.wake()
  }

  private wake(): void {
    for (const waiting of this.waiting) {
      if (!this.grant(waiting, waiting.wantedBytes)) continue
      this.waiting.delete(waiting)
      waiting.resume()
    }
  }

  private grant(reading: BodyReservation, bytes: number): boolean {
    const isApart = this.exclusiveSlot === reading
    const { isBody } = reading.parts
    // What is being sent may leave less than the places below, even the one apart, have room for.
    if (!this.hasRoom(bytes)) return false
    if (isBody && !this.fitsBodies(reading.bytes + bytes, bytes)) return false
    if (!isApart && !this.fitsPool(reading.bytes + bytes, bytes)) {
      if (isBody || this.exclusiveSlot !== undefined) return false
      this.exclusiveSlot = reading
      this.pooledBytes -= reading.bytes
    } else if (!isApart) this.pooledBytes += bytes
    if (isBody) this.bodyBytes += bytes
    this.makeRoom(bytes)
    this.reservedBytes += bytes
    reading.bytes += bytes
    reading.peakBytes = Math.max(reading.peakBytes, reading.bytes)
    return true
  }

  private fitsPool(wholeBytes: number, bytes: number): boolean {
    const limit = wholeBytes > this.smallBytes ? this.largeBytes : this.poolBytes
    return this.pooledBytes + bytes <= limit
  }

  private fitsBodies(wholeBytes: number, bytes: number): boolean {
    const isSmall = wholeBytes <= this.budgetBytes * SMALL_BODY_PART
    const limit = (this.budgetBytes * BODY_EIGHTHS) / 8
    return this.bodyBytes + bytes <= (isSmall ? limit : limit * LARGE_BODIES)
  }
}

/** What one load takes while its value is read. Over when it is released, or its signal has fired. */
export class BodyReservation implements LoadMemory {
  readonly parts: BodyReservationParts
  /** So many are reserved; only `BodyReservations` changes them. */
  bytes = 0
  /** The most that was reserved: what the load has read, or has announced. */
  peakBytes = 0
  wantedBytes = 0
  /** Whether it was refused what it wanted. */
  wasRefused = false
  private readonly room: BodyReservations
  private isOver = false
  private waiter: PromiseWithResolvers<void> | undefined
  private readonly onAbort = () => this.release()

  constructor(parts: BodyReservationParts, room: BodyReservations) {
    this.parts = parts
    this.room = room
  }

  get maxBytes(): number {
    return this.room.maxReadingBytes
  }

  get isWaiting(): boolean {
    return this.waiter !== undefined
  }

  reserve(bytes: number): Promise<void> | undefined {
    const { signal } = this.parts
    if (bytes === 0) return undefined
    if (this.bytes + bytes > this.maxBytes) throw this.refusal()
    if (signal.aborted) this.isOver = true
    if (this.isOver) {
      // What comes late may still be kept, but nothing large: it is not counted any more.
      this.bytes += bytes
      if (this.bytes <= this.room.smallBytes) return undefined
      throw this.reason()
    }
    if (this.bytes === 0) signal.addEventListener('abort', this.onAbort, { once: true })
    return this.room.reserve(this, bytes)
  }

  makeRoom(bytes: number): void {
    this.room.makeRoomFor(bytes)
  }

  /** What was reserved is free again. May be called twice. */
  release(): void {
    if (this.isOver) return
    this.isOver = true
    this.room.free(this)
    this.bytes = 0
    this.parts.signal.removeEventListener('abort', this.onAbort)
    this.waiter?.reject(this.reason())
    this.waiter = undefined
  }

  refusal(): OverloadedError {
    this.wasRefused = true
    return new OverloadedError('The memory for values that are being read is taken.')
  }

  waitFor(bytes: number): Promise<void> {
    this.wantedBytes = bytes
    this.waiter = Promise.withResolvers()
    return this.waiter.promise
  }

  resume(): void {
    this.waiter?.resolve()
    this.waiter = undefined
  }

  private reason(): unknown {
    const { signal } = this.parts
    return signal.aborted ? signal.reason : this.refusal()
  }
}
