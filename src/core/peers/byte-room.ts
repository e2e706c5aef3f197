/**
 * Byte arithmetic of one answer to many keys: which values it can carry, and how many more are worth
 * loading for it. Who loads them is left to `batch.ts`.
 */

const MiB = 1024 * 1024

/** The terms of one answer to many keys. */
export interface AnswerRoom {
  /** The room for all values together, in bytes. */
  readonly maxBytes: number
  /**
   * The room for the first value, in bytes, if it exceeds `maxBytes`. Other values then have `maxBytes`
   * beside it, as far as all together stay within `firstBytes`. If this is given, the first key is always
   * answered: a larger value is `too-large`, not left out. Default: the first value is one like any other.
   */
  readonly firstBytes?: number | undefined
  /** Whether only values in memory are answered, and nothing is loaded or counted. Default: false. */
  readonly heldOnly?: boolean | undefined
}

/** The room of a batch between programs and nodes: half of what a call can carry. */
export const RPC_ROOM: AnswerRoom = { maxBytes: 16 * MiB, firstBytes: 16 * MiB }

/**
 * The room of a batch over HTTP. Values are in memory several times over there: as bytes, in base64, as
 * JSON and as a body; other requests are in memory too. One value may have twice the room, so that most
 * values can be had this way.
 */
export const HTTP_ROOM: AnswerRoom = { maxBytes: 4 * MiB, firstBytes: 8 * MiB }

/** The most that one answer carries, whatever is asked for: a call carries 32 MiB, and keys take some. */
const MOST_BYTES = 30 * MiB

/** The part of the room that is too little to look for values smaller than the average. */
const LITTLE = 1 / 8

/**
 * Loads of one batch in flight in one place, at most. It is small because all of them may turn out large:
 * values loaded before say nothing of those in flight.
 */
const MOST_IN_FLIGHT = 8

/** How many times more loads may be in flight than values have been seen, at most. */
const GROWTH = 3

/**
 * The room of one answer while it is filled. A value's size is not known before it is loaded, so the
 * room is looked at before each load. No load starts once the room is full, or once the values seen
 * take `maxBytes` more than the answer may carry. Eight values at most are in flight then. So a place
 * loads less than the answer, `maxBytes` again, and eight values.
 */
export class ByteRoom {
  private readonly maxBytes: number
  private readonly firstBytes: number
  /** The bound for all values: `maxBytes`, or more once an oversized first value is in. */
  private limitBytes: number
  private takenBytes = 0
  private offers = 0
  private offeredBytes = 0
  private lastBytes = 0

  constructor({ maxBytes, firstBytes = 0 }: AnswerRoom) {
    this.maxBytes = withinCall(maxBytes)
    this.firstBytes = Math.max(this.maxBytes, withinCall(firstBytes))
    this.limitBytes = this.maxBytes
  }

  /** What is left, apart from what the first value alone may have. */
  get leftBytes(): number {
    return Math.max(0, this.limitBytes - this.takenBytes)
  }

  get isEmpty(): boolean {
    return this.takenBytes === 0
  }

  fits(bytes: number): boolean {
    return bytes <= (this.isEmpty ? this.firstBytes : this.leftBytes)
  }

  /** Takes the room for a value, unless it does not fit. Returns whether it did. */
  take(bytes: number): boolean {
    this.offers++
    this.offeredBytes += bytes
    this.lastBytes = bytes
    if (!this.fits(bytes)) return false
    if (bytes > this.leftBytes) {
      this.limitBytes = Math.min(this.firstBytes, bytes + this.maxBytes)
    }
    this.takenBytes += bytes
    return true
  }

  /** Counts what a load has read in vain: it takes no room, and bounds the loads that follow. */
  waste(bytes: number): void {
    this.offeredBytes += bytes
    this.lastBytes = bytes
  }

  /** Takes the room for a value that is there anyway. */
  charge(bytes: number): void {
    this.takenBytes += bytes
  }

  /**
   * Returns how many loads may be in flight now: as many as fit if their values are as large as the
   * average of those seen and as the last one. It is one if that is none. It is 0 if, by the average, no
   * value fits and little room is left, or if much has been loaded in vain.
   *
   * @param maxLoads The most loads that are allowed at once.
   */
  loadsInFlight(maxLoads: number): number {
    if (this.offeredBytes >= this.limitBytes + this.maxBytes) return 0
    const averageBytes = this.offeredBytes / Math.max(1, this.offers)
    if (averageBytes > this.leftBytes && this.leftBytes <= this.maxBytes * LITTLE) return 0
    const expectedBytes = Math.max(averageBytes, this.lastBytes)
    const fitting =
      expectedBytes === 0 ? MOST_IN_FLIGHT : Math.floor(this.leftBytes / expectedBytes)
    return Math.max(1, Math.min(windowAfter(this.offers, maxLoads), fitting))
  }
}

/** Returns the most loads in flight, after so many values have been seen. */
function windowAfter(seen: number, maxLoads: number): number {
  return Math.min(Math.max(1, GROWTH * seen), MOST_IN_FLIGHT, maxLoads)
}

/** Returns how many loads follow one another, at most, for so many keys whose values all fit. */
export function roundsFor(keys: number, maxLoads: number): number {
  let rounds = 0
  for (let seen = 0; seen < keys; rounds++) seen += windowAfter(seen, maxLoads)
  return rounds
}

/** A message may say anything: `NaN` and negative numbers mean no room at all. */
function withinCall(bytes: number): number {
  return bytes > 0 ? Math.min(bytes, MOST_BYTES) : 0
}
