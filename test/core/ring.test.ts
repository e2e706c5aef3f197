import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/core/errors.ts'
import { murmur3 } from '../../src/core/hash.ts'
import { type Hash, Ring, type RingOptions } from '../../src/core/ring/ring.ts'

/** The seed's digits, then the text's, as a number: node 6 has its points at 6, 16 and 26. */
const digits: Hash = (text, seed) => Number(`${seed}${text}`)
/** A node named "20" has its only point at 20. */
const atItsName: Hash = (text) => Number(text)

const KEYS = Array.from({ length: 1_000 }, (_, i) => `key-${i}`)

describe('the classic example', () => {
  // Source: GeeCache's consistenthash_test.go, which follows groupcache's.
  test.each([
    ['2', '2'],
    ['11', '2'],
    ['23', '4'],
    ['27', '2'],
  ])('gives key %s to node %s', (key, owner) => {
    const ring = new Ring(['6', '4', '2'], { virtualNodes: 3, hash: digits })

    expect(ring.pick(key)).toBe(owner)
  })

  test('gives key 27 to node 8 once that is added', () => {
    const ring = new Ring(['6', '4', '2', '8'], { virtualNodes: 3, hash: digits })

    expect(ring.pick('27')).toBe('8')
  })
})

describe('where a key falls', () => {
  const ring = new Ring(['10', '20', '4294967295'], { virtualNodes: 1, hash: atItsName })

  test.each([
    ['on a point, to that point', '10', '10'],
    ['after a point, to the next one', '11', '20'],
    ['before the first point, to that point', '0', '10'],
    ['on the last position, to the point there', '4294967295', '4294967295'],
  ])('%s', (_where, key, owner) => {
    expect(ring.pick(key)).toBe(owner)
  })

  test('after the last point, round to the first one', () => {
    const low = new Ring(['10', '20'], { virtualNodes: 1, hash: atItsName })

    expect([low.pick('21'), low.pick('4294967295')]).toEqual(['10', '10'])
  })
})

describe('the order in which nodes are given', () => {
  const orders = [
    ['a', 'b', 'c', 'd'],
    ['d', 'c', 'b', 'a'],
    ['c', 'a', 'd', 'b'],
  ]

  test('changes no owner and no stand-in', () => {
    const picks = orders.map((nodes) => {
      const ring = new Ring(nodes)
      return KEYS.map((key) => ring.pickMany(key, 4))
    })

    expect(picks[1]).toEqual(picks[0])
    expect(picks[2]).toEqual(picks[0])
  })

  test('does not decide who has a point that several share: the name that sorts first does', () => {
    const rings = orders.map((nodes) => new Ring(nodes, { hash: () => 7 }))

    for (const ring of rings) {
      expect(ring.pick('key')).toBe('a')
      expect(ring.pickMany('key', 4)).toEqual(['a', 'b', 'c', 'd'])
      expect([...ring.shares()]).toEqual([
        ['a', 1],
        ['b', 0],
        ['c', 0],
        ['d', 0],
      ])
    }
  })

  test('leaves the list sorted by code unit', () => {
    const ring = new Ring(new Set(['é', 'b', 'a', 'B']))

    expect(ring.nodes).toEqual(['B', 'a', 'b', 'é'])
  })
})

describe('pickMany', () => {
  const ring = new Ring(['a', 'b', 'c', 'd', 'e'])

  test('goes on in ring order, and passes over nodes that it already has', () => {
    const classic = new Ring(['6', '4', '2'], { virtualNodes: 3, hash: digits })

    // Points from 13 on: 14 (4), 16 (6), 22 (2), 24, 26, then 2.
    expect(classic.pickMany('13', 3)).toEqual(['4', '6', '2'])
    // Points from 27 on: round to 2, then 4, 6.
    expect(classic.pickMany('27', 3)).toEqual(['2', '4', '6'])
  })

  test('puts the owner first', () => {
    expect(KEYS.map((key) => ring.pickMany(key, 3)[0])).toEqual(KEYS.map((key) => ring.pick(key)))
  })

  test('names each node once', () => {
    for (const key of KEYS) expect(new Set(ring.pickMany(key, 3)).size).toBe(3)
  })

  test('names all nodes where more are wanted than there are', () => {
    expect(ring.pickMany('key', 9).sort()).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('names none where none are wanted', () => {
    expect(ring.pickMany('key', 0)).toEqual([])
  })
})

describe('a single node', () => {
  test.each([1, 640])('owns everything with %i virtual nodes', (virtualNodes) => {
    const ring = new Ring(['only'], { virtualNodes })

    expect(new Set(KEYS.map((key) => ring.pick(key)))).toEqual(new Set(['only']))
    expect(ring.pickMany('key', 3)).toEqual(['only'])
    expect([...ring.shares()]).toEqual([['only', 1]])
  })
})

test('virtual nodes of node-1 and node-11 never coincide by their names', () => {
  const positions: number[] = []
  const hash: Hash = (text, seed) => {
    const position = murmur3(text, seed)
    positions.push(position)
    return position
  }

  const ring = new Ring(['node-1', 'node-11'], { hash })

  expect(ring.nodes).toEqual(['node-1', 'node-11'])
  expect(new Set(positions).size).toBe(2 * 640)
})

describe('a ring that makes no sense is refused', () => {
  const tooMany = Array.from({ length: 65_537 }, (_, i) => `node-${i}`)

  test.each<[what: string, nodes: string[], options: RingOptions, field: string]>([
    ['no nodes', [], {}, 'nodes'],
    ['a name twice', ['a', 'b', 'a'], {}, 'nodes'],
    ['more nodes than it can number', tooMany, { virtualNodes: 1 }, 'nodes'],
    ['no virtual nodes', ['a'], { virtualNodes: 0 }, 'virtualNodes'],
    ['a part of a virtual node', ['a'], { virtualNodes: 1.5 }, 'virtualNodes'],
    ['not a number of virtual nodes', ['a'], { virtualNodes: Number.NaN }, 'virtualNodes'],
  ])('%s', (_what, nodes, options, field) => {
    const build = () => new Ring(nodes, options)

    expect(build).toThrow(ConfigError)
    expect(build).toThrow(expect.objectContaining({ field }))
  })
})
