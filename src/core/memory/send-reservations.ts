/**
 * Values on their way to clients, and how much memory they may take beyond what is held. A value counts once,
 * however many clients read it: its entry counts while it is held, and after that it is pinned here until it
 * has been sent. Clients decide how fast they read, so each has to go on reading, the faster the less room
 * there is.
 */

import type { Clock } from '../clock.ts'

/** The longest that a client may take nothing, in milliseconds. */
export const LONGEST_STALL_MS = 30_000

/** The same, where room is needed: a client that only pauses for a moment still gets its value. */
export const PRESSED_STALL_MS = 5_000

/**
 * Where room is needed, the least that a client has to take on the whole, in bytes a second, once it has been
 * reading for `PRESSED_STALL_MS`. Otherwise a few clients that take a piece now and then could have all room.
 */
const PRESSED_BYTES_PER_SECOND = 128 * 1024

/**
 * The largest parts of the budget, in eighths: of values that are held as well, and of others. Loads have the
 * rest, whatever clients do.
 */
const HELD_EIGHTHS = 6
const OTHER_EIGHTHS = 4

/** A value as far as sending goes. */
export interface Sendable {
  readonly etag: string
  /** In a buffer of its own. */
  readonly value: Uint8Array<ArrayBuffer>
}

/** Where bytes count that no entry accounts for. */
export interface PinBoard {
  /** Whether so many bytes more are within the budget, were all entries gone that are not being sent. */
  hasRoom(bytes: number): boolean
  /** Evicts entries until so many bytes more are within the budget, as far as it can. */
  makeRoomFor(bytes: number): void
  /** Counts bytes that cannot be freed, beside those of entries. Evicts nothing. */
  pin(bytes: number): void
  unpin(bytes: number): void
  /** So many bytes more are being sent, or fewer, held or not. */
  sends(bytes: number): void
}

interface Sent extends Sendable {
  isHeld: boolean
  readonly sendings: Set<SendReservation>
}

export class SendReservations {
  /** By entity tag: two buffers with the same bytes are sent as one. */
  private readonly sent = new Map<string, Sent>()
  private readonly budgetBytes: number
  private readonly board: PinBoard
  private sentBytes = 0

  constructor(budgetBytes: number, board: PinBoard) {
    this.budgetBytes = budgetBytes
    this.board = board
  }

  /**
   * Begins to send a value to one more client; `undefined` while there is no room for it.
   *
   * @param isHeld Whether an entry accounts for its buffer.
   */
  begin(value: Sendable, isHeld: boolean, clock: Clock): SendReservation | undefined {
    const sent = this.sent.get(value.etag) ?? this.add(value, isHeld)
    return sent && new SendReservation(sent, clock, (sending) => this.end(sent, sending))
  }

  /** An entry accounts for the buffer from now on. */
  held(value: Sendable): void {
    const sent = this.find(value)
    if (sent === undefined || sent.isHeld) return
    sent.isHeld = true
    this.board.unpin(value.value.byteLength)
  }

  /** No entry accounts for the buffer any more. */
  dropped(value: Sendable): void {
    const sent = this.find(value)
    if (sent === undefined || !sent.isHeld) return
    sent.isHeld = false
    this.board.pin(value.value.byteLength)
  }

  /**
   * Takes their values from clients that have stalled, or are slow on the whole: room is needed. Their streams
   * find out by themselves.
   */
  cutStalled(): void {
    this.cut((sending) => sending.stalledMs() >= PRESSED_STALL_MS || sending.isSlow())
  }

  private cut(isOver: (sending: SendReservation) => boolean): void {
    for (const { sendings } of this.sent.values()) {
      for (const sending of sendings) if (isOver(sending)) sending.release()
    }
  }

  private add(value: Sendable, isHeld: boolean): Sent | undefined {
    const bytes = value.value.byteLength
    // Requests may have vanished without a word.
    this.cut((sending) => sending.stalledMs() >= LONGEST_STALL_MS)
    if (!this.fits(bytes, isHeld)) this.cutStalled()
    if (!this.fits(bytes, isHeld)) return undefined
    const sent: Sent = { etag: value.etag, value: value.value, isHeld, sendings: new Set() }
    this.sent.set(value.etag, sent)
    this.sentBytes += bytes
    if (!isHeld) {
      this.board.makeRoomFor(bytes)
      this.board.pin(bytes)
    }
    this.board.sends(bytes)
    return sent
  }

  private fits(bytes: number, isHeld: boolean): boolean {
    const eighths = isHeld ? HELD_EIGHTHS : OTHER_EIGHTHS
    // The largest value that can be held can be sent, if alone.
    const isWithin =
      this.sent.size === 0 || this.sentBytes + bytes <= (this.budgetBytes * eighths) / 8
    return isWithin && (isHeld || this.board.hasRoom(bytes))
  }

  private find({ etag, value }: Sendable): Sent | undefined {
    const sent = this.sent.get(etag)
    return sent?.value.buffer === value.buffer ? sent : undefined
  }

  private end(sent: Sent, sending: SendReservation): void {
    sent.sendings.delete(sending)
    if (sent.sendings.size > 0) return
    const bytes = sent.value.byteLength
    this.sent.delete(sent.etag)
    this.sentBytes -= bytes
    if (!sent.isHeld) this.board.unpin(bytes)
    // Last, because a load that waits for room looks at once.
    this.board.sends(-bytes)
  }
}

/** One client's reading of a value. */
export class SendReservation {
  private sent: Sent | undefined
  private readonly clock: Clock
  private readonly onEnd: (sending: SendReservation) => void
  private readonly startedAtMs: number
  private tookAtMs: number
  private takenBytes = 0

  constructor(sent: Sent, clock: Clock, onEnd: (sending: SendReservation) => void) {
    this.sent = sent
    this.clock = clock
    this.onEnd = onEnd
    this.startedAtMs = clock.now()
    this.tookAtMs = this.startedAtMs
    sent.sendings.add(this)
  }

  /**
   * A copy of some bytes, so that who is slow to send them keeps these alone; `undefined` once the value was
   * taken from this client.
   */
  piece(first: number, end: number): Uint8Array<ArrayBuffer> | undefined {
    this.tookAtMs = this.clock.now()
    this.takenBytes += end - first
    return this.sent?.value.slice(first, end)
  }

  /** How long the client has taken nothing, in milliseconds. */
  stalledMs(): number {
    return Math.max(0, this.clock.now() - this.tookAtMs)
  }

  /** Whether the client has been reading for a while, at less than the least rate. */
  isSlow(): boolean {
    const readingMs = this.clock.now() - this.startedAtMs
    const leastBytes = (readingMs * PRESSED_BYTES_PER_SECOND) / 1_000
    return readingMs >= PRESSED_STALL_MS && this.takenBytes < leastBytes
  }

  /** The client needs the value no more. May be called twice. */
  release(): void {
    if (this.sent === undefined) return
    this.sent = undefined
    this.onEnd(this)
  }
}
