/** Owns when the dashboard asks again: while it is seen, and never twice at once. */

export class Poller {
  readonly #poll: () => Promise<void>
  readonly #intervalMs: number
  #isVisible: boolean
  #isStopped = false
  #isUnderWay = false
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @param poll Must not reject. The interval counts from its end. */
  constructor(poll: () => Promise<void>, intervalMs: number, isVisible: boolean) {
    this.#poll = poll
    this.#intervalMs = intervalMs
    this.#isVisible = isVisible
  }

  /** Polls at once where the page is seen, else as soon as it is. */
  start(): void {
    if (this.#isVisible) void this.#run()
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  setVisible(isVisible: boolean): void {
    if (isVisible === this.#isVisible) return
    this.#isVisible = isVisible
    clearTimeout(this.#timer)
    if (isVisible) void this.#run()
  }

  async #run(): Promise<void> {
    // The poll under way brings what this one would, and goes on with the next by itself.
    if (this.#isUnderWay || this.#isStopped) return
    this.#isUnderWay = true
    try {
      await this.#poll()
    } finally {
      this.#isUnderWay = false
    }
    if (this.#isVisible && !this.#isStopped) {
      this.#timer = setTimeout(() => void this.#run(), this.#intervalMs)
    }
  }
}
