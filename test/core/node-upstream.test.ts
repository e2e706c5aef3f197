import { describe, expect, test, vi } from 'vitest'
import { PeerUnavailableError } from '../../src/core/errors.ts'
import { Circuit } from '../../src/core/load/circuit.ts'
import type { GetMessage, PurgeMessage } from '../../src/core/peers/messages.ts'
import { NodeUpstream } from '../../src/core/peers/node-upstream.ts'
import type { Peer, Reply } from '../../src/core/peers/peers.ts'
import { Topology } from '../../src/core/ring/topology.ts'
import { GroupStats } from '../../src/core/stats/group-stats.ts'
import { StubPeer } from '../../src/peers/stub-peer.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { settle } from '../support/settle.ts'

const REPLY: Reply = { kind: 'not-found', expiresAtMs: 0, path: [{ cache: 'other', hit: true }] }
const TIMEOUT_MS = 300

const topology = new Topology({ nodes: 6, nodesBefore: 4, regions: ['weur', 'wnam'] })
const KEYS = Array.from({ length: 5_000 }, (_, i) => `key-${i}`)

/** What `wnam/node-5` asks of others. All others are one node, whose answers a test gives. */
function upstreamOf(region = 'wnam') {
  const clock = new FakeClock()
  const stats = new GroupStats()
  const errors: unknown[] = []
  const node = {
    get: vi.fn(async () => REPLY),
    peek: vi.fn(async (_: GetMessage): Promise<Reply | null> => REPLY),
    ping: vi.fn(async () => {}),
    purge: vi.fn(async (_: PurgeMessage) => 1),
  }
  const peer = new StubPeer({
    name: 'other',
    stub: () => node,
    health: new Circuit({ failuresToOpen: 1, longestProbeMs: 5_000, random: () => 0 }),
    clock,
    isOwner: () => true,
  })
  const names: string[] = []
  const nodeName = `${region}/node-5`
  const upstream = new NodeUpstream({
    group: 'scores',
    nodeName,
    region,
    topology,
    peerNamed: (name): Peer => {
      names.push(name)
      return peer
    },
    timeoutMs: TIMEOUT_MS,
    stats,
    clock,
    onError: (error) => errors.push(error),
  })
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 50) {
      clock.advance(50)
      await settle()
    }
  }
  const owned = KEYS.filter((key) => topology.ownerIn(region, key) === nodeName)
  return { clock, errors, names, node, owned, pass, stats, upstream }
}

const never = () => new Promise<never>(() => {})

