/** Owns how many requests for a key are under way at the origin at once, and how many may be. */

/** A purge or a set, from when it was sent until it was answered. */
interface Forgetting {
  readonly group: string
  /** `undefined`: every key, as loads under way do not know their tags yet. */
  readonly key: string | undefined
  endedAtMs: number
}

/** What ended longer ago has no load left that began before it. */
const REMEMBERED_MS = 20_000
/**
 * A load that an owner began before a purge may be seen here after the purge's answer: one comes over the
 * origin's socket, the other over a client's.
 */
const LATE_MS = 50

/**
 * A key has one load at a time, and one more for each purge or set that was under way since the oldest of
 * them began: nobody who asks after it may join a load that began before.
 */
export class InFlight {
  private readonly starts = new Map<string, number[]>()
  private forgettings: Forgetting[] = []

  /** A purge or a set is sent. Returns what is to be called when it is answered. */
  forgetting(group: string, key: string | undefined): (nowMs: number) => void {
    const forgetting: Forgetting = { group, key, endedAtMs: Number.POSITIVE_INFINITY }
    this.forgettings.push(forgetting)
    return (nowMs) => {
      forgetting.endedAtMs = nowMs
      this.forgettings = this.forgettings.filter((it) => it.endedAtMs > nowMs - REMEMBERED_MS)
    }
  }

  /** Returns how many requests for the key are under way with this one, and how many may be. */
  began(group: string, key: string, nowMs: number): { count: number; most: number } {
    const path = `${group}/${key}`
    const starts = this.starts.get(path) ?? []
    starts.push(nowMs)
    this.starts.set(path, starts)
    const oldestMs = Math.min(...starts)
    const between = this.forgettings.filter(
      (it) => it.group === group && (it.key ?? key) === key && it.endedAtMs >= oldestMs - LATE_MS,
    )
    return { count: starts.length, most: 1 + between.length }
  }

  ended(group: string, key: string, startedAtMs: number): void {
    const path = `${group}/${key}`
    const starts = this.starts.get(path) ?? []
    starts.splice(starts.indexOf(startedAtMs), 1)
    if (starts.length === 0) this.starts.delete(path)
  }
}
