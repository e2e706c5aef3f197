import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { Circuit } from '../../src/core/load/circuit.ts'
import { PROTOCOL_VERSION } from '../../src/core/peers/messages.ts'
import { Topology, type TopologyOptions } from '../../src/core/ring/topology.ts'
import { Departures } from '../../src/node/departures.ts'
import { openDisk } from '../../src/node/disk.ts'
import { hasTables, migrate, readMeta, writeMeta } from '../../src/node/schema.ts'
import { StubPeer } from '../../src/peers/stub-peer.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { settle } from '../support/settle.ts'

let nodes = 0

/** A disk on which a node starts under settings, as often as a test likes; what it calls is noted. */
async function onDisk(
  run: (
    start: (options: TopologyOptions, nodeName?: string) => Departures,
    calls: string[],
    unreachable: Set<string>,
    storage: DurableObjectStorage,
  ) => Promise<void>,
): Promise<void> {
  const stub = env.CACHE_NODE.getByName(`departures-${nodes++}`)
  await runInDurableObject(stub, async (_, { storage }) => {
    await storage.deleteAll()
    migrate(storage)
    const calls: string[] = []
    const unreachable = new Set<string>()
    const call = async (name: string, method: string) => {
      calls.push(`${name}.${method}`)
      if (unreachable.has(name)) throw new Error('down')
    }
    const start = (options: TopologyOptions, nodeName = 'node-0') =>
      new Departures({
        sql: storage.sql,
        nodeName,
        topology: new Topology(options),
        nodeNamed: (name) => ({
          retire: () => call(name, 'retire'),
          stats: () => call(name, 'stats'),
        }),
        onError: () => {},
      })
    await run(start, calls, unreachable, storage)
  })
}

test('the keeper tells nodes once that have left, and nobody else', async () => {
  await onDisk(async (start, calls) => {
    await start({ nodes: 4 }).settle()
    await start({ nodes: 2, nodesBefore: 4 }).settle()
    expect(calls).toEqual([])

    await start({ nodes: 2 }).settle()
    await start({ nodes: 2 }).settle()

    expect(calls).toEqual(['node-2.retire', 'node-3.retire'])
  })
})

test('a node that could not be told is told later, though it is back by then', async () => {
  await onDisk(async (start, calls, unreachable) => {
    await start({ nodes: 4 }).settle()
    unreachable.add('node-3')
    const shrunk = start({ nodes: 2 })
    await Promise.all([shrunk.settle(), shrunk.settle()])
    await shrunk.settle()
    expect(calls).toEqual(['node-2.retire', 'node-3.retire', 'node-3.retire'])
    unreachable.clear()
    calls.length = 0

    const grown = start({ nodes: 4 })
    await grown.settle()
    await grown.settle()
    await start({ nodes: 4 }).settle()

    expect(calls).toEqual(['node-3.retire'])
  })
})

test('with regions, the keeper tells the nodes of those that are gone', async () => {
  await onDisk(async (start, calls) => {
    await start({ nodes: 2 }).settle()
    await start({ nodes: 2, regions: ['weur', 'wnam'] }).settle()
    expect(calls).toEqual(['node-1.retire'])
    await start({ nodes: 2, regions: ['wnam'] }).settle()

    expect(calls.slice(1)).toEqual(['weur/node-0.retire', 'weur/node-1.retire'])
  })
})

test("home's first node starts the keeper once for each change; no other node calls any", async () => {
  await onDisk(async (start, calls, unreachable) => {
    const regions = ['weur', 'wnam']
    for (const other of ['weur/node-1', 'wnam/node-0'])
      await start({ nodes: 2, regions }, other).settle()
    expect(calls).toEqual([])
    unreachable.add('node-0')
    await start({ nodes: 2, regions }, 'weur/node-0').settle()
    unreachable.clear()
    for (let i = 0; i < 2; i++) await start({ nodes: 2, regions }, 'weur/node-0').settle()
    await start({ nodes: 3, regions }, 'weur/node-0').settle()

    expect(calls).toEqual(Array(3).fill('node-0.stats'))
  })
})

test('a node without tables remembers nothing, and makes none', async () => {
  await onDisk(async (start, calls, _, storage) => {
    await storage.deleteAll()

    await start({ nodes: 4 }).settle()
    await start({ nodes: 2, regions: ['weur'] }, 'weur/node-0').settle()

    expect(calls).toEqual([])
    expect(hasTables(storage.sql)).toBe(false)
  })
})