describe('home', () => {
  test("is asked at the key's owner there, and its answer counted", async () => {
    const { names, owned, stats, upstream } = upstreamOf()
    const [key] = owned as [string]

    expect(await upstream.get(key)).toEqual(REPLY)
    expect(names).toEqual([topology.ownerIn('weur', key)])
    expect(stats.peerLoads).toBe(1)
  })

  test('asks nobody itself', async () => {
    const { names, owned, upstream } = upstreamOf('weur')

    expect(await upstream.get(owned[0] as string)).toBeUndefined()
    expect(names).toEqual([])
  })

  test('that does not even answer a ping is given up, however short the timeout is', async () => {
    const { errors, node, owned, pass, stats, upstream } = upstreamOf()
    node.get.mockImplementation(never)
    node.ping.mockImplementation(never)
    const outcome = upstream.get(owned[0] as string)

    await pass(5_000)

    expect(await outcome).toBeUndefined()
    expect(stats).toMatchObject({ peerErrors: 1, peerLoads: 0 })
    expect(errors).toEqual([expect.any(PeerUnavailableError)])
  })

  test('that answers pings and nothing else is out of time, which is final', async () => {
    const { node, owned, pass, stats, upstream } = upstreamOf()
    node.get.mockImplementation(never)
    const outcome = upstream.get(owned[0] as string)

    await pass(TIMEOUT_MS + 6_000)

    expect(await outcome).toMatchObject({ kind: 'failed', code: 'load-timeout' })
    expect(stats).toMatchObject({ peerErrors: 0, peerLoads: 0 })
    expect(node.get).toHaveBeenCalledTimes(1)
  })

  test('that has failed a moment ago is not asked, which is no failure more', async () => {
    const { errors, node, owned, stats, upstream } = upstreamOf()
    node.get.mockRejectedValue(new Error('down'))

    const replies = [await upstream.get(owned[0] as string), await upstream.get(owned[1] as string)]

    expect(replies).toEqual([undefined, undefined])
    expect(node.get).toHaveBeenCalledTimes(1)
    expect(stats.peerErrors).toBe(1)
    expect(errors).toHaveLength(1)
  })

  test('is asked a thousand questions at a time; with more it counts as overloaded', async () => {
    const { node, upstream } = upstreamOf()
    const latch = Promise.withResolvers<Reply>()
    node.get.mockImplementation(() => latch.promise)
    const asked = KEYS.slice(0, 1_000).map((key) => upstream.get(key))

    const refused = await upstream.get('one more')
    latch.resolve(REPLY)
    const replies = await Promise.all(asked)

    expect(refused).toMatchObject({ kind: 'failed', code: 'overloaded' })
    expect(new Set(replies)).toEqual(new Set([REPLY]))
    expect(await upstream.get('later')).toEqual(REPLY)
  })
})

