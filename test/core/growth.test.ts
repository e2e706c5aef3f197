import { describe, expect, test, vi } from 'vitest'
import type { Purge } from '../../src/core/entry/purge.ts'
import type { GroupOptions } from '../../src/core/group/group.ts'
import type { LoadContext, Loader } from '../../src/core/load/loader.ts'
import { createCluster } from '../support/cluster.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { textOf } from '../support/group-factory.ts'
import { settle } from '../support/settle.ts'

const NODES = ['node-0', 'node-1', 'node-2', 'node-3']
const GROWN = { nodes: 6, nodesBefore: 4 }
const KEYS = Array.from({ length: 2_000 }, (_, i) => `key-${i}`)

/** Four nodes whose memory stays while they become six. No edge keeps a copy. */
function growingCluster(loader: Loader, options: Partial<GroupOptions> = {}) {
  const cluster = createCluster(NODES, loader, { hotTtlMs: 0, ...options }, { isResizable: true })
  const before = cluster.edge
  /** `moved`: a key with a new owner, and both owners. */
  const grow = (change = GROWN) => {
    cluster.resize(change)
    const key = KEYS.find((key) => cluster.topology.previousOwnerIn('', key)) as string
    const newOwner = cluster.node(cluster.topology.ownerIn('', key))
    const previous = cluster.node(cluster.topology.previousOwnerIn('', key) as string)
    const peeks = vi.spyOn(previous.peer, 'peek')
    return { edge: cluster.addEdge(), key, newOwner, peeks, previous }
  }
  return { before, clock: cluster.clock, cluster, grow }
}

/** A key that will have moved. */
const MOVED = growingCluster(countingLoader().load).grow().key

describe('a new owner that misses', () => {
  test("takes the previous owner's entry instead of a load, and says whose it was", async () => {
    const loader = countingLoader()
    const { before, grow } = growingCluster(loader.load)
    await before.get(MOVED)
    const { edge, newOwner, peeks, previous } = grow()

    const { path } = await edge.get(MOVED)
    const again = await edge.get(MOVED)

    expect(path).toEqual([
      { cache: previous.peer.name, hit: true, ttlMs: 60_000 },
      { cache: newOwner.peer.name, fwd: 'miss', stored: true },
      { cache: 'edge', fwd: 'miss' },
    ])
    expect(again.path[0]).toMatchObject({ cache: newOwner.peer.name, hit: true })
    expect(loader.calls).toEqual([MOVED])
    expect(peeks).toHaveBeenCalledTimes(1)
    expect(newOwner.group.stats).toMatchObject({ handoffs: 1, loads: 0, hits: 1 })
  })

  test('loads what the previous owner does not have, after having asked it once', async () => {
    const loader = countingLoader()
    const { edge, newOwner, peeks } = growingCluster(loader.load).grow()

    const { path } = await edge.get(MOVED)
    await edge.get(MOVED)

    expect(path[0]).toEqual({ cache: newOwner.peer.name, fwd: 'miss', stored: true })
    expect(loader.calls).toEqual([MOVED])
    expect(peeks).toHaveBeenCalledTimes(1)
    expect(newOwner.group.stats).toMatchObject({ handoffs: 0, loads: 1 })
  })

  test('asks once for however many callers', async () => {
    const loader = countingLoader()
    const { before, grow } = growingCluster(loader.load)
    await before.get(MOVED)
    const { edge, peeks } = grow()

    await Promise.all(Array.from({ length: 10 }, () => edge.get(MOVED)))

    expect(loader.calls).toEqual([MOVED])
    expect(peeks).toHaveBeenCalledTimes(1)
  })

  test('asks nobody for a key that has stayed where it was', async () => {
    const loader = countingLoader()
    const { cluster, grow } = growingCluster(loader.load)
    const { edge } = grow()
    const all = cluster.topology.allNodes().map((name) => vi.spyOn(cluster.node(name).peer, 'peek'))
    const stayed = KEYS.filter((key) => cluster.topology.previousOwnerIn('', key) === undefined)

    for (const key of stayed) await edge.get(key)

    expect(stayed.length).toBeGreaterThan(1_000)
    expect(loader.calls).toEqual(stayed)
    for (const peeks of all) expect(peeks).not.toHaveBeenCalled()
  })

  test('asks nobody where no earlier count is given', async () => {
    const loader = countingLoader()
    const { before, cluster } = growingCluster(loader.load)
    await before.get(MOVED)
    cluster.resize({ nodes: 6 })

    await cluster.addEdge().get(MOVED)

    expect(loader.calls).toEqual([MOVED, MOVED])
  })

  test('takes "not found" over as well, for what is left of its life', async () => {
    const loader = countingLoader(() => ({ kind: 'not-found' }))
    const { before, clock, grow } = growingCluster(loader.load, { negativeTtlMs: 10_000 })
    await before.get(MOVED)
    clock.advance(4_000)
    const { edge } = grow()

    const reply = await edge.get(MOVED)
    clock.advance(5_999)
    await edge.get(MOVED)
    expect(loader.calls).toHaveLength(1)
    clock.advance(1)
    await edge.get(MOVED)

    expect(reply.kind).toBe('not-found')
    expect(loader.calls).toHaveLength(2)
  })

  test('does not count as a get where it asks, and starts nothing there', async () => {
    const loader = countingLoader()
    const { before, clock, grow } = growingCluster(loader.load, { staleWhileRevalidateMs: 60_000 })
    await before.get(MOVED)
    clock.advance(60_000)
    const { edge, previous } = grow()

    await edge.get(MOVED)

    expect(previous.group.stats).toMatchObject({ gets: 1, hits: 0, loads: 1, stale: 0 })
    expect(loader.calls).toHaveLength(2)
  })
})