test('a node that runs under other settings does not retire, as it would fill its disk again', async () => {
  const stub = env.CACHE_NODE.getByName('node-5')
  const message = { version: PROTOCOL_VERSION, settings: '{"nodes":2,"regions":[""]}' }
  const retired = runInDurableObject(stub, async (node) => node.retire(message))

  await expect(retired).rejects.toMatchObject({ code: 'peer-unavailable' })
})

test('a node that retires drops everything', async () => {
  const stub = env.CACHE_NODE.getByName('node-5')
  const version = PROTOCOL_VERSION
  const items = async () => (await stub.stats({ version })).groups.scores?.items
  await stub.get({ version, group: 'scores', key: 'Tom' })
  expect(await items()).toBe(1)

  await stub.retire({ version, settings: JSON.stringify(new Topology({ nodes: 16 }).settings) })

  expect(await items()).toBe(0)
})

/** Departures on a disk whose every statement that `isFailing` picks fails. */
function onFailingDisk(
  sql: Partial<SqlStorage>,
  isFailing: (statement: string) => boolean,
  { nodes = 2, nodeName = 'node-0' } = {},
) {
  const errors: unknown[] = []
  const exec = (statement: string, ...values: unknown[]) => {
    if (isFailing(statement)) throw new Error('disk I/O error')
    return sql.exec?.(statement, ...values)
  }
  const failing = { exec } as SqlStorage
  const topology = new Topology({ nodes })
  const onError = (error: unknown) => void errors.push(error)
  const storage = { sql: failing, transactionSync: (run: () => unknown) => run() }
  openDisk({
    storage: storage as DurableObjectStorage,
    nodeName,
    groups: ['scores'],
    topology,
    onError,
  })
  errors.length = 0
  const node = { retire: async () => {}, stats: async () => {} }
  const departures = new Departures({
    sql: failing,
    nodeName,
    topology,
    nodeNamed: () => node,
    onError,
  })
  return { departures, errors }
}

test.each(['node-0', 'node-1'])(
  'a disk that fails does not keep %s from starting',
  async (name) => {
    const { departures, errors } = onFailingDisk({}, () => true, { nodeName: name })

    await departures.settle()

    expect(errors).toEqual([new Error('disk I/O error')])
  },
)

test('a disk that cannot be written to fails no report', async () => {
  await onDisk(async (start, _, __, { sql }) => {
    await start({ nodes: 4 }).settle()
    start({ nodes: 2 })
    const { departures, errors } = onFailingDisk(sql, (statement) => statement.startsWith('INSERT'))

    await departures.settle()

    expect(errors).toEqual([new Error('disk I/O error')])
  })
})

test.each(['', '{', 'null', '5', '[5]', '{"":"2"}', '{"":1e9}', '{"":-1}'])(
  'damaged notes of the keeper count as nothing known: %s',
  async (damaged) => {
    await onDisk(async (start, calls, _, { sql }) => {
      await start({ nodes: 4 }).settle()
      writeMeta(sql, 'nodes', damaged)
      writeMeta(sql, 'untold', damaged)

      await start({ nodes: 3 }).settle()
      expect(calls).toEqual([])
      expect(readMeta(sql, 'nodes')).toBe('{"":3}')
      await start({ nodes: 2 }).settle()

      expect(calls).toEqual(['node-2.retire'])
    })
  },
)

test('damage to one of the notes leaves the other', async () => {
  await onDisk(async (start, calls, _, { sql }) => {
    await start({ nodes: 4 }).settle()
    writeMeta(sql, 'untold', '{')
    await start({ nodes: 3 }).settle()
    writeMeta(sql, 'untold', '["node-7"]')
    writeMeta(sql, 'nodes', '{')
    await start({ nodes: 2 }).settle()

    expect(calls).toEqual(['node-3.retire', 'node-7.retire'])
  })
})

test('a node that answers pings only is waited for for five seconds', async () => {
  await onDisk(async (start, _, __, { sql }) => {
    await start({ nodes: 4 }).settle()
    const clock = new FakeClock()
    const hanging = { ping: async () => {}, retire: () => new Promise(() => {}) }
    const health = new Circuit({ failuresToOpen: 1, longestProbeMs: 5_000, random: () => 0 })
    const isOwner = () => true
    const errors: unknown[] = []
    const departures = new Departures({
      sql,
      nodeName: 'node-0',
      topology: new Topology({ nodes: 2 }),
      nodeNamed: (name) => new StubPeer({ name, stub: () => hanging, health, clock, isOwner }),
      onError: (error) => errors.push(error),
    })
    const settled = departures.settle()
    for (let passedMs = 0; passedMs < 5_000; passedMs += 100) {
      clock.advance(100)
      await settle()
    }

    expect(errors).toMatchObject([{ code: 'peer-unavailable' }, { code: 'peer-unavailable' }])
    await settled
  })
})