describe('a previous owner', () => {
  test('is asked in the same region, and only for what this node owns now', async () => {
    const { names, node, owned, upstream } = upstreamOf()
    const moved = owned.filter((key) => topology.previousOwnerIn('wnam', key) !== undefined)

    for (const key of KEYS) await upstream.peek(key)

    const previous = new Set(moved.map((key) => topology.previousOwnerIn('wnam', key)))
    expect(names).toEqual([...previous])
    expect(node.peek.mock.calls.map(([{ key }]) => key)).toEqual(moved)
    expect(moved.length).toBeGreaterThan(500)
  })

  test('that hangs is waited for for 250 ms by each, and for no longer once it has failed', async () => {
    const { node, owned, pass, upstream } = upstreamOf()
    node.peek.mockImplementation(never)
    node.ping.mockImplementation(never)
    const first = upstream.peek(owned[0] as string)
    await pass(250)
    expect(await first).toBeUndefined()
    await pass(750)

    expect(await upstream.peek(owned[1] as string)).toBeUndefined()
    expect(node.peek).toHaveBeenCalledTimes(1)
  })

  test('whose answer is lost is asked once, is not pinged, and leaves no timer', async () => {
    const { clock, node, owned, pass, stats, upstream } = upstreamOf()
    node.peek.mockImplementation(never)
    const outcome = upstream.peek(owned[0] as string)
    await pass(250)

    expect(await outcome).toBeUndefined()
    await pass(60_000)

    expect(node.peek).toHaveBeenCalledTimes(1)
    expect(node.ping).not.toHaveBeenCalled()
    expect(clock.pending).toBe(0)
    expect(stats.peerErrors).toBe(0)
  })

  test('is asked nothing while a thousand other questions are under way', async () => {
    const { node, owned, upstream } = upstreamOf()
    node.get.mockImplementation(never)
    for (const key of KEYS.slice(0, 1_000)) void upstream.get(key)

    expect(await upstream.peek(owned[0] as string)).toBeUndefined()
    expect(node.peek).not.toHaveBeenCalled()
  })

  test('that is unreachable is given up after a thousand answers', async () => {
    const { clock, errors, node, pass, upstream } = upstreamOf()
    node.peek.mockRejectedValue(new Error('down'))
    node.purge.mockRejectedValue(new Error('down'))

    await answerEach(manyMoved(), upstream)
    const purges = node.purge.mock.calls.length
    expect(purges).toBeLessThanOrEqual(PREVIOUS_OWNERS * 1_000)
    for (const [message] of node.purge.mock.calls) {
      expect('keys' in message.purge && message.purge.keys.length).toBeLessThan(1_000)
    }
    node.peek.mockReset().mockResolvedValue(REPLY)
    node.purge.mockReset().mockResolvedValue(1)
    await pass(60_000)
    await answerEach(manyMoved(), upstream)

    expect(node.peek).not.toHaveBeenCalled()
    expect(node.purge).not.toHaveBeenCalled()
    expect(errors.length).toBeGreaterThan(0)
    expect(clock.pending).toBe(0)
  })

  test('that hangs has one purge under way, and the next one covers all answers since', async () => {
    const { node, upstream } = upstreamOf()
    const purged = Promise.withResolvers<number>()
    node.purge.mockImplementationOnce(() => purged.promise)
    const keys = manyMoved('node-0').slice(0, 100)

    for (const key of keys) upstream.answered(key)
    await settle()
    expect(node.purge).toHaveBeenCalledTimes(1)
    purged.resolve(1)
    await settle()

    expect(node.purge.mock.calls.map(([{ purge }]) => purge)).toEqual([
      { keys: keys.slice(0, 1) },
      { keys: keys.slice(1) },
    ])
    expect(await upstream.peek(keys[0] as string)).toEqual(REPLY)
  })

  test('that could not be told is told with the next answer, and then asked again', async () => {
    const { node, pass, upstream } = upstreamOf()
    node.purge.mockRejectedValueOnce(new Error('down'))
    const [first, second] = manyMoved('node-0') as [string, string]
    upstream.answered(first)
    await settle()
    expect(await upstream.peek(first)).toBeUndefined()

    upstream.answered(second)
    await pass(50)

    expect(node.purge.mock.calls.at(-1)?.[0].purge).toEqual({ keys: [first, second] })
    expect(await upstream.peek(first)).toEqual(REPLY)
  })

  test('hands over nothing that was read before an answer, though a later peek finds nothing', async () => {
    const { node, upstream } = upstreamOf()
    const [key] = manyMoved() as [string]
    const latch = Promise.withResolvers<Reply>()
    node.peek.mockImplementationOnce(() => latch.promise)
    node.peek.mockResolvedValueOnce(null)
    const first = upstream.peek(key)
    expect(await upstream.peek(key)).toBeUndefined()

    upstream.answered(key)
    await settle()
    latch.resolve(REPLY)

    expect(await first).toBeUndefined()
    expect(node.purge).toHaveBeenCalledTimes(1)
  })

  test('that has shown an earlier peek a value is told, though a later peek finds nothing', async () => {
    const { node, upstream } = upstreamOf()
    const [key] = manyMoved() as [string]
    const latch = Promise.withResolvers<Reply>()
    node.peek.mockImplementationOnce(() => latch.promise)
    node.peek.mockResolvedValueOnce(null)
    const first = upstream.peek(key)
    await upstream.peek(key)
    latch.resolve(REPLY)
    expect(await first).toEqual(REPLY)

    upstream.answered(key)

    expect(node.purge).toHaveBeenCalledTimes(1)
  })
})

const PREVIOUS_OWNERS = 4

/** Keys that `wnam/node-5` has taken over, by default from any node. */
function manyMoved(from?: string): string[] {
  return Array.from({ length: 60_000 }, (_, i) => `moved-${i}`).filter((key) => {
    const previous = topology.previousOwnerIn('wnam', key)
    const isMoved = from === undefined ? previous !== undefined : previous === `wnam/${from}`
    return isMoved && topology.ownerIn('wnam', key) === 'wnam/node-5'
  })
}

async function answerEach(keys: readonly string[], upstream: NodeUpstream): Promise<void> {
  for (const key of keys) {
    await upstream.peek(key)
    upstream.answered(key)
    await settle()
  }
}
