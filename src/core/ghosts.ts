/** Owns the memory of keys that have left: the latest so many, in the order in which they left. */

/** Neighbours among which a hash may stand. One that finds them all taken replaces the oldest. */
const WAYS = 2
/** Numbers in the smallest queue; a power of two. */
const LEAST_NUMBERS = 64
/** Places for each number: with so many, ghosts seldom meet. */
const PLACES_PER_NUMBER = 4

/** What a place holds: the low bits are a number, the high ones a tag, which most other hashes do not share. */
const NUMBER_BITS = 20
const NUMBER_MASK = 2 ** NUMBER_BITS - 1
/** Hashes have 30 bits, and the tag is the upper 12 of them. */
const TAG_SHIFT = 30 - (32 - NUMBER_BITS)
/** With fewer, numbers never run out for good. More than an isolate has memory for entries. */
const MOST_GHOSTS = 2 ** (NUMBER_BITS - 1)
/** Instead of a hash: that it was taken. */
const TAKEN = -1

/**
 * A queue of hashes, first in, first out, that can also say whether it has one. Hashes are integers of 30
 * bits, at least 0. Two keys of one hash are the same to it, so it may take one key for another.
 *
 * Each hash gets a number, one more than the last, and is a ghost while its number is not below `first`.
 * So to forget the oldest is to raise `first`; nothing has to be looked up for it.
 *
 * Takes 20 bytes for each number; the numbers are fitted to between one and three for each ghost, whenever
 * all have been given. Nothing takes more than `WAYS` steps to be found, whatever the hashes are: clients
 * name the keys, and could choose such as make longer walks slow.
 */
export class Ghosts {
  /** For each place a tag and a number, in one integer. 0: nothing. */
  private table = new Int32Array(LEAST_NUMBERS * PLACES_PER_NUMBER)
  /** For each number from `first` on, modulo the length: its hash, or `TAKEN`. */
  private hashes = new Int32Array(LEAST_NUMBERS)
  private first = 1
  private next = 1
  private count = 0

  /** How many hashes are remembered. */
  get size(): number {
    return this.count
  }

  /** Remembers a hash as the latest. */
  add(hash: number): void {
    const isFull = this.next - this.first === this.hashes.length
    if (isFull || this.next === NUMBER_MASK) this.fit()
    this.keep(MOST_GHOSTS - 1)
    const number = this.next++
    this.hashes[number & (this.hashes.length - 1)] = hash
    this.table[this.placeFor(hash)] = ((hash >>> TAG_SHIFT) << NUMBER_BITS) | number
    this.count++
  }

  /** Whether a hash is remembered; it is not any more afterwards. */
  take(hash: number): boolean {
    const { first, hashes, table } = this
    const tag = hash >>> TAG_SHIFT
    const start = this.startFor(hash)
    for (let place = start; place < start + WAYS; place++) {
      const held = table[place] as number
      const number = held & NUMBER_MASK
      if (held >>> NUMBER_BITS !== tag || number < first) continue
      if (hashes[number & (hashes.length - 1)] !== hash) continue
      hashes[number & (hashes.length - 1)] = TAKEN
      table[place] = 0
      this.count--
      return true
    }
    return false
  }

  /** Forgets the oldest until no more than `most` are left. */
  keep(most: number): void {
    while (this.count > most) {
      if (this.hashes[this.first & (this.hashes.length - 1)] !== TAKEN) this.count--
      this.first++
    }
  }

  clear(): void {
    this.keep(0)
    this.fit()
  }

  /** Where the lowest number among the neighbours stands: a ghost's only if all are. */
  private placeFor(hash: number): number {
    const { table } = this
    const start = this.startFor(hash)
    let lowest = start
    for (let place = start + 1; place < start + WAYS; place++) {
      const number = (table[place] as number) & NUMBER_MASK
      if (number < ((table[lowest] as number) & NUMBER_MASK)) lowest = place
    }
    return lowest
  }

  /** The first of the places where `hash` may stand. */
  private startFor(hash: number): number {
    return WAYS * (hash & (this.table.length / WAYS - 1))
  }

  /** Numbers all ghosts anew, without the gaps of those that were taken, in tables that fit them. */
  private fit(): void {
    const { first, hashes, next } = this
    let numbers = LEAST_NUMBERS
    while (numbers < this.count * 1.5) numbers *= 2
    this.table = new Int32Array(numbers * PLACES_PER_NUMBER)
    this.hashes = new Int32Array(numbers)
    this.first = 1
    this.next = 1
    this.count = 0
    for (let number = first; number < next; number++) {
      const hash = hashes[number & (hashes.length - 1)] as number
      if (hash !== TAKEN) this.add(hash)
    }
  }
}
