import { describe, expect, test, vi } from 'vitest'
import { PeerBackingOffError, PeerUnavailableError } from '../../src/core/errors.ts'
import { Circuit } from '../../src/core/load/circuit.ts'
import { PROTOCOL_VERSION } from '../../src/core/peers/messages.ts'
import type { Reply } from '../../src/core/peers/peers.ts'
import { EdgeReporter } from '../../src/core/stats/edge-reporter.ts'
import { StubPeer } from '../../src/peers/stub-peer.ts'
import { countingLoader } from '../support/counting-loader.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { createTestGroup } from '../support/group-factory.ts'
import { settle } from '../support/settle.ts'

const NOT_FOUND: Reply = { kind: 'not-found', expiresAtMs: 0, path: [] }
const VALUE = { value: new Uint8Array(1), contentType: 'a/b' }

/** A node whose calls a test answers; each stub of it is a new one. */
function createPeer({ reporter }: { reporter?: EdgeReporter } = {}) {
  const clock = new FakeClock()
  const node = {
    get: vi.fn(async (): Promise<Reply> => NOT_FOUND),
    getMany: vi.fn(async () => [NOT_FOUND, null]),
    peek: vi.fn(async (): Promise<Reply | null> => null),
    set: vi.fn(async () => 'stored'),
    purge: vi.fn(async () => 7),
    stats: vi.fn(async () => ({ node: 'node-3' })),
    ping: vi.fn(async () => {}),
  }
  const stubs: object[] = []
  const peer = new StubPeer({
    name: 'node-3',
    stub: () => {
      const stub = { ...node }
      stubs.push(stub)
      return stub
    },
    health: new Circuit({
      failuresToOpen: 1,
      longestPauseMs: 5_000,
      longestProbeMs: 5_000,
      random: () => 0,
    }),
    clock,
    isOwner: () => true,
    ...(reporter === undefined ? {} : { reporter }),
  })
  const get = () => peer.get('scores', 'Tom').catch((error: unknown) => error)
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(100)
      await settle()
    }
  }
  return { clock, get, node, pass, peer, stubs }
}

/** As the runtime throws it. */
function failure(marks: Record<string, boolean> = {}): Error {
  return Object.assign(new Error('the node failed'), { remote: true, ...marks })
}

const READS: [string, (peer: StubPeer) => Promise<unknown>][] = [
  ['get', (peer) => peer.get('scores', 'Tom')],
  ['getMany', (peer) => peer.getMany('scores', ['Tom', 'Jack'], { maxBytes: 1_000 })],
  ['peek', (peer) => peer.peek('scores', 'Tom')],
]
const WRITES: [string, (peer: StubPeer) => Promise<unknown>][] = [
  ['set', (peer) => peer.set('scores', 'Tom', VALUE)],
  ['purge', (peer) => peer.purge('scores', { all: true })],
  ['stats', (peer) => peer.stats()],
]

