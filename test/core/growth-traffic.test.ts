/** What it costs its origins to grow a warm cache from four nodes to six, in one process. */

import { expect, test } from 'vitest'
import type { TopologyOptions } from '../../src/core/ring/topology.ts'
import { createCluster } from '../support/cluster.ts'
import { countingLoader } from '../support/counting-loader.ts'
import { seededRandom, zipf } from '../support/zipf.ts'

const NODES = ['node-0', 'node-1', 'node-2', 'node-3']
const KEYS = 3_000
const GETS = 30_000
/** A thousand gets a second, for 30 seconds before and 30 after. */
const OPTIONS = { ttlMs: 50_000, hotTtlMs: 0 }

interface Cost {
  readonly loads: number
  readonly peeks: number
  readonly handoffs: number
}

/** The same traffic each time, of which what comes after the change is counted. */
async function trafficAcross(change: TopologyOptions): Promise<Cost> {
  const loader = countingLoader()
  const cluster = createCluster(NODES, loader.load, OPTIONS, { isResizable: true })
  const next = zipf(KEYS, seededRandom(1))
  const ask = async (edge: typeof cluster.edge) => {
    for (let i = 0; i < GETS; i++) {
      cluster.clock.advance(1)
      await edge.get(`key-${next()}`)
    }
  }
  await ask(cluster.edge)
  loader.calls.length = 0
  cluster.resize(change)
  let peeks = 0
  for (const name of cluster.topology.allNodes()) {
    const { peer } = cluster.node(name)
    const peek = peer.peek.bind(peer)
    peer.peek = (...args) => {
      peeks++
      return peek(...args)
    }
  }
  await ask(cluster.addEdge())
  const stats = cluster.topology.allNodes().map((name) => cluster.node(name).group.stats)
  return {
    loads: loader.calls.length,
    peeks,
    handoffs: stats.reduce((sum, { handoffs }) => sum + handoffs, 0),
  }
}

test('growing from four nodes to six under load costs at most 2 % more loads than not growing', async () => {
  const same = await trafficAcross({ nodes: 4 })
  const grown = await trafficAcross({ nodes: 6, nodesBefore: 4 })
  const forgetful = await trafficAcross({ nodes: 6 })

  expect(same.loads).toBeGreaterThan(1_000)
  expect(grown.loads).toBeLessThanOrEqual(same.loads * 1.02)
  expect(grown.handoffs).toBeGreaterThan(500)
  // Each moved key is asked for once at most, and again once it has expired.
  expect(grown.peeks).toBeLessThan(KEYS)
  // What the hand-off saves: the same traffic without it.
  expect(forgetful.loads).toBeGreaterThan(same.loads * 1.35)
}, 60_000)
