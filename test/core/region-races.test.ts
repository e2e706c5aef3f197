/** Every order in which a regional miss, while the ring changes too, can race with a purge or a set. */

import { describe, expect, test } from 'vitest'
import type { Purge } from '../../src/core/entry/purge.ts'
import { type Cluster, createCluster } from '../support/cluster.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { type Choose, everySchedule } from '../support/every-schedule.ts'
import { textOf } from '../support/group-factory.ts'
import { type HeldCalls, holdCalls } from '../support/held-calls.ts'
import { settle } from '../support/settle.ts'

const NODES = ['node-0', 'node-1', 'node-2', 'node-3']
const REGIONS = ['weur', 'wnam']
const OPTIONS = { hotTtlMs: 0, staleIfErrorMs: 60_000 }

interface Setting {
  /** Whether the ring is being grown. */
  readonly isGrowing: boolean
  /** The region in which Tom is held already, before the ring grows if it does. */
  readonly heldIn: string
  /** As many there are at least. */
  readonly schedules: number
}

/** Tom is "old" where it is held, and at its origin what a change makes of it. */
async function regional({ isGrowing, heldIn }: Setting, atOrigin: string) {
  let value = 'old'
  const loader = countingLoader(() => ({ ...text(value), tags: ['players'] }))
  const cluster = createCluster(NODES, loader.load, OPTIONS, {
    regions: REGIONS,
    isResizable: true,
  })
  await cluster.addEdge(heldIn).get('Tom')
  value = atOrigin
  if (isGrowing) cluster.resize({ nodes: 6, nodesBefore: 4, regions: REGIONS })
  return cluster
}

/** All that two owners, and two previous ones, are asked and told. */
function holdAll({ node, topology }: Cluster, change: Purge | 'set') {
  const [home, other] = REGIONS as [string, string]
  const owners = [home, other].map((region) => node(topology.ownerIn(region, 'Tom')).peer)
  const previous = [home, other].flatMap((region) => {
    const name = topology.previousOwnerIn(region, 'Tom')
    return name === undefined ? [] : node(name).peer
  })
  const asked = [
    ...previous.map((peer) => holdCalls(peer, 'peek')),
    ...owners.slice(0, 1).map((peer) => holdCalls(peer, 'get')),
  ]
  const told = [
    ...[...previous, ...owners].map((peer) => holdCalls(peer, 'purge')),
    ...(change === 'set' ? owners.slice(0, 1).map((peer) => holdCalls(peer, 'set')) : []),
  ]
  return { asked, told }
}

/** A get from the other region and a change, whose steps come in the order that is chosen. */
async function race(choose: Choose, setting: Setting, change: Purge | 'set'): Promise<void> {
  // A value that is set wins over what its origin says.
  const cluster = await regional(setting, change === 'set' ? 'old' : 'new')
  const edge = cluster.addEdge('wnam')
  const { asked, told } = holdAll(cluster, change)
  const under: Promise<unknown>[] = []
  under.push(change === 'set' ? edge.set('Tom', text('new')) : edge.purge(change))
  await settle()

  let hasAsked = false
  const ask = async () => {
    hasAsked = true
    under.push(edge.get('Tom') as Promise<unknown>)
    await settle()
  }
  const waiting = (calls: HeldCalls) => calls.waiting > 0
  for (;;) {
    const possible = [
      ...(hasAsked ? [] : [ask]),
      ...asked.filter(waiting).map((calls) => calls.step),
      ...told.filter(waiting).map((calls) => calls.pass),
    ]
    if (possible.length === 0) break
    await possible[choose(possible.length)]?.()
  }

  await Promise.all(under)
  for (const calls of [...asked, ...told]) calls.free()
  for (const region of REGIONS) {
    expect(textOf(await cluster.addEdge(region).get('Tom'))).toBe('new')
  }
}

const CHANGES: [string, Purge | 'set'][] = [
  ['a set', 'set'],
  ['a purge of the key', { keys: ['Tom'] }],
  ['a soft purge of the key', { keys: ['Tom'], soft: true }],
]

const SETTINGS: [string, Setting][] = [
  ['home has', { isGrowing: false, heldIn: 'weur', schedules: 10 }],
  ['both regions have', { isGrowing: false, heldIn: 'wnam', schedules: 3 }],
  ["home's previous owner has", { isGrowing: true, heldIn: 'weur', schedules: 200 }],
  ['both previous owners have', { isGrowing: true, heldIn: 'wnam', schedules: 35 }],
]

describe.each(CHANGES)('nothing old comes back after %s', (_, change) => {
  test.each(SETTINGS)(
    'in whatever order a region asks for what %s',
    async (_, setting) => {
      const schedules = await everySchedule((choose) => race(choose, setting, change))

      expect(schedules).toBeGreaterThanOrEqual(setting.schedules)
    },
    60_000,
  )
})

test.each<[string, Purge]>([
  ['a purge of its tag', { tags: ['players'] }],
  ['a purge of everything', { all: true }],
  ['a soft purge of everything', { all: true, soft: true }],
])('nor after %s, where home has it', async (_, change) => {
  const setting = { isGrowing: false, heldIn: 'weur', schedules: 10 }

  const schedules = await everySchedule((choose) => race(choose, setting, change))

  expect(schedules).toBeGreaterThanOrEqual(setting.schedules)
})