test('a guest asks no previous owner: only who owns a key may take it over', async () => {
  const loader = countingLoader()
  const { before, cluster, grow } = growingCluster(loader.load)
  await before.get(MOVED)
  const { peeks, previous } = grow()
  const [guest] = cluster.topology
    .ownersIn('', MOVED)
    .slice(1)
    .filter((name) => name !== previous.peer.name)

  const reply = await cluster.node(guest as string).peer.get('scores', MOVED)

  expect(reply.path).toEqual([{ cache: guest, fwd: 'miss', detail: 'guest' }])
  expect(peeks).not.toHaveBeenCalled()
})

describe('what is handed over', () => {
  test('weighs what it did, and ends when it would have', async () => {
    const loader = countingLoader((key) => ({ ...text(key.repeat(20)), tags: ['a', 'b'] }))
    const { before, clock, grow } = growingCluster(loader.load)
    const asLoaded = await before.get(MOVED)
    clock.advance(40_000)
    const { edge, newOwner, previous } = grow()

    const handed = await edge.get(MOVED)
    const { path } = await edge.get(MOVED)
    clock.advance(19_999)
    expect((await edge.get(MOVED)).path[0]).toMatchObject({ hit: true, ttlMs: 1 })
    clock.advance(1)
    const after = await edge.get(MOVED)

    expect(handed).toEqual({ ...asLoaded, loadMs: undefined, path: handed.path })
    expect(path[0]).toEqual({ cache: newOwner.peer.name, hit: true, ttlMs: 20_000 })
    expect(newOwner.group.bytes).toBe(previous.group.bytes)
    expect(after.path[0]).toMatchObject({ cache: newOwner.peer.name, fwd: 'miss' })
    expect(loader.calls).toHaveLength(2)
  })

  test('is purged by its tags like anything else', async () => {
    const loader = countingLoader((key) => ({ ...text(key), tags: ['players'] }))
    const { before, grow } = growingCluster(loader.load)
    await before.get(MOVED)
    const { edge, newOwner } = grow()
    await edge.get(MOVED)

    const report = await edge.purge({ tags: ['players'] })
    await edge.get(MOVED)

    expect(report).toEqual({ ok: true, nodes: 6, entries: 2, failed: [] })
    expect(newOwner.group.items).toBe(1)
    expect(loader.calls).toHaveLength(2)
  })

  test('when stale, is refreshed by the loader that is given it, which may renew it', async () => {
    const contexts: LoadContext[] = []
    const loader: Loader = async (_, context) => {
      contexts.push(context)
      if (context.stale !== undefined) return { kind: 'not-modified' }
      return { ...text('630'), originEtag: '"v1"' }
    }
    const { before, clock, grow } = growingCluster(loader, { staleIfErrorMs: 60_000 })
    await before.get(MOVED)
    clock.advance(61_000)
    const { edge, newOwner } = grow()

    const reply = await edge.get(MOVED)
    const again = await edge.get(MOVED)

    expect(textOf(reply)).toBe('630')
    expect(reply.path[0]).toEqual({ cache: newOwner.peer.name, fwd: 'stale', stored: true })
    expect(again.path[0]).toMatchObject({ hit: true, ttlMs: 60_000 })
    expect(contexts).toHaveLength(2)
    expect(contexts[1]?.stale).toMatchObject({ originEtag: '"v1"' })
    expect(newOwner.group.stats.handoffs).toBe(1)
  })

  test('when stale, stands in where its refresh fails, for as long as it would have', async () => {
    let isDown = false
    const loader = countingLoader(() => {
      if (isDown) throw new Error('down')
      return text('old')
    })
    const { before, clock, grow } = growingCluster(loader.load, { staleIfErrorMs: 60_000 })
    await before.get(MOVED)
    isDown = true
    clock.advance(61_000)
    const { edge } = grow()

    const stale = await edge.get(MOVED)
    clock.advance(58_999)
    const last = await edge.get(MOVED)
    clock.advance(1)
    const tooLate = await edge.get(MOVED)

    expect([stale, last].map(textOf)).toEqual(['old', 'old'])
    expect(stale.path[0]).toMatchObject({ fwd: 'stale', ttlMs: -1_000 })
    expect(tooLate).toMatchObject({ kind: 'failed', code: 'load-failed' })
  })

  test('when only its validator is of use any more, is not', async () => {
    const loader = countingLoader(() => ({ ...text('630'), originEtag: '"v1"' }))
    const { before, clock, grow } = growingCluster(loader.load)
    await before.get(MOVED)
    clock.advance(60_000)
    const { edge, newOwner } = grow()

    await edge.get(MOVED)

    expect(newOwner.group.stats).toMatchObject({ handoffs: 0, loads: 1 })
  })
})

