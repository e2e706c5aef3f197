import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import type { EntryStore } from '../../src/core/durable/entry-store.ts'
import { Topology, type TopologyOptions } from '../../src/core/ring/topology.ts'
import { type DiskParts, openDisk, rememberedName } from '../../src/node/disk.ts'
import { hasTables, MIGRATIONS, migrate, readMeta, writeMeta } from '../../src/node/schema.ts'
import { storedEntry } from '../contract/entry-store.contract.ts'

let nodes = 0

/** Runs a test on a disk that nobody has used. */
async function onDisk(run: (storage: DurableObjectStorage) => void): Promise<void> {
  const stub = env.CACHE_NODE.getByName(`disk-${nodes++}`)
  await runInDurableObject(stub, async (_, { storage }) => {
    await storage.deleteAll()
    run(storage)
  })
}

function open(storage: DurableObjectStorage, parts: Partial<DiskParts> = {}) {
  const errors: unknown[] = []
  const stores = openDisk({
    storage,
    nodeName: 'node-3',
    groups: ['scores'],
    topology: new Topology({ nodes: 16 }),
    onError: (error) => errors.push(error),
    ...parts,
  })
  return { scores: stores.get('scores') as EntryStore, stores, errors }
}

function keysIn(store: EntryStore): string[] {
  return [...store.keysOf({ all: true })].sort()
}

describe('the disk of a node', () => {
  test('keeps what it has from one life of the node to the next', async () => {
    await onDisk((storage) => {
      open(storage).scores.write('a', storedEntry())

      const { errors, scores } = open(storage)

      expect(keysIn(scores)).toEqual(['a'])
      expect(errors).toEqual([])
      expect(readMeta(storage.sql, 'version')).toBe(String(MIGRATIONS.length))
    })
  })

  test('has no tables where no group is durable', async () => {
    await onDisk((storage) => {
      expect([...open(storage, { groups: [] }).stores]).toEqual([])
      expect(hasTables(storage.sql)).toBe(false)
      expect(rememberedName(storage)).toBeUndefined()
    })
  })

  test('loses its tables with the last durable group', async () => {
    await onDisk((storage) => {
      open(storage).scores.write('a', storedEntry())
      open(storage, { groups: [] })

      expect(hasTables(storage.sql)).toBe(false)
      expect(keysIn(open(storage).scores)).toEqual([])
    })
  })

  test('loses what groups have left that are not durable any more', async () => {
    await onDisk((storage) => {
      const groups = ['scores', 'others', 'z']
      for (const store of open(storage, { groups }).stores.values()) store.write('a', storedEntry())

      open(storage, { groups: ['scores'] })
      const { stores } = open(storage, { groups })

      expect(Array.from(stores, ([name, store]) => [name, store.items])).toEqual([
        ['scores', 1],
        ['others', 0],
        ['z', 0],
      ])
    })
  })

  test("remembers the node's name", async () => {
    await onDisk((storage) => {
      open(storage)

      expect(rememberedName(storage)).toBe('node-3')
    })
  })
})

