import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { DamagedEntryError, storedBytes } from '../../src/core/durable/entry-store.ts'
import { SqliteStore } from '../../src/node/sqlite-store.ts'
import { CHUNK_BYTES } from '../../src/node/stored-row.ts'
import { runDurableModel } from '../contract/durable-model.ts'
import { entryStoreContract, storedEntry } from '../contract/entry-store.contract.ts'

let nodes = 0

/** Runs a test in a node that nobody has called before; it has made its tables. */
async function inNode<T>(run: (storage: DurableObjectStorage) => T | Promise<T>): Promise<T> {
  const stub = env.CACHE_NODE.getByName(`store-${nodes++}`)
  return runInDurableObject(stub, (_, { storage }) => run(storage))
}

function rowsIn({ sql }: DurableObjectStorage): number[] {
  return ['entries', 'chunks', 'tags'].map((table) => {
    return sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n
  })
}

describe('the store in SQLite', () => {
  entryStoreContract((run) => inNode((storage) => run(new SqliteStore(storage, 'scores'))))

  test('keeps what no chunk is larger than the platform takes, and leaves none behind', async () => {
    await inNode((storage) => {
      const store = new SqliteStore(storage, 'scores')
      store.write('a', storedEntry({ value: 'x'.repeat(2.5 * CHUNK_BYTES), tags: ['t'] }))
      const chunks = storage.sql.exec<{ n: number }>('SELECT length(bytes) AS n FROM chunks')

      expect(Array.from(chunks, ({ n }) => n)).toEqual([CHUNK_BYTES, CHUNK_BYTES, CHUNK_BYTES / 2])
      store.write('a', storedEntry({ value: 'small' }))
      expect(rowsIn(storage)).toEqual([1, 1, 0])
      store.write('b', storedEntry({ tags: ['t', 'u'] }))
      expect(rowsIn(storage)).toEqual([2, 2, 2])
      store.delete({ all: true })
      expect(rowsIn(storage)).toEqual([0, 0, 0])
    })
  })

  test('does not write bytes again that are there', async () => {
    await inNode((storage) => {
      const store = new SqliteStore(storage, 'scores')
      const counted = () => {
        const before = total(storage.sql)
        store.write('a', storedEntry({ expiresAtMs: 1_700_000_009_000, tags: ['t'] }))
        return total(storage.sql) - before
      }

      // The entry, its chunk, its tag; then the entry alone. Rows of the index are not counted here.
      expect(counted()).toBe(3)
      expect(counted()).toBe(1)
    })
  })

  test('keeps groups apart', async () => {
    await inNode((storage) => {
      const [scores, others] = ['scores', 'others'].map((name) => new SqliteStore(storage, name))
      scores?.write('a', storedEntry({ tags: ['t'] }))
      others?.write('a', storedEntry({ value: 'other', tags: ['t'] }))

      expect(scores?.delete({ tag: 't' })).toBe(1)
      expect(others?.read('a', 0)?.entry.etag).toBe('"other"')
      expect(others?.items).toBe(1)
      scores?.write('a', storedEntry())
      expect(scores?.delete({ tag: 't' })).toBe(0)
      others?.makeStale({ all: true }, 0)
      scores?.write('a', storedEntry())
      expect(scores?.read('a', 0)?.isPurgedSoftly).toBe(false)
      expect(scores?.delete({ all: true })).toBe(1)
      expect(others?.items).toBe(1)
    })
  })

  test('counts what an earlier life of the node has stored', async () => {
    await inNode((storage) => {
      const stored = storedEntry()
      new SqliteStore(storage, 'scores').write('a', stored)

      expect(new SqliteStore(storage, 'scores')).toMatchObject({
        items: 1,
        bytes: storedBytes('a', stored.entry),
        earliestRemovableMs: stored.entry.expiresAtMs + 1_000,
      })
    })
  })

  test.each([
    ['a chunk is missing', 'DELETE FROM chunks WHERE id % 64 = 1'],
    ['there is one too many', 'INSERT INTO chunks VALUES (66, zeroblob(1))'],
    ['a chunk is shorter', "UPDATE chunks SET bytes = X'00' WHERE id % 64 = 1"],
    ['a byte is another', "UPDATE chunks SET bytes = X'79' || substr(bytes, 2)"],
    ['the description is no JSON', "UPDATE entries SET description = '{'"],
    [
      'the description is another',
      `UPDATE entries SET description = replace(description, '1', '2')`,
    ],
    ['the tags are no JSON', "UPDATE entries SET tags = '['"],
    ['the entity tag is another', `UPDATE entries SET etag = '"x"'`],
    ['a time is no number', "UPDATE entries SET expires_at = 'soon'"],
    ['the length is another', 'UPDATE entries SET length = length + 1'],
  ])('trusts nothing where %s, and can delete and replace it', async (_, damage) => {
    await inNode((storage) => {
      const store = new SqliteStore(storage, 'scores')
      const stored = storedEntry({ value: 'x'.repeat(CHUNK_BYTES + 1), tags: ['t'] })
      const write = () => store.write('a', stored)
      write()
      storage.sql.exec(damage)

      expect(() => store.read('a', 0)).toThrow(DamagedEntryError)
      expect(store.delete({ key: 'a' })).toBe(1)
      write()
      expect(store.read('a', 0)).toEqual(stored)
    })
  })

  test.each(["'many'", '1e300', '9e15 + 1e15'])(
    'still knows its size where a row that says %s has been replaced or deleted',
    async (bytes) => {
      await inNode((storage) => {
        const stored = storedEntry()
        const size = storedBytes('a', stored.entry)
        for (const repair of ['write', 'delete'] as const) {
          new SqliteStore(storage, 'scores').write('a', stored)
          new SqliteStore(storage, 'scores').write('b', stored)
          storage.sql.exec(`UPDATE entries SET bytes = ${bytes} WHERE key = 'a'`)
          const store = new SqliteStore(storage, 'scores')
          expect(store.items).toBe(2)

          if (repair === 'write') store.write('a', stored)
          else store.delete({ key: 'a' })

          expect(store.bytes).toBe(repair === 'write' ? 2 * size : size)
        }
      })
    },
  )

  test('is left as it was by a write that fails', async () => {
    await inNode((storage) => {
      const store = new SqliteStore(storage, 'scores')
      const older = storedEntry({ tags: ['t'] })
      store.write('a', older)
      store.write('b', storedEntry({ staleWhileRevalidateMs: 0, staleIfErrorMs: 0 }))
      const { bytes } = store
      storage.sql.exec(
        "CREATE TRIGGER full BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'full'); END",
      )

      expect(() => store.write('a', storedEntry({ value: 'newer', tags: ['u'] }))).toThrow('full')
      expect(() => store.makeStale({ all: true }, 0)).toThrow('full')
      expect(store.read('a', 0)).toEqual(older)
      expect([...store.keysOf({ tag: 't' })]).toEqual(['a'])
      expect(store).toMatchObject({ items: 2, bytes })
    })
  })
})

function total(sql: SqlStorage): number {
  return sql.exec<{ n: number }>('SELECT total_changes() AS n').one().n
}

test('a durable group over SQLite never answers what it must not, whatever happens', async () => {
  await inNode(async (storage) => {
    const recount = () => {
      const { n } = storage.sql
        .exec<{ n: number }>(
          "SELECT coalesce(sum(bytes), 0) AS n FROM entries WHERE group_name = 'model'",
        )
        .one()
      return n
    }
    const createStore = () => {
      const store = new SqliteStore(storage, 'model')
      store.delete({ all: true })
      return store
    }
    await runDurableModel(createStore, recount, 60)
    new SqliteStore(storage, 'model').delete({ all: true })
    expect(rowsIn(storage)).toEqual([0, 0, 0])
  })
})
