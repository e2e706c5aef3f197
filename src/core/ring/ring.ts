/** Owns the consistent-hash ring: which node owns a key. What a node is, and how it is reached, is left to peers. */

import { ConfigError } from '../errors.ts'
import { murmur3 } from '../hash.ts'

/** Maps text to an unsigned 32-bit integer, in a different way for each seed. */
export type Hash = (text: string, seed: number) => number

export interface RingOptions {
  /**
   * Points that each node has on the ring; default 640. The spread of the nodes' shares goes with
   * one over its square root: at 640, the largest of 32 shares is about 1.07 times the mean.
   */
  readonly virtualNodes?: number
  /** Default: `murmur3`. */
  readonly hash?: Hash
}

/**
 * An immutable consistent-hash ring.
 *
 * A key belongs to the node of the first point at or after the key's hash, going round. The ring
 * depends on the set of nodes, not on their order; where two nodes' points coincide, the node whose
 * name sorts first has the point.
 *
 * Source: Karger et al., "Consistent Hashing and Random Trees" (1997); groupcache's
 * consistenthash.go, which takes the last writer at a collision.
 */
export class Ring {
  /** Sorted by code unit. */
  readonly nodes: readonly string[]
  private readonly hash: Hash
  private readonly points: Points

  /** Throws `ConfigError` when there is no node, a name twice, or `virtualNodes` below 1. */
  constructor(nodes: Iterable<string>, options: RingOptions = {}) {
    this.nodes = sortedNames(nodes)
    this.hash = options.hash ?? murmur3
    this.points = placePoints(this.nodes, options.virtualNodes ?? 640, this.hash)
  }

  /** The name of the node that owns `key`. */
  pick(key: string): string {
    return this.nodeAt(this.pointOf(key))
  }

  /**
   * The first `n` distinct nodes at or after `key`, in ring order: the owner, then those that stand
   * in for it. All nodes, where there are not as many as `n`.
   */
  pickMany(key: string, n: number): string[] {
    const wanted = Math.min(n, this.nodes.length)
    const picked: string[] = []
    for (let point = this.pointOf(key); picked.length < wanted; point++) {
      const node = this.nodeAt(point % this.points.positions.length)
      if (!picked.includes(node)) picked.push(node)
    }
    return picked
  }

  /** The part of the hash space, 0 to 1, that each node owns. The parts sum to 1. */
  shares(): Map<string, number> {
    const { positions } = this.points
    const shares = new Map(this.nodes.map((node) => [node, 0]))
    let previous = (positions.at(-1) as number) - 2 ** 32
    positions.forEach((position, point) => {
      const node = this.nodeAt(point)
      shares.set(node, (shares.get(node) as number) + (position - previous) / 2 ** 32)
      previous = position
    })
    return shares
  }

  /** The index of the first point at or after the key's hash. */
  private pointOf(key: string): number {
    const { positions, firstOfSlice, sliceShift } = this.points
    const position = this.hash(key, 0)
    let point = firstOfSlice[position >>> sliceShift] as number
    // A few points lie in a slice: one step or two, where a binary search would take nineteen.
    while (point < positions.length && (positions[point] as number) < position) point++
    return point === positions.length ? 0 : point
  }

  private nodeAt(point: number): string {
    return this.nodes[this.points.owners[point] as number] as string
  }
}

/** All virtual nodes, ascending by position and, where positions coincide, by the node's index. */
interface Points {
  readonly positions: Uint32Array
  /** The index of each point's node among the sorted names. */
  readonly owners: Uint16Array
  /** For each slice of the hash space, the index of its first point; then the number of points. */
  readonly firstOfSlice: Uint32Array
  /** A position's slice is what is left after this shift. */
  readonly sliceShift: number
}

const MOST_NODES = 0x10000

function sortedNames(nodes: Iterable<string>): string[] {
  const names = [...nodes].sort()
  if (names.length === 0 || names.length > MOST_NODES) {
    throw new ConfigError('nodes', names.length, `between 1 and ${MOST_NODES} nodes`)
  }
  names.forEach((name, i) => {
    if (name === names[i - 1]) throw new ConfigError('nodes', name, 'names that differ')
  })
  return names
}

/**
 * Sorts by slice first, which takes one pass as the hash spreads the points evenly, then within each
 * slice, where a few points lie. A comparison sort of 512 nodes' points takes five times as long.
 */
function placePoints(names: readonly string[], virtualNodes: number, hash: Hash): Points {
  if (!Number.isInteger(virtualNodes) || virtualNodes < 1) {
    throw new ConfigError('virtualNodes', virtualNodes, 'a whole number of at least 1')
  }
  const count = names.length * virtualNodes
  // 2 to 4 points in a slice: with fewer slices more of a large ring stays in the processor's cache.
  const sliceShift = Math.clz32((count >> 2) | 1)
  const hashes = new Uint32Array(count)
  const firstOfSlice = new Uint32Array(2 ** (32 - sliceShift) + 1)
  for (let point = 0; point < count; point++) {
    // The number is the seed, not a part of the text: node-1's 12th can never be node-11's 2nd.
    const name = names[Math.floor(point / virtualNodes)] as string
    const position = hash(name, point % virtualNodes) >>> 0
    hashes[point] = position
    countUp(firstOfSlice, (position >>> sliceShift) + 1)
  }
  for (let slice = 1; slice < firstOfSlice.length; slice++) {
    firstOfSlice[slice] = (firstOfSlice[slice] as number) + (firstOfSlice[slice - 1] as number)
  }

  const positions = new Uint32Array(count)
  const owners = new Uint16Array(count)
  const filled = new Uint32Array(firstOfSlice.length)
  // By ascending index of the node, and moving only what is greater: equal positions keep that order.
  for (let point = 0; point < count; point++) {
    const position = hashes[point] as number
    const slice = position >>> sliceShift
    const first = firstOfSlice[slice] as number
    let place = first + countUp(filled, slice)
    for (; place > first && (positions[place - 1] as number) > position; place--) {
      positions[place] = positions[place - 1] as number
      owners[place] = owners[place - 1] as number
    }
    positions[place] = position
    owners[place] = Math.floor(point / virtualNodes)
  }
  return { positions, owners, firstOfSlice, sliceShift }
}

/** Adds one, and returns what the count was. */
function countUp(counts: Uint32Array, index: number): number {
  const before = counts[index] as number
  counts[index] = before + 1
  return before
}