describe('a disk that served another ring', () => {
  const KEYS = Array.from({ length: 200 }, (_, i) => `key-${i}`)
  const GROWING = { nodes: 24, nodesBefore: 16 }

  function reopen(storage: DurableObjectStorage, options: TopologyOptions, nodeName = 'node-3') {
    const topology = new Topology(options)
    const { errors, scores } = open(storage, { nodeName, topology })
    const ownedIn = (nodes: number) => {
      const isOwned = new Topology({ ...options, nodes }).ownershipOf(nodeName)
      return KEYS.filter(isOwned).sort()
    }
    return { errors, ownedIn, scores, topology }
  }

  /** What a node of 16 has written: all of its keys. */
  function filled(storage: DurableObjectStorage, options: TopologyOptions = { nodes: 16 }) {
    const { ownedIn, scores } = reopen(storage, options)
    for (const key of ownedIn(16)) scores.write(key, storedEntry({ tags: ['t'] }))
  }

  test('keeps all while the ring changes, for its next owners, and then what the node owns', async () => {
    await onDisk((storage) => {
      filled(storage)

      const changing = reopen(storage, GROWING)
      expect(keysIn(changing.scores)).toEqual(changing.ownedIn(16))
      expect(keysIn(reopen(storage, GROWING).scores)).toEqual(changing.ownedIn(16))
      const grown = reopen(storage, { nodes: 24 })
      expect(keysIn(grown.scores)).toEqual(grown.ownedIn(24))
      expect(grown.ownedIn(24).length).toBeLessThan(grown.ownedIn(16).length)
    })
  })

  test('loses what was written while a change was under way that has been taken back', async () => {
    await onDisk((storage) => {
      const { ownedIn, scores } = reopen(storage, { nodes: 8, nodesBefore: 16 })
      for (const key of ownedIn(8)) scores.write(key, storedEntry())

      const back = reopen(storage, { nodes: 16 })

      expect(keysIn(back.scores)).toEqual(back.ownedIn(16))
      expect(keysIn(reopen(storage, { nodes: 8, nodesBefore: 16 }).scores)).toEqual(
        back.ownedIn(16),
      )
    })
  })

  test.each<[string, TopologyOptions, TopologyOptions]>([
    ['is about to leave', { nodes: 2, nodesBefore: 16 }, { nodes: 16 }],
    [
      'is about to leave, and is back while the ring changes',
      { nodes: 2, nodesBefore: 16 },
      { nodes: 16, nodesBefore: 2 },
    ],
    ['has left', { nodes: 2 }, { nodes: 16 }],
    ['was not on the ring before', { nodes: 16 }, { nodes: 24, nodesBefore: 2 }],
    ['is in no region', { nodes: 16, regions: ['weur'] }, { nodes: 16 }],
  ])('loses all where the node %s', async (_, between, after) => {
    await onDisk((storage) => {
      filled(storage)

      reopen(storage, between)

      expect(keysIn(reopen(storage, after).scores)).toEqual([])
    })
  })

  test('keeps what it has when a region is added, or the order of regions changes', async () => {
    await onDisk((storage) => {
      const nodeName = 'weur/node-3'
      const { ownedIn, scores } = reopen(storage, { nodes: 16, regions: ['weur'] }, nodeName)
      for (const key of ownedIn(16)) scores.write(key, storedEntry())

      for (const regions of [['weur', 'wnam'], ['wnam', 'weur'], ['weur']]) {
        const again = reopen(storage, { nodes: 16, regions }, nodeName)
        expect(keysIn(again.scores)).toEqual(ownedIn(16))
      }
    })
  })

  test('is not looked through when the ring is the same', async () => {
    await onDisk((storage) => {
      filled(storage)
      const topology = new Topology({ nodes: 16 })
      const asked: string[] = []
      topology.ownerIn = (_, key) => {
        asked.push(key)
        return ''
      }

      const { scores } = open(storage, { topology })

      expect(asked).toEqual([])
      expect(scores.items).toBeGreaterThan(0)
    })
  })

  test('that an earlier version has written to keeps what the node owned then and owns now', async () => {
    await onDisk((storage) => {
      filled(storage)
      storage.sql.exec("DELETE FROM meta WHERE name = 'settings'")
      writeMeta(storage.sql, 'ring', '16 nodes, 123456')

      const { ownedIn, scores } = reopen(storage, { nodes: 16 })
      expect(keysIn(scores)).toEqual(ownedIn(16))

      storage.sql.exec("DELETE FROM meta WHERE name = 'settings'")
      writeMeta(storage.sql, 'ring', '2 nodes, 123456')
      expect(keysIn(reopen(storage, { nodes: 16 }).scores)).toEqual([])
    })
  })
})

describe('a disk of another version', () => {
  test('that is newer is not read, which is told, and serves again', async () => {
    await onDisk((storage) => {
      open(storage).scores.write('a', storedEntry())
      storage.sql.exec('CREATE TABLE "of a later ""version" (x)')
      writeMeta(storage.sql, 'version', '999')

      const { errors, scores } = open(storage)

      expect(errors).toEqual([
        new Error('The disk had entries of version 999, which is not known here.'),
      ])
      expect(keysIn(scores)).toEqual([])
      scores.write('b', storedEntry())
      expect(keysIn(open(storage).scores)).toEqual(['b'])
      expect(migrate(storage)).toBeUndefined()
    })
  })

  test('that is older goes through every migration since', async () => {
    await onDisk((storage) => {
      open(storage).scores.write('a', storedEntry())
      const all = [
        ...MIGRATIONS,
        ['ALTER TABLE entries ADD COLUMN extra TEXT'],
        ['CREATE TABLE more (x)'],
      ]

      expect(migrate(storage, all)).toBeUndefined()

      expect(readMeta(storage.sql, 'version')).toBe('3')
      expect(storage.sql.exec('SELECT extra FROM entries').toArray()).toEqual([{ extra: null }])
      expect(storage.sql.exec('SELECT x FROM more').toArray()).toEqual([])
    })
  })
})

test('a disk that fails leaves stores whose every call fails', async () => {
  await onDisk((storage) => {
    const fails = () => {
      throw new Error('disk I/O error')
    }
    const broken = new Proxy(storage, { get: () => fails })

    const { errors, scores } = open(broken)

    expect(errors).toHaveLength(1)
    for (const call of [
      () => scores.bytes,
      () => scores.items,
      () => scores.earliestRemovableMs,
      () => scores.read('a', 0),
      () => scores.bytesOf('a'),
      () => scores.write('a', storedEntry()),
      () => scores.touch('a', 0),
      () => scores.keysOf({ all: true }),
      () => scores.delete({ all: true }),
      () => scores.makeStale({ all: true }, 0),
      () => scores.leastRecentlyUsed('a'),
      () => scores.deleteRemovable(0, 1),
    ]) {
      expect(call).toThrow('The disk cannot be used.')
    }
  })
})