describe('a call', () => {
  test('carries the version, and what it is about', async () => {
    const { node, peer } = createPeer()
    for (const [, call] of [...READS, ...WRITES]) await call(peer)

    const header = { version: PROTOCOL_VERSION, group: 'scores' }
    expect(node.get).toHaveBeenCalledWith({ ...header, key: 'Tom' })
    expect(node.getMany).toHaveBeenCalledWith({ ...header, keys: ['Tom', 'Jack'], maxBytes: 1_000 })
    expect(node.peek).toHaveBeenCalledWith({ ...header, key: 'Tom' })
    expect(node.set).toHaveBeenCalledWith({ ...header, key: 'Tom', value: VALUE })
    expect(node.purge).toHaveBeenCalledWith({ ...header, purge: { all: true } })
    expect(node.stats).toHaveBeenCalledWith({ version: PROTOCOL_VERSION })
    expect(peer.calls).toBe(5)
  })

  test('answers what the node does; of a peek that finds nothing, undefined', async () => {
    const { node, peer } = createPeer()

    expect(await peer.get('scores', 'Tom')).toBe(NOT_FOUND)
    expect(await peer.getMany('scores', ['Tom', 'Jack'], { maxBytes: 1_000 })).toEqual([
      NOT_FOUND,
      null,
    ])
    expect(await peer.peek('scores', 'Tom')).toBeUndefined()
    node.peek.mockResolvedValue(NOT_FOUND)
    expect(await peer.peek('scores', 'Tom')).toBe(NOT_FOUND)
    expect(await peer.set('scores', 'Tom', VALUE)).toBe('stored')
    expect(await peer.purge('scores', { all: true })).toBe(7)
    expect(await peer.stats()).toEqual({ node: 'node-3' })
  })

  test('has a stub of its own, which belongs to its request', async () => {
    const { get, stubs } = createPeer()

    await get()
    await get()

    expect(stubs).toHaveLength(2)
  })

  test("a loader's failure is an answer, after which the node is as well as before", async () => {
    const { get, node } = createPeer()
    const failed: Reply = { kind: 'failed', code: 'load-timeout', detail: 'late', path: [] }
    node.get.mockResolvedValue(failed)

    expect([await get(), await get()]).toEqual([failed, failed])
    expect(node.get).toHaveBeenCalledTimes(2)
  })
})

describe.each([...READS, ...WRITES])('%s, when the node', (method, call) => {
  const mockOf = (node: ReturnType<typeof createPeer>['node']) =>
    node[method as keyof typeof node] as ReturnType<typeof vi.fn>

  test.each([
    ['was reset', { durableObjectReset: true }],
    ['was not reached', { retryable: true }],
  ])('%s, is made once more, on a new stub', async (_, marks) => {
    const { node, peer, stubs } = createPeer()
    mockOf(node).mockRejectedValueOnce(failure(marks as Record<string, boolean>))

    await call(peer)

    expect(mockOf(node)).toHaveBeenCalledTimes(2)
    expect(new Set(stubs).size).toBe(2)
  })

  test('was reset twice in a row, is not made a third time', async () => {
    const { node, peer } = createPeer()
    mockOf(node).mockRejectedValue(failure({ durableObjectReset: true }))

    await expect(call(peer)).rejects.toBeInstanceOf(PeerUnavailableError)
    expect(mockOf(node)).toHaveBeenCalledTimes(2)
  })

  test.each([
    ['is overloaded', { overloaded: true, retryable: true }],
    ['is overloaded and was reset', { overloaded: true, durableObjectReset: true }],
    ['throws', {}],
  ])('%s, is not made again', async (_, marks) => {
    const { node, peer } = createPeer()
    const cause = failure(marks as Record<string, boolean>)
    mockOf(node).mockRejectedValue(cause)

    const error = await call(peer).catch((error: unknown) => error)

    expect(error).toBeInstanceOf(PeerUnavailableError)
    expect(error).toMatchObject({ message: 'node-3 could not serve.', cause })
    expect(mockOf(node)).toHaveBeenCalledTimes(1)
  })

  test('hangs, fails once a ping has not been answered in four seconds, and not before', async () => {
    const { node, pass, peer } = createPeer()
    mockOf(node).mockReturnValue(new Promise(() => {}))
    node.ping.mockReturnValue(new Promise(() => {}))
    const ended = vi.fn()

    const outcome = call(peer).catch((error: unknown) => error)
    outcome.then(ended)
    await pass(4_900)
    expect(ended).not.toHaveBeenCalled()
    await pass(100)

    expect(await outcome).toBeInstanceOf(PeerUnavailableError)
    expect(mockOf(node)).toHaveBeenCalledTimes(1)
    expect(node.ping).toHaveBeenCalledTimes(1)
  })

  test('is slow and answers pings, is waited for', async () => {
    const { node, pass, peer } = createPeer()
    const latch = Promise.withResolvers<never>()
    mockOf(node).mockReturnValue(latch.promise)
    const ended = vi.fn()

    const outcome = call(peer)
    outcome.then(ended)
    await pass(25_000)
    expect(ended).not.toHaveBeenCalled()
    latch.resolve('late' as never)

    expect(await outcome).toBe('late')
    expect(mockOf(node)).toHaveBeenCalledTimes(1)
  })
})

