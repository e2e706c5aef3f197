/** Compares the LRU with npm's `lru-cache` at the same bound in bytes: how long it takes, what it weighs. */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { LRUCache } from 'lru-cache'
import { Lru } from '../src/core/eviction/lru.ts'
import { heapBytesOf } from './support/heap.ts'
import { printMachine, printTable, type Row, writeResults } from './support/report.ts'
import { interleave, median, type Timing } from './support/timing.ts'

const OPERATIONS = 200_000
const ROUNDS = { measured: 15, warmUp: 4, operations: OPERATIONS }
const BUILDS = 5
/** Of the values that are held for real, where memory is measured per byte that is stored. */
const VALUE_BYTES = 1_024
const WORKS = [
  { name: 'evict', label: 'set that evicts (ns)' },
  { name: 'hit', label: 'get that hits (ns)' },
  { name: 'replace', label: 'set that replaces (ns)' },
] as const

interface Value {
  readonly n: number
}

/** Twice as many entries as fit: set round and round, each one meets a full cache without its key. */
interface Load {
  readonly keys: readonly string[]
  readonly values: readonly Value[]
  /** From 512 to 1,535 bytes each. */
  readonly sizes: readonly number[]
  /** How many of the entries fit: the first half, exactly. */
  readonly entries: number
  readonly maxBytes: number
  /** The order in which entries that are held are asked for or replaced: scattered. */
  readonly order: Uint32Array
}

/** Ours first, then theirs. */
interface Figures {
  readonly timings: Record<string, readonly Timing[]>
  readonly heapBytes: Record<string, readonly number[]>
  heapPerStoredByte: readonly number[]
}

/** One cache, in code of its own: a loop that served several would be slower for all. */
interface Subject {
  readonly name: string
  /** One batch of each kind of work. `hit` and `replace` work on a cache in which nothing gives way. */
  readonly evict: () => number
  readonly hit: () => number
  readonly replace: () => number
  /** A new cache after one set of each of the first `sets` entries. */
  readonly fill: (sets: number) => unknown
  /** A new cache that is full of values of `VALUE_BYTES`, made for it. */
  readonly store: () => unknown
  /** What is held now, to see that the same work was done. */
  readonly held: () => number[]
}

const [entriesArgument, presizedArgument] = process.argv.slice(2).map(Number)
if (entriesArgument === undefined) await runAll()
else process.send?.(compare(makeLoad(entriesArgument), presizedArgument === 1))

/** Each comparison in a process of its own, or the engine would carry over what it learnt in the last. */
async function runAll(): Promise<void> {
  printMachine()
  const comparisons: (Figures & { entries: number; isPresized: boolean })[] = []
  for (const isPresized of [false, true]) {
    for (const entries of [10_000, 100_000]) {
      const comparison = fork(import.meta.filename, [String(entries), isPresized ? '1' : '0'])
      comparison.once('message', (figures: Figures) => {
        comparisons.push({ entries, isPresized, ...figures })
      })
      const [status] = await once(comparison, 'exit')
      if (status !== 0) process.exitCode = 1
    }
  }
  writeResults('lru', { comparisons })
}

function compare(load: Load, isPresized: boolean): Figures {
  const subjects = [ourSubject(load), theirSubject(load, isPresized)]
  const rows: Row[] = []
  const figures: Figures = { timings: {}, heapBytes: {}, heapPerStoredByte: [] }
  for (const work of WORKS) {
    const timings = interleave(
      subjects.map((subject) => ({ name: subject.name, run: subject[work.name] })),
      ROUNDS,
    )
    expectSameContents(subjects)
    figures.timings[work.name] = timings
    rows.push([work.label, ...timings.map(describe), (timings[1] as Timing).timesFirst.toFixed(2)])
  }
  for (const sets of [load.entries, load.entries * 2]) {
    const bytes = subjects.map(({ fill }) => bytesPerEntry(load, () => fill(sets)))
    const when = sets === load.entries ? 'fresh' : 'turned over once'
    rows.push([`heap, ${when} (bytes)`, ...bytes.map((n) => n.toFixed(0)), ratio(bytes)])
    figures.heapBytes[when] = bytes
  }
  // Last: what the engine has learnt of small values is what the times are about.
  const perByte = subjects.map(({ store }) => bytesPerEntry(load, store) / VALUE_BYTES)
  rows.push([
    'heap per stored byte, 1 KiB values',
    ...perByte.map((n) => n.toFixed(3)),
    ratio(perByte),
  ])
  figures.heapPerStoredByte = perByte
  const title = `${load.entries.toLocaleString('en')} entries, per operation or entry: median (low to high)`
  printTable(title, ['', ...subjects.map(({ name }) => name), 'times ours'], rows)
  return figures
}

