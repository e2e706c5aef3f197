/** How long what a guest has answered may be answered after a purge or a set that could not tell the guest. */

import { describe, expect, test } from 'vitest'
import { createCluster, type FakePeer } from '../support/cluster.ts'
import { countingLoader, text } from '../support/counting-loader.ts'
import { everySchedule } from '../support/every-schedule.ts'
import { createTestGroup, EDGE, textOf } from '../support/group-factory.ts'
import { settle } from '../support/settle.ts'

const NODES = ['node-0', 'node-1', 'node-2', 'node-3']
const HOT_TTL_MS = 1_000

/** Two edges that cannot reach Tom's owner, which one that changes the value can. */
function partedCluster(options = {}) {
  let value = 'old'
  const loader = countingLoader(() => ({ ...text(value), tags: ['players'] }))
  const all = { hotTtlMs: HOT_TTL_MS, ...options }
  const cluster = createCluster(NODES, loader.load, all)
  const [owner, guest] = cluster.ring.pickMany('Tom', 2).map((name) => cluster.node(name).peer) as [
    FakePeer,
    FakePeer,
  ]
  const edges = [cluster.addEdge(), cluster.addEdge()]
  const askGuest = async <T>(ask: () => T | Promise<T>) => {
    owner.broken = true
    const answer = await ask()
    owner.broken = false
    return answer
  }
  const change = async (how: 'set' | 'purge') => {
    guest.broken = true
    value = 'new'
    const changed =
      how === 'set'
        ? await cluster.edge.set('Tom', text('new')).catch((error) => error.code)
        : (await cluster.edge.purge({ keys: ['Tom'] })).failed
    guest.broken = false
    return changed
  }
  return { askGuest, change, cluster, edges, guest, loader, owner }
}

describe.each(['set', 'purge'] as const)('after a %s that could not tell a guest', (how) => {
  test('no edge answers the old value later than hotTtl, whenever each has asked the guest', async () => {
    const times = [0, 50, 500, 950, 999]
    const schedules = await everySchedule(async (choose) => {
      const { askGuest, change, cluster, edges, guest } = partedCluster()
      const changeAt = times[choose(times.length)]
      const isBatch = choose(2) === 1
      const ask = async (edge: typeof cluster.edge) => {
        const reply = isBatch ? (await edge.getMany(['Tom']))[0] : await edge.get('Tom')
        return textOf(reply as NonNullable<typeof reply>)
      }
      const asked = edges.map(() => times[choose(times.length)])
      let nowMs = 0
      for (const time of times) {
        cluster.clock.advance(time - nowMs)
        nowMs = time
        for (const [i, edge] of edges.entries()) {
          if (asked[i] === time) await askGuest(() => ask(edge))
        }
        if (time === changeAt) {
          expect(await change(how)).toEqual(how === 'set' ? 'peer-unavailable' : [guest.name])
        }
      }
      cluster.clock.advance((changeAt ?? 0) + HOT_TTL_MS - nowMs)

      for (const edge of edges) expect(await askGuest(() => ask(edge))).toBe('new')
    })

    expect(schedules).toBe(5 * 2 * 5 ** 2)
  })

  test('the renewal of a hot copy counts from then as well', async () => {
    const { askGuest, change, cluster, guest, owner } = partedCluster()
    const { group: edge } = createTestGroup({
      loader: countingLoader().load,
      clock: cluster.clock,
      placement: EDGE,
      random: () => 0.999_999,
    })
    edge.registerPeers(cluster.peersIn(''))
    // Rings that differ for a moment: the node that the edge takes for the owner is a guest.
    const get = guest.get.bind(guest)
    owner.get = async (...asked) => {
      cluster.clock.advance(20)
      return get(...asked)
    }
    await askGuest(() => cluster.edge.get('Tom'))
    cluster.clock.advance(700)
    await edge.get('Tom')
    cluster.clock.advance(100)
    await edge.get('Tom')
    await settle()
    await change(how)
    cluster.clock.advance(HOT_TTL_MS - 840)

    expect((await edge.get('Tom')).path).not.toMatchObject([{ cache: 'edge', hit: true }])
  })
})

describe("a guest's answer", () => {
  test('says what is left of its copy, of a load, a hit and a stale copy', async () => {
    const { cluster, guest } = partedCluster({ ttlMs: 400, staleWhileRevalidateMs: 60_000 })
    const left = async () => (await guest.get('scores', 'Tom')).leftMs

    expect(await left()).toBe(1_000)
    cluster.clock.advance(300)
    expect(await left()).toBe(700)
    cluster.clock.advance(200)
    expect(await left()).toBe(500)
  })

  test('says what is left to a caller that has joined a load', async () => {
    const { cluster, guest } = partedCluster()
    const group = cluster.node(guest.name).group

    const first = group.get('Tom')
    cluster.clock.advance(400)
    const second = group.get('Tom')

    expect([(await first).leftMs, (await second).leftMs]).toEqual([600, 600])
  })

  test("is no part of an owner's answer", async () => {
    const { cluster, owner } = partedCluster()

    expect(await owner.get('scores', 'Tom')).not.toHaveProperty('leftMs')
    expect(await owner.get('scores', 'Tom')).not.toHaveProperty('leftMs')
    expect(await cluster.edge.get('Tom')).not.toHaveProperty('leftMs')
  })

  test('is kept for when no node can be reached, as any other is', async () => {
    const { askGuest, cluster, edges, loader } = partedCluster({ staleIfErrorMs: 60_000 })
    await askGuest(() => edges[0]?.get('Tom'))
    await askGuest(() => edges[1]?.get('Tom'))
    for (const name of NODES) cluster.node(name).peer.broken = true
    cluster.clock.advance(5_000)

    const kept = await edges[1]?.get('Tom')

    expect(kept?.path).toMatchObject([{ cache: 'edge', hit: true, ttlMs: -4_000 }])
    expect(loader.calls).toEqual(['Tom'])
  })
})
