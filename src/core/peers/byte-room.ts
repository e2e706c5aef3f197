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
  /** Whether only fresh values in memory are answered, and nothing is loaded. Default: false. */
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

/** Keys that are loaded at a time, at most. */
const MOST_AT_ONCE = 64

/** How many times more keys are loaded in the next step than were answered before it, at most. */
const GROWTH = 3

/**
 * The room of one answer while it is filled. A value's size is not known before it is loaded, so values
 * are loaded in steps, which grow for as long as the sizes seen suggest that there is room. Before the
 * last step less than twice the room has been loaded, an oversized first value apart.
 */
export class ByteRoom {
  private readonly maxBytes: number
  private readonly firstBytes: number
  /** The bound for all values: `maxBytes`, or more once an oversized first value is in. */
  private limitBytes: number
  private takenBytes = 0
  private offers = 0
  private offeredBytes = 0

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
    if (!this.fits(bytes)) return false
    if (bytes > this.leftBytes) {
      this.limitBytes = Math.min(this.firstBytes, bytes + this.maxBytes)
    }
    this.takenBytes += bytes
    return true
  }

  /** Takes the room for a value that is there anyway. */
  charge(bytes: number): void {
    this.takenBytes += bytes
  }

  /**
   * How many keys to load at a time now: as many as fit if their values are as large as the average of
   * those seen. If none fits then, it is one, unless little room is left or much has been loaded in vain.
   *
   * @param maxLoads The most loads that are allowed at once.
   */
  keysToLoad(maxLoads: number): number {
    if (this.offeredBytes >= this.limitBytes + this.maxBytes) return 0
    const averageBytes = this.offeredBytes / Math.max(1, this.offers)
    const fitting = averageBytes === 0 ? MOST_AT_ONCE : Math.floor(this.leftBytes / averageBytes)
    if (fitting === 0) return this.leftBytes > this.maxBytes * LITTLE ? 1 : 0
    return Math.min(nextStep(this.offers, maxLoads), fitting)
  }
}

/** The most keys of the next step, after answers to so many. */
function nextStep(answered: number, maxLoads: number): number {
  return Math.min(Math.max(1, GROWTH * answered), MOST_AT_ONCE, maxLoads)
}

/** How many steps it takes to load so many keys whose values all fit. */
export function stepsFor(keys: number, maxLoads: number): number {
  let steps = 0
  for (let answered = 0; answered < keys; steps++) answered += nextStep(answered, maxLoads)
  return steps
}

/** A message may say anything: `NaN` and negative numbers mean no room at all. */
function withinCall(bytes: number): number {
  return bytes > 0 ? Math.min(bytes, MOST_BYTES) : 0
}