describe('a node that has failed', () => {
  async function failed() {
    const parts = createPeer()
    parts.node.get.mockRejectedValueOnce(failure())
    await parts.get()
    return parts
  }

  test.each(READS)('is left alone for a second: no %s is made', async (method, read) => {
    const { clock, node, peer, stubs } = await failed()
    const before = stubs.length
    clock.advance(999)

    await expect(read(peer)).rejects.toBeInstanceOf(PeerBackingOffError)
    expect(stubs).toHaveLength(before)
    clock.advance(1)
    await read(peer)

    const calls = node[method as 'get' | 'getMany' | 'peek']
    expect(calls).toHaveBeenCalledTimes(method === 'get' ? 2 : 1)
  })

  test.each(WRITES)('gets each %s all the same', async (method, write) => {
    const { node, peer } = await failed()

    await write(peer)
    await write(peer)

    expect(node[method as 'set' | 'purge' | 'stats']).toHaveBeenCalledTimes(2)
  })

  test('is tried with one read, while the others go elsewhere, and is used again when it answers', async () => {
    const { clock, get, node } = await failed()
    clock.advance(1_000)
    const latch = Promise.withResolvers<Reply>()
    node.get.mockReturnValueOnce(latch.promise)

    const trial = get()
    const others = await Promise.all([get(), get(), get()])
    expect(node.get).toHaveBeenCalledTimes(2)
    latch.resolve(NOT_FOUND)
    await trial
    const after = await Promise.all([get(), get(), get()])

    for (const other of others) expect(other).toBeInstanceOf(PeerBackingOffError)
    expect(after).toEqual([NOT_FOUND, NOT_FOUND, NOT_FOUND])
    expect(node.get).toHaveBeenCalledTimes(5)
  })

  test('is left alone for twice as long after each trial in vain, for five seconds at most', async () => {
    const { clock, get, node } = await failed()
    node.get.mockRejectedValue(failure())
    const triedAtMs: number[] = []
    const beganAtMs = clock.now()

    for (let passed = 0; passed < 20_000; passed += 500) {
      clock.advance(500)
      const calls = node.get.mock.calls.length
      await get()
      if (node.get.mock.calls.length > calls) triedAtMs.push(clock.now() - beganAtMs)
    }

    expect(triedAtMs).toEqual([1_000, 3_000, 7_000, 12_000, 17_000])
  })

  test('is not well for having taken a purge: that says nothing of reads', async () => {
    const { get, peer } = await failed()

    await peer.purge('scores', { all: true })

    expect(await get()).toBeInstanceOf(PeerBackingOffError)
  })

  test('is not given up for calls that fail together: the pause is that of one failure', async () => {
    const { clock, get, node } = createPeer()
    node.get.mockRejectedValue(failure())
    await Promise.all(Array.from({ length: 50 }, get))
    node.get.mockResolvedValue(NOT_FOUND)

    clock.advance(1_000)

    expect(await get()).toBe(NOT_FOUND)
  })
})

test('a node that does not know a group yet is not left alone: it serves the others', async () => {
  const { get, node } = createPeer()
  const unknown = Object.assign(failure(), { code: 'no-such-group' })
  node.get.mockRejectedValueOnce(unknown)

  const first = await get()
  const second = await get()

  expect(first).toBeInstanceOf(PeerUnavailableError)
  expect(second).toBe(NOT_FOUND)
})

test('a report that went with a call in vain goes with the next one', async () => {
  const { clock, group } = createTestGroup({ loader: countingLoader().load })
  await group.get('Tom')
  const reporter = new EdgeReporter([group], () => 'isolate')
  const { node, peer } = createPeer({ reporter })
  node.purge.mockRejectedValueOnce(failure())
  clock.advance(60_000)

  await peer.purge('scores', { all: true }).catch(() => {})
  await peer.stats()

  expect(node.purge).toHaveBeenCalledWith(expect.objectContaining({ report: expect.anything() }))
  expect(node.stats).toHaveBeenCalledWith({
    version: PROTOCOL_VERSION,
    report: expect.objectContaining({
      groups: {
        scores: expect.objectContaining({ counters: expect.objectContaining({ gets: 1 }) }),
      },
    }),
  })
})

