/** Owns the tables on a node's disk, and how those of an older version become those of this one. */

/**
 * What makes each version out of the one before it; the first makes it out of nothing. Never changed once
 * published: disks out there have gone through it.
 *
 * Rows written are what a disk costs. An entry takes one row, one in the index, one per chunk of its value,
 * and one per tag.
 */
export const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE entries (
      group_name TEXT NOT NULL,
      key TEXT NOT NULL,
      -- The entry as JSON, without what has a column of its own.
      description TEXT NOT NULL,
      -- A JSON list.
      tags TEXT NOT NULL,
      etag TEXT NOT NULL,
      held_from INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      -- How long it may be stale.
      stale_ms INTEGER NOT NULL,
      is_purged_softly INTEGER NOT NULL,
      -- Its chunks are those from body * 64 on.
      body INTEGER NOT NULL,
      length INTEGER NOT NULL,
      checksum INTEGER NOT NULL,
      -- What it counts as.
      bytes INTEGER NOT NULL,
      used_at INTEGER NOT NULL,
      -- From then on it is of no use.
      gone_at INTEGER NOT NULL,
      PRIMARY KEY (group_name, key)
    ) WITHOUT ROWID`,
    // Covers what is asked of all entries of a group at once.
    'CREATE INDEX entries_by_use ON entries (group_name, used_at, gone_at, bytes)',
    'CREATE TABLE chunks (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)',
    `CREATE TABLE tags (
      group_name TEXT NOT NULL,
      tag TEXT NOT NULL,
      key TEXT NOT NULL,
      PRIMARY KEY (group_name, tag, key)
    ) WITHOUT ROWID`,
    // A row whose list of tags is damaged must not be kept by that.
    `CREATE TRIGGER entries_deleted AFTER DELETE ON entries BEGIN
      DELETE FROM chunks WHERE id BETWEEN OLD.body * 64 AND OLD.body * 64 + 63;
      DELETE FROM tags WHERE group_name = OLD.group_name AND key = OLD.key AND tag IN
        (SELECT value FROM json_each(iif(json_valid(OLD.tags), OLD.tags, '[]')));
    END`,
  ],
]

/** Of each entry, as the schema has it. */
export const MOST_CHUNKS = 64

/**
 * What a node remembers beside its entries: the schema's version, its own name, the ring's `settings` at its
 * last start, and what `Departures` notes. `ring` is what earlier versions noted in place of `settings`.
 */
export type MetaName = 'version' | 'node' | 'settings' | 'ring' | 'nodes' | 'untold' | 'reported'

/**
 * Makes the tables what this version expects. Returns the version that had to be given up, if there was
 * one: of a later schema nothing is known, and what could not be purged must not be kept.
 */
export function migrate(
  storage: DurableObjectStorage,
  migrations = MIGRATIONS,
): number | undefined {
  return storage.transactionSync(() => {
    const { sql } = storage
    const found = hasTables(sql) ? Number(readMeta(sql, 'version')) : 0
    const isKnown = found <= migrations.length
    if (!isKnown) dropTables(sql)
    const version = isKnown ? found : 0
    if (version === migrations.length) return undefined
    if (version === 0) {
      sql.exec('CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID')
    }
    for (const statement of migrations.slice(version).flat()) sql.exec(statement)
    writeMeta(sql, 'version', String(migrations.length))
    return isKnown ? undefined : found
  })
}

export function hasTables(sql: SqlStorage): boolean {
  return tableNames(sql).includes('meta')
}

/** Deletes everything. */
export function dropTables(sql: SqlStorage): void {
  // A table's name cannot be bound. It comes from a schema, not from a client, and is quoted all the same.
  for (const name of tableNames(sql)) sql.exec(`DROP TABLE "${name.replaceAll('"', '""')}"`)
}

export function readMeta(sql: SqlStorage, name: MetaName): string | undefined {
  return sql.exec<{ value: string }>('SELECT value FROM meta WHERE name = ?', name).toArray()[0]
    ?.value
}

export function writeMeta(sql: SqlStorage, name: MetaName, value: string): void {
  sql.exec(
    'INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    name,
    value,
  )
}

/** Without those that are the runtime's own. */
function tableNames(sql: SqlStorage): string[] {
  const tables = sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
  return Array.from(tables, ({ name }) => name).filter((name) => !/^(_cf_|sqlite_)/.test(name))
}