function makeLoad(entries: number): Load {
  const indexes = Array.from({ length: entries * 2 }, (_, i) => i)
  const sizes = indexes.map((i) => 512 + ((i * 37) % 1_024))
  return {
    entries,
    keys: indexes.map((i) => `/users/${i}/profile`),
    values: indexes.map((n) => ({ n })),
    sizes,
    maxBytes: sizes.slice(0, entries).reduce((sum, size) => sum + size, 0),
    order: Uint32Array.from({ length: OPERATIONS }, (_, i) => (i * 7_919) % entries),
  }
}

function ourSubject({ keys, values, sizes, entries, maxBytes, order }: Load): Subject {
  const set = (cache: Lru<Value>, i: number) =>
    cache.set(keys[i] as string, values[i] as Value, sizes[i] as number)
  const fill = (sets: number) => {
    const cache = new Lru<Value>(maxBytes)
    for (let i = 0; i < sets; i++) set(cache, i)
    return cache
  }
  const [turning, still] = [fill(entries), fill(entries)]
  let next = entries
  return {
    name: 'Lru',
    evict() {
      for (let i = 0; i < OPERATIONS; i++) {
        set(turning, next)
        next = (next + 1) % keys.length
      }
      return turning.size
    },
    hit() {
      let sum = 0
      for (const i of order) sum += (still.get(keys[i] as string) as Value).n
      return sum
    },
    replace() {
      for (const i of order) set(still, i)
      return still.size
    },
    fill,
    store() {
      const cache = new Lru<Uint8Array>(entries * VALUE_BYTES)
      for (let i = 0; i < entries; i++) {
        cache.set(keys[i] as string, new Uint8Array(VALUE_BYTES), VALUE_BYTES)
      }
      return cache
    },
    held: () => [turning.size, turning.bytes, still.size, still.bytes],
  }
}

function theirSubject(load: Load, isPresized: boolean): Subject {
  const { keys, values, sizes, entries, maxBytes, order } = load
  const options = isPresized ? { maxSize: maxBytes, max: entries * 2 } : { maxSize: maxBytes }
  const set = (cache: LRUCache<string, Value>, i: number) =>
    cache.set(keys[i] as string, values[i] as Value, { size: sizes[i] as number })
  const fill = (sets: number) => {
    const cache = new LRUCache<string, Value>(options)
    for (let i = 0; i < sets; i++) set(cache, i)
    return cache
  }
  const [turning, still] = [fill(entries), fill(entries)]
  let next = entries
  return {
    name: isPresized ? 'lru-cache, max and maxSize' : 'lru-cache, maxSize',
    evict() {
      for (let i = 0; i < OPERATIONS; i++) {
        set(turning, next)
        next = (next + 1) % keys.length
      }
      return turning.size
    },
    hit() {
      let sum = 0
      for (const i of order) sum += (still.get(keys[i] as string) as Value).n
      return sum
    },
    replace() {
      for (const i of order) set(still, i)
      return still.size
    },
    fill,
    store() {
      const cache = new LRUCache<string, Uint8Array>({ ...options, maxSize: entries * VALUE_BYTES })
      const size = VALUE_BYTES
      for (let i = 0; i < entries; i++) cache.set(keys[i] as string, new Uint8Array(size), { size })
      return cache
    },
    held: () => [turning.size, turning.calculatedSize, still.size, still.calculatedSize],
  }
}

/** What the cache itself takes: keys and values are there before and after. */
function bytesPerEntry({ entries }: Load, build: () => unknown): number {
  return median(Array.from({ length: BUILDS }, () => heapBytesOf(build))) / entries
}

function expectSameContents(subjects: readonly Subject[]): void {
  const held = subjects.map((subject) => subject.held().join())
  if (new Set(held).size !== 1) throw new Error(`not the same contents: ${held.join(' and ')}`)
}

function describe({ medianNs, lowestNs, highestNs }: Timing): string {
  return `${medianNs.toFixed(0)} (${lowestNs.toFixed(0)} to ${highestNs.toFixed(0)})`
}

function ratio([ours = Number.NaN, theirs = Number.NaN]: readonly number[]): string {
  return (theirs / ours).toFixed(2)
}
