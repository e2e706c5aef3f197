/** A previous owner's value never comes back after the new owner has answered something newer. */

import { describe, expect, test, vi } from 'vitest'
import type { GroupOptions } from '../../src/core/group/group.ts'
import type { Loaded } from '../../src/core/load/loader.ts'
import { createCluster, type FakePeer } from '../support/cluster.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { textOf } from '../support/group-factory.ts'
import { holdCalls } from '../support/held-calls.ts'
import { settle } from '../support/settle.ts'

const NODES = ['node-0', 'node-1', 'node-2', 'node-3']
const NOT_FOUND: Loaded = { kind: 'not-found' }

/** Tom is "old" at its previous owner; the origin answers something else from now on. */
async function growing(options: Partial<GroupOptions> = {}) {
  const origin: { answer: () => Loaded | Promise<Loaded> } = {
    answer: () => ({ ...text('old'), tags: ['players'] }),
  }
  const loader = countingLoader(() => origin.answer())
  const all = { hotTtlMs: 0, ...options }
  const cluster = createCluster(NODES, loader.load, all, { isResizable: true })
  await cluster.edge.get('Tom')
  cluster.resize({ nodes: 6, nodesBefore: 4 })
  const { clock, topology } = cluster
  const previous = cluster.node(topology.previousOwnerIn('', 'Tom') as string)
  const owner = cluster.node(topology.ownerIn('', 'Tom'))
  return { clock, cluster, edge: cluster.addEdge(), loader, origin, owner, previous }
}

/** From now on a peek is not answered until it is asked for. */
function loseAnswers(peer: FakePeer) {
  return vi.spyOn(peer, 'peek').mockReturnValue(new Promise(() => {}))
}

async function getAfterLostPeek({ clock, edge, previous }: Awaited<ReturnType<typeof growing>>) {
  const lost = loseAnswers(previous.peer)
  const get = edge.get('Tom')
  await settle()
  clock.advance(250)
  const reply = await get
  lost.mockRestore()
  return reply
}

const NOT_KEPT: [string, Loaded][] = [
  ['"not found" that is not remembered', NOT_FOUND],
  ['a value with no life', { ...text('new'), ttlMs: 0 }],
  ['a value that is too large', { kind: 'too-large' }],
]

describe.each(NOT_KEPT)('after %s', (_, answer) => {
  test('a peek brings nothing older, when the first one was lost', async () => {
    const parts = await growing()
    parts.origin.answer = () => answer

    const first = await getAfterLostPeek(parts)
    const second = await parts.edge.get('Tom')
    parts.clock.advance(10_000)
    const third = await parts.edge.get('Tom')

    expect([second.kind, third.kind]).toEqual([first.kind, first.kind])
    for (const { path } of [second, third]) expect(path[0]?.cache).toBe(parts.owner.peer.name)
    expect(parts.owner.group.stats.handoffs).toBe(0)
    expect(parts.previous.group.items).toBe(0)
  })

  test('a peek brings nothing older, when the previous owner could not be told', async () => {
    const { edge, origin, owner, previous } = await growing()
    origin.answer = () => answer
    previous.peer.broken = true
    const first = await edge.get('Tom')
    previous.peer.broken = false

    const later = [await edge.get('Tom'), await edge.get('Tom')]

    expect(later.map(({ kind }) => kind)).toEqual([first.kind, first.kind])
    expect(owner.group.stats.handoffs).toBe(0)
  })
})

test('what was newer and is over is not followed by what is older', async () => {
  const parts = await growing()
  parts.origin.answer = () => ({ ...text('new'), ttlMs: 1_000 })
  await getAfterLostPeek(parts)
  parts.clock.advance(1_000)

  expect(textOf(await parts.edge.get('Tom'))).toBe('new')
  expect(parts.loader.calls).toHaveLength(3)
})

test('a stale value that was handed over is gone everywhere once its refresh has found nothing', async () => {
  const { clock, edge, loader, origin, previous } = await growing({ staleIfErrorMs: 60_000 })
  clock.advance(60_000)
  origin.answer = () => NOT_FOUND
  await edge.get('Tom')
  origin.answer = () => {
    throw new Error('down')
  }

  const reply = await edge.get('Tom')

  expect(reply).toMatchObject({ kind: 'failed' })
  expect(previous.group.items).toBe(0)
  expect(loader.calls).toHaveLength(3)
})

test('a failed load is no newer answer: what the previous owner has is still handed over', async () => {
  const parts = await growing()
  parts.origin.answer = () => {
    throw new Error('down')
  }
  await getAfterLostPeek(parts)

  expect(textOf(await parts.edge.get('Tom'))).toBe('old')
})

/**
 * 1. A get peeks in vain, and its load begins. 2. A purge of another tag hides that flight. 3. A second get
 * peeks, and reads the old value. 4. The load is answered. 5. The peek's answer arrives.
 */
