/** Owns what is broken on purpose, and until when its effects excuse a failure. */

import type { Order } from '../support/workers/controlled/order.ts'

/** What an answer may suffer from after the last fault: hung calls, rests of nodes and of origins. */
const AFTER_MS = 15_000
const PERIOD_MS = 40_000
const ON_MS = 15_000

export class Faults {
  readonly injected: Record<string, number> = {}
  private readonly random: () => number
  private readonly startedAtMs = Date.now()
  private lastMs = 0
  private isOff = false

  constructor(random: () => number) {
    this.random = random
  }

  get areOn(): boolean {
    return !this.isOff && (Date.now() - this.startedAtMs) % PERIOD_MS > PERIOD_MS - ON_MS
  }

  /** Whether a failure at a moment from `fromMs` on may come of a fault. */
  excuse(fromMs: number): boolean {
    return fromMs < this.lastMs + AFTER_MS
  }

  switchOff(): void {
    this.isOff = true
  }

  async order(call: string): Promise<Order> {
    const kind = this.pick({ throw: 0.02, abort: 0.02, 'be overloaded': 0.01, hang: 0.003 })
    if (kind === undefined) return 'serve'
    this.note(`node: ${kind} (${call})`)
    if (kind !== 'hang') return kind as Order
    await sleep(8_000)
    return 'serve'
  }

  /** What the origin does instead of answering. */
  origin(): 'fail' | 'hang' | 'be slow' | undefined {
    const kind = this.pick({ fail: 0.1, hang: 0.02, 'be slow': 0.1 })
    if (kind !== undefined) this.note(`origin: ${kind}`)
    return kind as 'fail' | 'hang' | 'be slow' | undefined
  }

  private pick(parts: Readonly<Record<string, number>>): string | undefined {
    if (!this.areOn) return undefined
    let left = this.random()
    for (const [kind, part] of Object.entries(parts)) {
      left -= part
      if (left < 0) return kind
    }
    return undefined
  }

  private note(kind: string): void {
    this.lastMs = Date.now()
    this.injected[kind] = (this.injected[kind] ?? 0) + 1
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
