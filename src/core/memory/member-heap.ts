/** Owns the order of members by how full each is, for its share; what is done with the fullest is its caller's. */

export class Member {
  /** What the member may hold if all goes by shares, at least 1. */
  readonly shareBytes: number
  /** Decides among those that are equally full: the lower comes first. */
  readonly number: number
  heldBytes = 0
  /** As of the last look; only `Fullest` changes what follows. */
  fullness = 0
  index = -1
  hasChanged = false

  constructor(shareBytes: number, number: number) {
    this.shareBytes = Math.max(1, shareBytes)
    this.number = number
  }
}

/**
 * A binary heap that puts itself in order only when it is looked at: noting a change costs next to
 * nothing, and a look takes a logarithm for each member that has changed since the last one.
 */
export class Fullest<M extends Member> {
  private readonly heap: M[] = []
  /** Not a list: members may come and go for long before anybody looks. */
  private readonly changed = new Set<M>()

  /** How many have changed since the last look. */
  get unsettled(): number {
    return this.changed.size
  }

  add(member: M): void {
    member.index = this.heap.length
    this.heap.push(member)
    this.note(member)
  }

  has(member: M): boolean {
    return this.heap[member.index] === member
  }

  /** The member's `heldBytes` are others than before. */
  note(member: M): void {
    if (member.hasChanged) return
    member.hasChanged = true
    this.changed.add(member)
  }

  remove(member: M): void {
    if (!this.has(member)) return
    this.changed.delete(member)
    const last = this.heap.pop() as M
    if (last !== member) {
      this.put(last, member.index)
      this.settle(last)
    }
    member.index = -1
  }

  /** The one that holds most for its share; of several, that with the lowest number. */
  first(): M | undefined {
    // One at a time, by what was known of the others: so only one is ever out of place.
    for (const member of this.changed) {
      member.hasChanged = false
      member.fullness = member.heldBytes / member.shareBytes
      if (this.has(member)) this.settle(member)
    }
    if (this.changed.size > 0) this.changed.clear()
    return this.heap[0]
  }

  [Symbol.iterator](): IterableIterator<M> {
    return this.heap.values()
  }

  private settle(member: M): void {
    this.rise(member)
    this.sink(member)
  }

  private rise(member: M): void {
    while (member.index > 0) {
      const parent = this.heap[(member.index - 1) >> 1] as M
      if (!isFuller(member, parent)) return
      this.swap(member, parent)
    }
  }

  private sink(member: M): void {
    for (;;) {
      const left = this.heap[member.index * 2 + 1]
      const right = this.heap[member.index * 2 + 2]
      if (left === undefined) return
      const child = right !== undefined && isFuller(right, left) ? right : left
      if (!isFuller(child, member)) return
      this.swap(child, member)
    }
  }

  private swap(a: M, b: M): void {
    const { index } = a
    this.put(a, b.index)
    this.put(b, index)
  }

  private put(member: M, index: number): void {
    this.heap[index] = member
    member.index = index
  }
}

function isFuller(a: Member, b: Member): boolean {
  return a.fullness > b.fullness || (a.fullness === b.fullness && a.number < b.number)
}