describe('a load that is answered while a later get peeks', () => {
  async function overtaken(answer: Loaded) {
    const parts = await growing()
    const { edge, origin, owner, previous, clock } = parts
    const latch = Promise.withResolvers<Loaded>()
    origin.answer = () => latch.promise
    const lost = loseAnswers(previous.peer)
    const first = edge.get('Tom')
    await settle()
    clock.advance(250)
    await settle()
    lost.mockRestore()
    owner.group.purgeLocally({ tags: ['others'] })
    const peek = holdCalls(previous.peer, 'peek')
    const second = edge.get('Tom')
    await settle()
    await peek.step()
    origin.answer = () => answer
    const finish = async () => {
      latch.resolve(answer)
      await first
      await settle()
    }
    return { ...parts, finish, peek, second }
  }

  test.each(NOT_KEPT.slice(0, 2))('with %s is not undone by that', async (_, answer) => {
    const { edge, finish, peek, second } = await overtaken(answer)

    await finish()
    await peek.step()
    peek.free()

    for (const reply of [await second, await edge.get('Tom')]) {
      expect(reply.kind === 'value' ? textOf(reply) : reply.kind).not.toBe('old')
    }
  })

  test('and is kept, is not replaced by it', async () => {
    const { edge, finish, peek, second } = await overtaken(text('new'))

    await finish()
    await peek.step()
    peek.free()

    expect(textOf(await second)).toBe('new')
    expect(textOf(await edge.get('Tom'))).toBe('new')
  })

  test('and comes after the hand-over, replaces it', async () => {
    const { edge, finish, peek, second } = await overtaken(text('new'))

    await peek.step()
    peek.free()
    expect(textOf(await second)).toBe('old')
    await finish()

    expect(textOf(await edge.get('Tom'))).toBe('new')
  })

  test('and is not kept, removes what was handed over meanwhile', async () => {
    const { edge, finish, peek, second } = await overtaken(NOT_FOUND)

    await peek.step()
    peek.free()
    await second
    await finish()

    expect((await edge.get('Tom')).kind).toBe('not-found')
  })
})

test('a load that is answered after its time counts as well', async () => {
  const { clock, edge, origin, owner, previous } = await growing({ timeoutMs: 1_000 })
  const latch = Promise.withResolvers<Loaded>()
  origin.answer = () => latch.promise
  const lost = loseAnswers(previous.peer)
  const get = edge.get('Tom')
  await settle()
  clock.advance(250)
  await settle()
  clock.advance(1_000)
  expect(await get).toMatchObject({ code: 'load-timeout' })
  lost.mockRestore()
  latch.resolve(NOT_FOUND)
  await settle()
  origin.answer = () => NOT_FOUND

  expect((await edge.get('Tom')).kind).toBe('not-found')
  expect(owner.group.stats.handoffs).toBe(0)
})

describe('a regional previous owner', () => {
  test('hands over nothing that is older than what home has answered', async () => {
    const origin: { answer: Loaded } = { answer: text('old') }
    const loader = countingLoader(() => origin.answer)
    const regions = ['weur', 'wnam']
    const cluster = createCluster(
      NODES,
      loader.load,
      { hotTtlMs: 0 },
      { isResizable: true, regions },
    )
    await cluster.addEdge('wnam').get('Tom')
    origin.answer = NOT_FOUND
    // Home has lost its memory.
    for (const name of cluster.topology.nodesIn('weur')) {
      cluster.node(name).group.purgeLocally({ all: true })
    }
    cluster.resize({ nodes: 6, nodesBefore: 4, regions })
    const { topology } = cluster
    const previous = cluster.node(topology.previousOwnerIn('wnam', 'Tom') as string)
    const edge = cluster.addEdge('wnam')

    previous.peer.broken = true
    const first = await edge.get('Tom')
    previous.peer.broken = false

    expect([first.kind, (await edge.get('Tom')).kind]).toEqual(['not-found', 'not-found'])
  })
})

test('what was purged softly is handed over as stale, whatever the clock says', async () => {
  const { clock, cluster, edge, loader, origin, owner } = await growing({ staleIfErrorMs: 60_000 })
  clock.advance(30_000)
  await cluster.edge.purge({ keys: ['Tom'], soft: true })
  clock.goBack(20_000)
  origin.answer = () => {
    throw new Error('down')
  }

  const stale = await edge.get('Tom')
  origin.answer = () => text('new')
  clock.advance(10_000)
  const renewed = await edge.get('Tom')

  expect(owner.group.stats.handoffs).toBe(1)
  expect(stale.path).toMatchObject([{ fwd: 'stale' }, { cache: 'edge' }])
  expect(textOf(renewed)).toBe('new')
  expect(loader.calls).toHaveLength(3)
})

test('a set that is too large leaves the older value, though it has not been handed over yet', async () => {
  const { edge, previous } = await growing({ maxValueBytes: 100 })

  expect(await edge.set('Tom', text('x'.repeat(101)))).toBe('too-large')

  expect(previous.group.items).toBe(1)
  expect(textOf(await edge.get('Tom'))).toBe('old')
})
