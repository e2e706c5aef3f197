/**
 * Loads in flight: which of them may still store what they bring, and in which order they have answered.
 * A load is whatever may end in a copy: a run of the loader, or a question to another node. Nobody may
 * ever say that it has ended, since a function can hang and an edge's request can vanish. So each has an
 * end of its own, and their number is bounded. A load that is not known any more does not store.
 */

/** The loads of one key that began after its last purge. */
interface KeyLoads {
  running: number
  /** The highest number of a load that has come to an answer. */
  answered: number
}

/** One load in flight. */
export interface LoadLease {
  readonly key: string
  readonly sequence: number
  readonly startedAtMs: number
  readonly endsAtMs: number
  readonly loads: KeyLoads
}

/** The most loads known at once. One more takes the place of the oldest. */
const MOST_LOADS = 10_000

export class LoadOrder {
  private readonly lifeMs: number
  private readonly keys = new Map<string, KeyLoads>()
  /** The oldest first. */
  private readonly leases = new Set<LoadLease>()
  private lookedAtMs = Number.NEGATIVE_INFINITY

  /** @param lifeMs How long a load may take to store what it brings. */
  constructor(lifeMs: number) {
    this.lifeMs = lifeMs
  }

  /** How many loads are known. */
  get size(): number {
    return this.leases.size
  }

  /** The number of the oldest load that is known. `Infinity`: there is none. */
  get oldest(): number {
    for (const { sequence } of this.leases) return sequence
    return Number.POSITIVE_INFINITY
  }

  /** @param sequence Above those of all loads before. */
  begin(key: string, sequence: number, nowMs: number): LoadLease {
    this.dropOverdue(nowMs)
    let loads = this.keys.get(key)
    if (loads === undefined) {
      loads = { running: 0, answered: 0 }
      this.keys.set(key, loads)
    }
    loads.running++
    const lease = { key, sequence, startedAtMs: nowMs, endsAtMs: nowMs + this.lifeMs, loads }
    this.leases.add(lease)
    if (this.leases.size > MOST_LOADS) {
      const [oldest] = this.leases as unknown as [LoadLease]
      this.end(oldest)
    }
    return lease
  }

  /** May be called twice. */
  end(lease: LoadLease): void {
    if (!this.leases.delete(lease)) return
    const { key, loads } = lease
    loads.running--
    if (loads.running === 0 && this.keys.get(key) === loads) this.keys.delete(key)
  }

  /**
   * The key was purged or set: its loads in flight must not store. They keep their own record, and loads
   * that begin later get another one:
   *
   * 1. Load A begins. 2. The key is purged. 3. Load B begins. 4. A answers, before or after B has, or
   * when B has ended and there is no record at all: A's record is not the key's, so A does not store.
   */
  purge(key: string): void {
    this.keys.delete(key)
  }

  /** Whether a load is known, and its key was not purged since it began. */
  isCurrent(lease: LoadLease): boolean {
    return this.leases.has(lease) && this.keys.get(lease.key) === lease.loads
  }

  /** A load has come to an answer. Returns false when one that began later has done so before. */
  answers({ sequence, loads }: LoadLease): boolean {
    if (sequence < loads.answered) return false
    loads.answered = sequence
    return true
  }

  /** Seldom, as it looks at all: until then what is over takes room, but is refused by its own time. */
  private dropOverdue(nowMs: number): void {
    if (Math.abs(nowMs - this.lookedAtMs) < this.lifeMs / 8) return
    this.lookedAtMs = nowMs
    for (const lease of this.leases) {
      // A clock that was set back by hours would otherwise keep it for as long.
      const isFromLater = nowMs < lease.startedAtMs - this.lifeMs
      if (nowMs >= lease.endsAtMs || isFromLater) this.end(lease)
    }
  }
}
