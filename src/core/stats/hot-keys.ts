/**
 * Owns which keys of a group are hot: a sketch of bounded size that misses no key with more than its
 * share of the gets. It is Space-Saving (Metwally, Agrawal, El Abbadi: "Efficient Computation of Frequent
 * and Top-k Elements in Data Streams", 2005) over counts that fade, so that it speaks of the present.
 */

/** A key, and how often it was asked for lately. */
export interface HotKey {
  readonly key: string
  /**
   * Recent gets: one counts for half a minute later, for a quarter after two. Never too few, as long as
   * nothing was taken out of the sketch.
   */
  readonly gets: number
  /** By how much `gets` may be too many, at most. */
  readonly overcount: number
}

/** How long it takes until a get counts for half. */
export const HALF_LIFE_MS = 60_000

/** What counts for less than this is not shown. */
const LEAST_GETS = 0.01

/** Longer keys are not counted: clients choose them, and the sketch holds their text. In UTF-16 code units. */
const LONGEST_KEY = 256

/** How many keys a report names. */
const REPORTED = 20

/** Past this the counts are brought down again, long before numbers lose precision. */
const LARGEST_SCALE = 2 ** 64

interface Counter {
  key: string
  /** In units that grow with time, instead of counts that would all have to shrink. */
  gets: number
  overcount: number
  /** Where it is in the heap. */
  place: number
}

/**
 * With `capacity` counters and recent gets of N in all, no count is more than N / capacity too high, and
 * each key with more than N / capacity gets has a counter, unless it is very long.
 */
export class HotKeys {
  private readonly capacity: number
  private readonly byKey = new Map<string, Counter>()
  /** A binary heap: the least is first. */
  private readonly heap: Counter[] = []
  private originMs = 0
  private scaledAtMs = 0
  private scale = 1

  constructor(capacity: number) {
    this.capacity = capacity
  }

  count(key: string, nowMs: number, gets = 1, overcount = 0): void {
    if (key.length > LONGEST_KEY) return
    const scale = this.scaleAt(nowMs)
    const known = this.byKey.get(key)
    if (known !== undefined) {
      known.gets += gets * scale
      known.overcount += overcount * scale
      this.sink(known)
      return
    }
    if (this.heap.length < this.capacity) {
      const counter = {
        key,
        gets: gets * scale,
        overcount: overcount * scale,
        place: this.heap.length,
      }
      this.byKey.set(key, counter)
      this.heap.push(counter)
      this.rise(counter)
      return
    }
    // The least counter changes hands: the key may have been asked for as often as it says, unseen.
    const least = this.heap[0] as Counter
    this.byKey.delete(least.key)
    least.key = key
    least.overcount = least.gets + overcount * scale
    least.gets += gets * scale
    this.byKey.set(key, least)
    this.sink(least)
  }

  /** The hottest keys, hottest first. */
  top(nowMs: number): HotKey[] {
    const scale = this.scaleAt(nowMs)
    return hottest(
      this.heap.map(({ key, gets, overcount }) => ({
        key,
        gets: gets / scale,
        overcount: overcount / scale,
      })),
    )
  }

  /** The keys that are meant, the hottest of them; they are counted from zero again. */
  take(nowMs: number, isMeant: (key: string) => boolean): HotKey[] {
    const taken = this.top(nowMs).filter(({ key }) => isMeant(key))
    if (taken.length === 0) return taken
    for (const { key } of taken) this.byKey.delete(key)
    const left = [...this.byKey.values()]
    this.heap.length = 0
    for (const counter of left) {
      counter.place = this.heap.length
      this.heap.push(counter)
      this.rise(counter)
    }
    return taken
  }

  private scaleAt(nowMs: number): number {
    if (nowMs === this.scaledAtMs) return this.scale
    if (this.heap.length === 0) this.originMs = nowMs
    // Where the clock is set back time stands still, or what has been would count for ever more.
    else if (nowMs < this.scaledAtMs) this.originMs -= this.scaledAtMs - nowMs
    this.scaledAtMs = nowMs
    this.scale = 2 ** ((nowMs - this.originMs) / HALF_LIFE_MS)
    if (this.scale > LARGEST_SCALE) {
      for (const counter of this.heap) {
        counter.gets /= this.scale
        counter.overcount /= this.scale
      }
      this.originMs = nowMs
      this.scale = 1
    }
    return this.scale
  }

  private rise(counter: Counter): void {
    while (counter.place > 0) {
      const parent = this.heap[(counter.place - 1) >> 1] as Counter
      if (parent.gets <= counter.gets) return
      this.swap(parent, counter)
    }
  }

  private sink(counter: Counter): void {
    for (;;) {
      const left = this.heap[2 * counter.place + 1]
      const right = this.heap[2 * counter.place + 2]
      const least = right !== undefined && right.gets < (left as Counter).gets ? right : left
      if (least === undefined || counter.gets <= least.gets) return
      this.swap(counter, least)
    }
  }

  private swap(a: Counter, b: Counter): void {
    const { place } = a
    a.place = b.place
    b.place = place
    this.heap[a.place] = a
    this.heap[b.place] = b
  }
}

/** Of two reports one: what one of them does not name is taken for not asked for there. */
export function mergeHotKeys(a: readonly HotKey[], b: readonly HotKey[]): HotKey[] {
  const merged = new Map(a.map((hot) => [hot.key, hot]))
  for (const hot of b) {
    const { gets = 0, overcount = 0 } = merged.get(hot.key) ?? {}
    merged.set(hot.key, {
      key: hot.key,
      gets: gets + hot.gets,
      overcount: overcount + hot.overcount,
    })
  }
  return hottest([...merged.values()])
}

function hottest(keys: readonly HotKey[]): HotKey[] {
  return keys
    .filter(({ gets }) => gets >= LEAST_GETS)
    .sort((a, b) => b.gets - a.gets)
    .slice(0, REPORTED)
}
