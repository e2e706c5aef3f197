/** Rows of durable groups across deployments in any order: none that has missed a purge may count again. */

import { describe, expect, test } from 'vitest'
import { leftBetween, nodeCountsOf, survivorsOf } from '../../src/core/ring/resize.ts'
import { type RingSettings, Topology, type TopologyOptions } from '../../src/core/ring/topology.ts'

const KEYS = Array.from({ length: 60 }, (_, i) => `key-${i}`)

/** Nodes with rows, which change over to what is deployed as real ones do. */
class Rows {
  private readonly rows = new Map<string, Map<string, number>>()
  private readonly settings = new Map<string, RingSettings>()
  private counts: Readonly<Record<string, number>> = {}
  private topology: Topology | undefined

  /** Every node of the ring is started, as by `GET /admin/stats`; those that have left are told. */
  deploy(topology: Topology): void {
    this.topology = topology
    for (const node of topology.allNodes()) {
      const survives = survivorsOf(this.settings.get(node), topology, node)
      const rows = this.rowsOf(node)
      const isSame = JSON.stringify(this.settings.get(node)) === JSON.stringify(topology.settings)
      if (!isSame) for (const key of rows.keys()) if (!survives(key)) rows.delete(key)
      this.settings.set(node, topology.settings)
    }
    const counts = nodeCountsOf(topology.settings)
    for (const node of leftBetween(this.counts, counts)) this.rowsOf(node).clear()
    this.counts = counts
  }

  /** Each owner has its rows, handed over or loaded now. */
  load(nowMs: number): void {
    this.forEachHolder((key, owner, previous) => {
      const rows = this.rowsOf(owner)
      const handed = previous === undefined ? undefined : this.rowsOf(previous).get(key)
      rows.set(key, rows.get(key) ?? handed ?? nowMs)
    })
  }

  purge(): void {
    this.forEachHolder((key, owner, previous) => {
      this.rowsOf(owner).delete(key)
      if (previous !== undefined) this.rowsOf(previous).delete(key)
    })
  }

  /** The oldest of the rows that may be answered or handed over. */
  oldest(): number {
    let oldest = Number.POSITIVE_INFINITY
    this.forEachHolder((key, owner, previous) => {
      for (const node of previous === undefined ? [owner] : [owner, previous]) {
        oldest = Math.min(oldest, this.rowsOf(node).get(key) ?? Number.POSITIVE_INFINITY)
      }
    })
    return oldest
  }

  rowsOf(node: string): Map<string, number> {
    const rows = this.rows.get(node) ?? new Map<string, number>()
    this.rows.set(node, rows)
    return rows
  }

  private forEachHolder(see: (key: string, owner: string, previous?: string) => void): void {
    const topology = this.topology as Topology
    for (const region of topology.regions) {
      for (const key of KEYS) {
        see(key, topology.ownerIn(region, key), topology.previousOwnerIn(region, key))
      }
    }
  }
}

const COUNTS: TopologyOptions[] = [
  { nodes: 2 },
  { nodes: 6 },
  { nodes: 2, nodesBefore: 6 },
  { nodes: 6, nodesBefore: 2 },
  { nodes: 4, nodesBefore: 6 },
  { nodes: 6, nodesBefore: 4 },
]
const REGIONS: TopologyOptions[] = [
  { nodes: 3 },
  { nodes: 3, regions: ['weur'] },
  { nodes: 3, regions: ['wnam'] },
  { nodes: 3, regions: ['weur', 'wnam'] },
  { nodes: 2, regions: ['weur', 'wnam'] },
  { nodes: 3, nodesBefore: 2, regions: ['wnam', 'weur'] },
]

function sequences<T>(of: readonly T[], length: number): T[][] {
  if (length === 0) return [[]]
  return sequences(of, length - 1).flatMap((head) => of.map((last) => [...head, last]))
}

describe.each([
  ['counts', COUNTS],
  ['regions', REGIONS],
])('deployments of other %s', (_, options) => {
  const topologies = options.map((option) => new Topology(option))

  test('in any order of four bring no row back that was purged, whichever of them had a purge', () => {
    for (const deployments of sequences(topologies, 4)) {
      for (const purgedIn of [0b0010, 0b0100, 0b0110]) {
        const rows = new Rows()
        let purgedAtMs = 0
        deployments.forEach((topology, i) => {
          rows.deploy(topology)
          if (purgedIn & (1 << i)) {
            purgedAtMs = i
            rows.purge()
          }
          const name = () => JSON.stringify(deployments.map(({ settings }) => settings))
          if (rows.oldest() < purgedAtMs) expect.fail(`${name()}, purged in ${purgedIn}`)
          rows.load(i)
        })
      }
    }
  }, 60_000)
})

test('growing as described keeps every row whose owner stays, and hands over the others', () => {
  const rows = new Rows()
  const keptIn = (options: TopologyOptions) => {
    const topology = new Topology(options)
    rows.deploy(topology)
    return KEYS.filter((key) =>
      [topology.ownerIn('', key), topology.previousOwnerIn('', key) ?? ''].some((node) =>
        rows.rowsOf(node).has(key),
      ),
    )
  }
  keptIn({ nodes: 16 })
  rows.load(1)

  expect(keptIn({ nodes: 24, nodesBefore: 16 })).toEqual(KEYS)
  rows.load(2)
  expect(keptIn({ nodes: 24 })).toEqual(KEYS)
  expect(keptIn({ nodes: 16, nodesBefore: 24 })).toEqual(KEYS)
  rows.load(3)
  expect(keptIn({ nodes: 16 })).toEqual(KEYS)
  expect(rows.oldest()).toBe(1)
})

test('the nodes that have left are those of a region, and of its counts', () => {
  const before = { weur: 2, wnam: 3 }

  expect(leftBetween(before, { weur: 1, wnam: 4 })).toEqual(['weur/node-1'])
  expect(leftBetween(before, { '': 2, weur: 2 })).toEqual([
    'wnam/node-0',
    'wnam/node-1',
    'wnam/node-2',
  ])
  expect(nodeCountsOf({ nodes: 2, nodesBefore: 5, regions: [''] })).toEqual({ '': 5 })
})
