/** Every order in which a hand-off can race with what makes its value an old one. */

import { describe, expect, test } from 'vitest'
import type { Purge } from '../../src/core/entry/purge.ts'
import { createCluster } from '../support/cluster.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { textOf } from '../support/group-factory.ts'
import { holdCalls, interleavings } from '../support/held-calls.ts'

const NODES = ['node-0', 'node-1', 'node-2', 'node-3']
const OPTIONS = { hotTtlMs: 0, staleIfErrorMs: 60_000 }

/** Tom is "old" at its previous owner, and something else at its origin. */
async function growing(atOrigin = 'new') {
  let value = 'old'
  const loader = countingLoader(() => ({ ...text(value), tags: ['players'] }))
  const cluster = createCluster(NODES, loader.load, OPTIONS, { isResizable: true })
  await cluster.edge.get('Tom')
  value = atOrigin
  cluster.resize({ nodes: 6, nodesBefore: 4 })
  const { topology } = cluster
  const previous = cluster.node(topology.previousOwnerIn('', 'Tom') as string).peer
  const owner = cluster.node(topology.ownerIn('', 'Tom')).peer
  return { cluster, edge: cluster.addEdge(), loader, owner, previous }
}

/** A get at the new owner: the question reaches the previous one, and the answer comes back. */
const GET = ['get', 'peek reads', 'peek answers']

/** Runs a get and a change of the value, in this order of their steps, and returns what a later get gives. */
async function race(order: readonly string[], change: Purge | 'set'): Promise<string> {
  // A value that is set wins over what its origin says.
  const { edge, owner, previous } = await growing(change === 'set' ? 'old' : 'new')
  const peek = holdCalls(previous, 'peek')
  const held = [
    // Those of the change, not that by which a new owner has its value forgotten.
    holdCalls(previous, 'purge', ([, , limitMs]) => limitMs === undefined),
    holdCalls(owner, change === 'set' ? 'set' : 'purge'),
  ] as const
  const under: Promise<unknown>[] = []
  const steps: Record<string, () => unknown> = {
    get: () => under.push(edge.get('Tom') as Promise<unknown>),
    'peek reads': peek.step,
    'peek answers': peek.step,
    previous: held[0].pass,
    owner: held[1].pass,
  }

  under.push(change === 'set' ? edge.set('Tom', text('new')) : edge.purge(change))
  for (const step of order) await steps[step]?.()
  await Promise.all(under)

  peek.free()
  return textOf(await edge.get('Tom'))
}

const KEY_CHANGES: [string, Purge | 'set'][] = [
  ['a set', 'set'],
  ['a purge of the key', { keys: ['Tom'] }],
  ['a soft purge of the key', { keys: ['Tom'], soft: true }],
]

describe.each(KEY_CHANGES)('when a hand-off races with %s', (_, change) => {
  const orders = interleavings(GET, ['previous', 'owner'])
  // Once the value is set, there is nothing to be handed over.
  const possible = orders.filter(
    (order) => change !== 'set' || order.indexOf('get') < order.indexOf('owner'),
  )

  test.each(possible.map((order) => order.join(', ')))(
    'nothing old comes back after it is over: %s',
    async (order) => {
      expect(await race(order.split(', '), change)).toBe('new')
    },
  )
})

/** Who is told first in a round is not said. */
const ROUNDS = [
  ['previous', 'owner'],
  ['owner', 'previous'],
]

const WIDE_CHANGES: [string, Purge][] = [
  ['a purge of its tag', { tags: ['players'] }],
  ['a soft purge of its tag', { tags: ['players'], soft: true }],
  ['a purge of everything', { all: true }],
  ['a soft purge of everything', { all: true, soft: true }],
]

describe.each(WIDE_CHANGES)('when a hand-off races with %s', (_, change) => {
  const changes = ROUNDS.flatMap((first) => ROUNDS.map((second) => [...first, ...second]))

  test.each(changes.map((order) => order.join(', ')))(
    'nothing old comes back after it is over, whenever the get comes between %s',
    async (order) => {
      for (const merged of interleavings(GET, order.split(', '))) {
        expect(await race(merged, change), merged.join(', ')).toBe('new')
      }
    },
  )
})

test('what was taken over between the rounds of a purge is purged by the second, and counted', async () => {
  const { edge, owner, previous } = await growing()
  const held = [holdCalls(previous, 'purge'), holdCalls(owner, 'purge')] as const

  const purge = edge.purge({ tags: ['players'] })
  await held[1].pass()
  const between = await edge.get('Tom')
  for (const calls of [held[0], held[0], held[1]]) await calls.pass()
  const report = await purge

  expect(textOf(between)).toBe('old')
  expect(report).toEqual({ ok: true, nodes: 6, entries: 2, failed: [] })
  expect(textOf(await edge.get('Tom'))).toBe('new')
})

test('a purge that fails at the previous owner says so, as the old value may come back', async () => {
  const { edge, loader, previous } = await growing()
  previous.broken = true
  const report = await edge.purge({ tags: ['players'] })
  previous.broken = false

  const reply = await edge.get('Tom')

  expect(report).toMatchObject({ ok: false, failed: [previous.name] })
  expect(textOf(reply)).toBe('old')
  expect(loader.calls).toHaveLength(1)
})
