/** Owns what the best policy could do that knew all requests to come: what real ones are measured against. */

import type { Workload } from './workload.ts'

interface Held {
  readonly key: string
  readonly nextUse: number
}

/**
 * The hits of Belady's MIN ("A study of replacement algorithms for a virtual-storage computer", 1966): what
 * is asked for again last gives way. Where entries count alike, no policy that holds what it was asked for
 * has more hits. Where they do not, this is a yardstick and no bound: the best is not known then.
 */
export function beladyHits({ keys, sizes, capacity }: Workload): number {
  const nextUses = nextUsesOf(keys)
  const held = new Map<string, { nextUse: number; size: number }>()
  const queue = new LatestFirst()
  let hits = 0
  let used = 0
  for (const [i, key] of keys.entries()) {
    const nextUse = nextUses[i] as number
    const found = held.get(key)
    if (found !== undefined) {
      hits++
      found.nextUse = nextUse
      queue.push({ key, nextUse })
      continue
    }
    const size = sizes?.[i] ?? 1
    if (size > capacity) continue
    while (used + size > capacity) {
      const latest = queue.pop() as Held
      const victim = held.get(latest.key)
      // Left behind by an earlier use of the key.
      if (victim === undefined || victim.nextUse !== latest.nextUse) continue
      held.delete(latest.key)
      used -= victim.size
    }
    held.set(key, { nextUse, size })
    queue.push({ key, nextUse })
    used += size
  }
  return hits
}

/** For each request, the index of the next one for its key; past all, and each once, if there is none. */
function nextUsesOf(keys: readonly string[]): Float64Array {
  const nextUses = new Float64Array(keys.length)
  const upcoming = new Map<string, number>()
  for (let i = keys.length - 1; i >= 0; i--) {
    const key = keys[i] as string
    nextUses[i] = upcoming.get(key) ?? 2 * keys.length - i
    upcoming.set(key, i)
  }
  return nextUses
}

/** A binary heap. */
class LatestFirst {
  private readonly items: Held[] = []

  push(item: Held): void {
    const { items } = this
    let at = items.length
    while (at > 0) {
      const above = (at - 1) >> 1
      const other = items[above] as Held
      if (other.nextUse >= item.nextUse) break
      items[at] = other
      at = above
    }
    items[at] = item
  }

  pop(): Held | undefined {
    const { items } = this
    const top = items[0]
    const last = items.pop()
    if (last === undefined || items.length === 0) return top
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= items.length) break
      if (below + 1 < items.length && this.isLater(below + 1, below)) below++
      if ((items[below] as Held).nextUse <= last.nextUse) break
      items[at] = items[below] as Held
      at = below
    }
    items[at] = last
    return top
  }

  private isLater(one: number, other: number): boolean {
    return (this.items[one] as Held).nextUse > (this.items[other] as Held).nextUse
  }
}
