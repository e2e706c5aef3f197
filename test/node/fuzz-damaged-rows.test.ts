/** A disk whose rows have been damaged: what is read is what was written, or nothing. */

import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeUtf8 } from '../../src/core/bytes.ts'
import { SqliteStore } from '../../src/node/sqlite-store.ts'
import { COLUMNS } from '../../src/node/stored-row.ts'
import { storedEntry } from '../contract/entry-store.contract.ts'
import { createDurableGroupOn, type DurableGroup } from '../support/durable-group.ts'
import { holds } from '../support/fuzz.ts'
import { textOf } from '../support/group-factory.ts'

const GROUP = 'scores'
const KEYS = ['a', 'b', 'c']

interface Damage {
  readonly sql: string
  readonly bindings: readonly (string | number | null | ArrayBuffer)[]
}

const odd = fc.oneof(
  fc.constantFrom<string | number>(
    '',
    '{',
    '[',
    '{}',
    '[]',
    'null',
    '[1]',
    '"',
    '__proto__',
    -1,
    0,
    1,
  ),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'binary-ascii' }),
  fc.uint8Array({ maxLength: 8 }).map((bytes) => new Uint8Array(bytes).buffer),
)
/** The rest are what a row is found by: a row of another key is another row. */
const columns = COLUMNS.filter((column) => column !== 'group_name' && column !== 'key')
const anyDamage: fc.Arbitrary<Damage> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(...columns), odd, fc.constantFrom(...KEYS))
      .map(([column, value, key]) => ({
        sql: `UPDATE entries SET ${column} = ? WHERE key = ?`,
        bindings: [value, key],
      })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom(...KEYS), fc.constantFrom(...KEYS)).map(([key, other]) => ({
      sql: `UPDATE entries SET (description, tags, etag, body, length, checksum) =
        (SELECT description, tags, etag, body, length, checksum FROM entries WHERE key = ?)
        WHERE key = ? AND EXISTS (SELECT 1 FROM entries WHERE key = ?)`,
      bindings: [other, key, other],
    })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.nat({ max: 300 }), fc.uint8Array({ maxLength: 8 }))
      .map(([id, bytes]) => ({
        sql: 'REPLACE INTO chunks VALUES (?, ?)',
        bindings: [id, new Uint8Array(bytes).buffer],
      })),
  },
  {
    weight: 2,
    arbitrary: fc
      .nat({ max: 3 })
      .map((n) => ({ sql: `DELETE FROM chunks WHERE id % 4 = ?`, bindings: [n] })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(...KEYS)
      .map((key) => ({ sql: 'DELETE FROM tags WHERE key = ?', bindings: [key] })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...KEYS).map((key) => ({
      sql: 'REPLACE INTO tags VALUES (?, ?, ?)',
      bindings: [GROUP, 'x', key],
    })),
  },
)

async function inNode<T>(run: (storage: DurableObjectStorage) => Promise<T>): Promise<T> {
  const stub = env.CACHE_NODE.getByName('damaged')
  return runInDurableObject(stub, (_, { storage }) => run(storage))
}

/** Fails where the damage cannot be done at all: a column's own rules forbid it. */
function damage({ sql }: DurableObjectStorage, { sql: statement, bindings }: Damage): void {
  try {
    sql.exec(statement, ...bindings)
  } catch {
    // Nothing has changed.
  }
}

function recount(storage: DurableObjectStorage): { bytes: number; items: number } {
  return storage.sql
    .exec<{ bytes: number; items: number }>(
      'SELECT coalesce(sum(bytes), 0) AS bytes, count(*) AS items FROM entries WHERE group_name = ?',
      GROUP,
    )
    .one()
}

/** To the byte: a damaged row may say that it counts as a part of one. */
function expectRecounted(store: SqliteStore, storage: DurableObjectStorage): void {
  const { bytes, items } = recount(storage)
  expect(store.items).toBe(items)
  expect(Math.abs(store.bytes - bytes)).toBeLessThan(1)
}

function durableGroup(storage: DurableObjectStorage): DurableGroup<SqliteStore> {
  return createDurableGroupOn(new SqliteStore(storage, GROUP), {
    options: { ttlMs: 3_600_000, staleWhileRevalidateMs: 1_000 },
    entityTag: (value) => `"${new TextDecoder().decode(value)}"`,
    loader: async (key) => ({
      kind: 'value',
      value: encodeUtf8(`value of ${key}`),
      contentType: 'text/plain',
      tags: ['x', key],
    }),
  })
}

test('a damaged row costs a load, and never an answer', async () => {
  await inNode(async (storage) => {
    const damages = fc.array(anyDamage, { minLength: 1, maxLength: 4 })
    const property = fc.asyncProperty(damages, async (run) => {
      storage.sql.exec('DELETE FROM entries')
      const writer = durableGroup(storage)
      for (const key of KEYS) await writer.group.get(key)
      writer.write()
      for (const one of run) damage(storage, one)
      // What has lost its memory counts anew.
      const node = durableGroup(storage)

      for (const key of KEYS) {
        const reply = await node.group.get(key)
        expect(textOf(reply)).toBe(`value of ${key}`)
        expect(reply.path[0]?.ttlMs ?? 0).toSatisfy(Number.isFinite)
        expect(reply.kind === 'value' && reply.entry.contentType).toBe('text/plain')
        expect(reply.kind === 'value' && [...reply.entry.tags]).toEqual(['x', key])
      }
      // What could not be trusted has been replaced by what was loaded.
      node.write()
      node.loseMemory()
      for (const key of KEYS) expect(textOf(await node.group.get(key))).toBe(`value of ${key}`)
      expectRecounted(node.store, storage)
      // The purge of a key, and of all, holds whatever the rows say.
      node.group.purgeLocally({ keys: ['a'] })
      expect(node.store.read('a', 0)).toBeUndefined()
      node.group.purgeLocally({ all: true })
      expect(recount(storage)).toEqual({ bytes: 0, items: 0 })
    })
    await holds(property, { seed: 221, numRuns: 300 })
  })
})

test('a store reads what was written, or says that it cannot, and counts what it has', async () => {
  await inNode(async (storage) => {
    const damages = fc.array(anyDamage, { minLength: 1, maxLength: 4 })
    const property = fc.asyncProperty(damages, async (run) => {
      storage.sql.exec('DELETE FROM entries')
      const writer = new SqliteStore(storage, GROUP)
      for (const key of KEYS)
        writer.write(key, storedEntry({ value: `value of ${key}`, tags: [key] }))
      for (const one of run) damage(storage, one)
      const store = new SqliteStore(storage, GROUP)

      for (const key of KEYS) {
        let found: ReturnType<typeof store.read>
        try {
          found = store.read(key, 0)
        } catch (error) {
          expect(error).toMatchObject({ name: 'DamagedEntryError' })
          continue
        }
        if (found === undefined) continue
        const { value, contentType, tags, expiresAtMs } = found.entry
        for (const ms of [expiresAtMs, found.heldFromMs, found.usedAtMs]) {
          expect(Number.isFinite(ms)).toBe(true)
        }
        expect(new TextDecoder().decode(value)).toBe(`value of ${key}`)
        expect([contentType, tags]).toEqual(['text/plain', [key]])
      }
      expectRecounted(store, storage)
      store.delete({ key: 'a' })
      store.makeStale({ all: true }, 0)
      expectRecounted(store, storage)
    })
    await holds(property, { seed: 222, numRuns: 300 })
  })
})