test('a node that has failed once is used again, though every load takes longer than a probe may', async () => {
  const { clock, get, node, pass } = createPeer()
  node.get.mockRejectedValueOnce(failure())
  await get()
  node.get.mockImplementation(
    () => new Promise((resolve) => clock.after(6_000, () => resolve(NOT_FOUND))),
  )

  let refused = 0
  for (let second = 0; second < 30; second++) {
    void get().then((outcome) => {
      if (outcome instanceof PeerBackingOffError) refused = second
    })
    await pass(1_000)
  }

  expect(refused).toBeLessThan(8)
})

test.each(WRITES)(
  '%s: a call that has got lost ends, though pings are answered',
  async (name, call) => {
    const { node, pass, peer } = createPeer()
    node[name as 'purge'].mockReturnValue(new Promise(() => {}))
    const outcome = vi.fn()
    call(peer).then(outcome, outcome)

    await pass(29_900)
    expect(outcome).not.toHaveBeenCalled()
    await pass(100)

    expect(outcome).toHaveBeenCalledExactlyOnceWith(expect.any(PeerUnavailableError))
    expect(node[name as 'purge']).toHaveBeenCalledTimes(1)
    expect(node.ping.mock.calls.length).toBeGreaterThan(1)
  },
)

test('a report that went with a call that got lost goes with the next one', async () => {
  const { clock, group } = createTestGroup({ loader: countingLoader().load })
  await group.get('Tom')
  const reporter = new EdgeReporter([group], () => 'isolate')
  const { node, pass, peer } = createPeer({ reporter })
  node.purge.mockReturnValueOnce(new Promise(() => {}))
  clock.advance(60_000)

  peer.purge('scores', { all: true }).catch(() => {})
  await pass(30_000)
  await peer.stats()

  expect(node.stats).toHaveBeenCalledWith(
    expect.objectContaining({
      report: expect.objectContaining({
        groups: {
          scores: expect.objectContaining({ counters: expect.objectContaining({ gets: 1 }) }),
        },
      }),
    }),
  )
})

describe('an answer that is lost, though pings are answered', () => {
  const TOO_SLOW = { kind: 'failed', code: 'load-timeout', path: [] }

  test.each([
    ['get', 'get', TOO_SLOW, (peer: StubPeer) => peer.get('scores', 'Tom', 7_500)],
    [
      'getMany',
      'getMany',
      [TOO_SLOW, TOO_SLOW],
      (peer: StubPeer) => peer.getMany('scores', ['Tom', 'Jack'], { maxBytes: 1_000 }, 7_500),
    ],
  ] as const)('%s: ends as a time-out, which is final', async (_, method, expected, call) => {
    const { get, node, pass, peer } = createPeer()
    node[method].mockReturnValue(new Promise<never>(() => {}))
    const outcome = vi.fn()
    call(peer).then(outcome)

    await pass(7_400)
    expect(outcome).not.toHaveBeenCalled()
    await pass(100)
    expect(outcome).toHaveBeenCalledTimes(1)
    expect(outcome.mock.calls[0]?.[0]).toMatchObject(expected)

    // The node lives, and is not left alone.
    node.get.mockResolvedValue(NOT_FOUND)
    expect(await get()).toBe(NOT_FOUND)
  })

  test('is waited for as long, be the clock set back meanwhile', async () => {
    const { clock, node, pass, peer } = createPeer()
    node.get.mockReturnValue(new Promise(() => {}))
    const outcome = vi.fn()
    peer.get('scores', 'Tom', 3_000).then(outcome)

    await pass(1_500)
    clock.goBack(60_000)
    await pass(60_000 + 5_000)

    expect(outcome).toHaveBeenCalledTimes(1)
  })
})