describe('a previous owner', () => {
  test('that cannot be reached costs nothing but the question', async () => {
    const loader = countingLoader()
    const { before, grow } = growingCluster(loader.load)
    await before.get(MOVED)
    const { edge, newOwner, previous } = grow()
    previous.peer.broken = true

    const reply = await edge.get(MOVED)

    expect(textOf(reply)).toBe(`value of ${MOVED}`)
    expect(loader.calls).toHaveLength(2)
    expect(newOwner.group.stats).toMatchObject({ handoffs: 0, loads: 1, peerErrors: 1 })
  })

  test('that does not answer is waited for for 250 ms, and not longer', async () => {
    const loader = countingLoader()
    const { before, clock, grow } = growingCluster(loader.load)
    await before.get(MOVED)
    const { edge, newOwner, peeks } = grow()
    peeks.mockReturnValue(new Promise(() => {}))

    const get = edge.get(MOVED)
    await settle()
    clock.advance(249)
    await settle()
    expect(loader.calls).toHaveLength(1)
    clock.advance(1)
    await get

    expect(loader.calls).toHaveLength(2)
    expect(newOwner.group.stats).toMatchObject({ handoffs: 0, loads: 1, peerErrors: 0 })
  })

  test('that answers too late changes nothing any more', async () => {
    let value = 'old'
    const { before, clock, grow } = growingCluster(countingLoader(() => text(value)).load)
    await before.get(MOVED)
    value = 'new'
    const { edge, newOwner, peeks, previous } = grow()
    const late = Promise.withResolvers<ReturnType<typeof previous.group.peek>>()
    peeks.mockReturnValue(late.promise)
    const get = edge.get(MOVED)
    await settle()
    clock.advance(250)
    await get

    late.resolve(previous.group.peek(MOVED))
    await settle()

    expect(textOf(await edge.get(MOVED))).toBe('new')
    expect(newOwner.group.stats.handoffs).toBe(0)
  })
})

