import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { murmur3 } from '../../src/core/hash.ts'
import { type Hash, Ring } from '../../src/core/ring/ring.ts'

/** The same ring without any structure: it looks at all points, each time. */
class LinearRing {
  private readonly points: { node: string; position: number }[]
  private readonly hash: Hash

  constructor(nodes: string[], virtualNodes: number, hash: Hash) {
    this.hash = hash
    this.points = nodes.flatMap((node) =>
      Array.from({ length: virtualNodes }, (_, seed) => ({ node, position: hash(node, seed) })),
    )
  }

  /** All nodes, by the way from the key to their nearest point, then by name. */
  nodesFrom(key: string): string[] {
    const start = this.hash(key, 0)
    const way = (position: number) => (position - start + 2 ** 32) % 2 ** 32
    const byWay = [...this.points].sort(
      (a, b) => way(a.position) - way(b.position) || (a.node < b.node ? -1 : 1),
    )
    return [...new Set(byWay.map(({ node }) => node))]
  }

  shares(): Map<string, number> {
    const shares = new Map(this.points.map(({ node }) => [node, 0]))
    const positions = [...new Set(this.points.map(({ position }) => position))].sort(
      (a, b) => a - b,
    )
    positions.forEach((position, i) => {
      const previous = positions[i - 1] ?? (positions.at(-1) ?? 0) - 2 ** 32
      const [owner = ''] = this.points
        .filter((point) => point.position === position)
        .map(({ node }) => node)
        .sort()
      shares.set(owner, (shares.get(owner) ?? 0) + (position - previous) / 2 ** 32)
    })
    return shares
  }
}

const HASHES: [name: string, hash: Hash][] = [
  ['murmur3', murmur3],
  [
    'a hash with few values, so that points coincide',
    (text, seed) => (murmur3(text, seed) & 0xf0000000) >>> 0,
  ],
  [
    'a hash that puts all points close together',
    (text, seed) => 0x80000000 + (murmur3(text, seed) >>> 24),
  ],
]

const anyRing = fc.record({
  nodes: fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 8 }), {
    minLength: 1,
    maxLength: 8,
  }),
  virtualNodes: fc.integer({ min: 1, max: 40 }),
})
const anyKeys = fc.array(fc.string({ unit: 'binary' }), { minLength: 20, maxLength: 20 })

describe.each(HASHES)('with %s, a ring agrees with a scan of all points', (_name, hash) => {
  test('on the owner of a key and on those that stand in for it', () => {
    const property = fc.property(anyRing, anyKeys, ({ nodes, virtualNodes }, keys) => {
      const ring = new Ring(nodes, { virtualNodes, hash })
      const model = new LinearRing(nodes, virtualNodes, hash)

      for (const key of keys) {
        const expected = model.nodesFrom(key)
        expect(ring.pick(key)).toBe(expected[0])
        expect(ring.pickMany(key, nodes.length)).toEqual(expected)
      }
    })

    fc.assert(property, { seed: 3, numRuns: 100 })
  })

  test('on the share of each node, and the shares sum to 1', () => {
    const property = fc.property(anyRing, ({ nodes, virtualNodes }) => {
      const shares = new Ring(nodes, { virtualNodes, hash }).shares()

      expect(shares).toEqual(new LinearRing(nodes, virtualNodes, hash).shares())
      // Exact: each share is a whole number of 2^-32ths.
      expect([...shares.values()].reduce((sum, share) => sum + share, 0)).toBe(1)
    })

    fc.assert(property, { seed: 4, numRuns: 100 })
  })
})
