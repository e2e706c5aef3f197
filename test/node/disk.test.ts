import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import type { EntryStore } from '../../src/core/entry-store.ts'
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
    ring: 'of 16',
    isOwned: () => true,
    isRingChanging: false,
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
  const isOwned = (key: string) => key === 'a'

  function filled(storage: DurableObjectStorage) {
    const { scores } = open(storage)
    for (const key of ['a', 'b', 'c']) scores.write(key, storedEntry({ tags: ['t'] }))
  }

  test('loses what the node does not own any more, for good', async () => {
    await onDisk((storage) => {
      filled(storage)

      expect(keysIn(open(storage, { ring: 'of 24', isOwned }).scores)).toEqual(['a'])
      expect(keysIn(open(storage).scores)).toEqual(['a'])
    })
  })

  test('keeps it while the ring changes, and loses it after that', async () => {
    await onDisk((storage) => {
      filled(storage)

      const changing = { ring: 'of 24', isOwned, isRingChanging: true }
      expect(keysIn(open(storage, changing).scores)).toEqual(['a', 'b', 'c'])
      expect(keysIn(open(storage, changing).scores)).toEqual(['a', 'b', 'c'])
      expect(keysIn(open(storage, { ring: 'of 24', isOwned }).scores)).toEqual(['a'])
    })
  })

  test('is not looked through when the ring is the same', async () => {
    await onDisk((storage) => {
      filled(storage)
      const asked: string[] = []

      open(storage, { isOwned: (key) => asked.push(key) > 0 })

      expect(asked).toEqual([])
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
      () => scores.earliestGoneMs,
      () => scores.read('a', 0),
      () => scores.bytesOf('a'),
      () => scores.write('a', storedEntry()),
      () => scores.touch('a', 0),
      () => scores.keysOf({ all: true }),
      () => scores.delete({ all: true }),
      () => scores.makeStale({ all: true }, 0),
      () => scores.leastRecentlyUsed('a'),
      () => scores.deleteGone(0, 1),
    ]) {
      expect(call).toThrow('The disk cannot be used.')
    }
  })
})