test('asks once for each miss, however often that finds nothing', async () => {
  const loader = countingLoader()
  const { cluster, grow } = growingCluster(loader.load, { ttlMs: 0 })
  const { edge } = grow({ nodes: 5, nodesBefore: 4 })
  const spies = NODES.map((name) => vi.spyOn(cluster.node(name).peer, 'peek'))
  const purges = NODES.map((name) => vi.spyOn(cluster.node(name).peer, 'purge'))
  const keys = Array.from({ length: 2_000 }, (_, i) => `cold-${i}`)
  const moved = keys.filter((key) => cluster.topology.previousOwnerIn('', key) !== undefined)

  for (const key of moved) await edge.get(key)

  const peeks = spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0)
  expect(moved.length).toBeGreaterThan(350)
  expect(peeks).toBe(moved.length)
  expect(loader.calls).toEqual(moved)
  for (const purge of purges) expect(purge).not.toHaveBeenCalled()
})

describe('shrinking', () => {
  const SHRUNK = { nodes: 3, nodesBefore: 4 }

  test('hands the keys of the node that goes to those that stay, without a load', async () => {
    const loader = countingLoader()
    const { before, cluster, grow } = growingCluster(loader.load)
    for (const key of KEYS) await before.get(key)
    loader.calls.length = 0
    const { edge } = grow(SHRUNK)
    const moved = KEYS.filter((key) => cluster.topology.previousOwnerIn('', key) !== undefined)

    for (const key of KEYS) await edge.get(key)

    expect(moved.length).toBeGreaterThan(400)
    expect(loader.calls).toEqual([])
    const handoffs = NODES.map((name) => cluster.node(name).group.stats.handoffs)
    expect(handoffs.reduce((sum, count) => sum + count)).toBe(moved.length)
    expect(handoffs[3]).toBe(0)
  })

  test('purges the node that goes too, and lists it', async () => {
    const { before, cluster, grow } = growingCluster(countingLoader().load)
    for (const key of KEYS) await before.get(key)
    const held = cluster.node('node-3').group.items
    const { edge, key } = grow(SHRUNK)

    const ofKey = await edge.purge({ keys: [key] })
    const ofAll = await edge.purge({ all: true })

    expect(ofKey).toMatchObject({ ok: true, entries: 1 })
    expect(held).toBeGreaterThan(400)
    expect(ofAll).toEqual({ ok: true, nodes: 4, entries: KEYS.length - 1, failed: [] })
    expect(
      cluster
        .peersIn('')
        .allPeers()
        .map(({ name }) => name),
    ).toEqual(NODES)
  })
})

describe('the report of a purge', () => {
  const keys = KEYS.slice(0, 100)

  test.each<[string, Purge]>([
    ['of a tag', { tags: ['players'] }],
    ['of a tag, softly', { tags: ['players'], soft: true }],
    ['of everything', { all: true }],
    ['of everything, softly', { all: true, soft: true }],
    ['of keys', { keys }],
    ['of keys, softly', { keys, soft: true }],
  ])('%s counts each entry once, though nodes may be told twice', async (_, purge) => {
    const loader = countingLoader((key) => ({ ...text(key), tags: ['players'] }))
    const { before, grow } = growingCluster(loader.load, { staleIfErrorMs: 60_000 })
    for (const key of keys) await before.get(key)
    const { edge } = grow()

    const report = await edge.purge(purge)

    expect(report).toMatchObject({ ok: true, entries: 100 })
  })

  test('names a previous owner that could not be reached', async () => {
    const { edge, previous } = growingCluster(countingLoader().load).grow()
    previous.peer.broken = true

    const report = await edge.purge({ keys: [MOVED] })

    expect(report).toMatchObject({ ok: false, failed: [previous.peer.name] })
  })
})

test('a set fails that cannot make the previous owner forget what it would hand over', async () => {
  const { edge, previous } = growingCluster(countingLoader().load).grow()
  previous.peer.broken = true

  await expect(edge.set(MOVED, text('700'))).rejects.toMatchObject({ code: 'peer-unavailable' })
})
