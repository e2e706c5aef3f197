/**
 * Compares the eviction policies, LRU and S3-FIFO, with each other and with Belady's optimum: how many
 * requests each answers, and how long it takes. The same for the hot copies of an edge isolate, which end
 * after `hotTtl`. `--trace FILE --entries N` (or `--bytes N`), as often as wanted, adds recorded requests to
 * the made-up ones.
 */

import { parseArgs } from 'node:util'
import type { Store } from '../src/core/eviction/bounded-map.ts'
import { createStore, type Eviction } from '../src/core/eviction/policies.ts'
import { beladyHits } from './support/belady.ts'
import { type HotCache, hotHits } from './support/hot-copies.ts'
import { replay } from './support/replay.ts'
import {
  checkAtLeast,
  checkLimit,
  printMachine,
  printTable,
  writeResults,
} from './support/report.ts'
import { syntheticWorkloads } from './support/synthetic.ts'
import { type Contender, interleave, type Rounds, type Timing } from './support/timing.ts'
import { type Capacity, readTrace } from './support/trace.ts'
import type { Workload } from './support/workload.ts'

const POLICIES: readonly Eviction[] = ['lru', 's3-fifo']
/** S3-FIFO may take so many times as long as LRU, over all workloads. */
const LIMIT = 1.3
/** By how many points S3-FIFO may answer less from hot copies than LRU, on each trace and on average. */
const HOT_LIMIT = 2.5

const HOT_DEFAULTS = { valueBytes: 1_024, hotTtlMs: 1_000, maxHotBytes: 4 * 1_024 * 1_024 }
/** The first one has the limit: at that rate the default bound is met within the default `hotTtl`. */
const HOT_CACHES: readonly HotCache[] = [
  { ...HOT_DEFAULTS, requestsPerSecond: 5_000 },
  { ...HOT_DEFAULTS, requestsPerSecond: 300 },
  { ...HOT_DEFAULTS, requestsPerSecond: 300, valueBytes: 16 * 1_024 },
  { ...HOT_DEFAULTS, requestsPerSecond: 300, valueBytes: 16 * 1_024, hotTtlMs: 10_000 },
]

const ENTRIES = 10_000
const OPERATIONS = 200_000

printMachine()
const traces = readTraces(process.argv.slice(2))
const workloads = [...syntheticWorkloads(), ...traces]
const ratios = workloads.map(measureHits)
printHits()
const hotRatios = HOT_CACHES.map(measureHotHits)
hotRatios.forEach(printHotHits)
const replays = workloads.map((workload) => ({ name: workload.name, times: timeReplay(workload) }))
printTimes('Whole workloads, per request (ns): median (low to high)', replays)
const operations = timeOperations()
printTimes(
  `One kind of work, ${ENTRIES.toLocaleString('en')} entries, per operation (ns): median (low to high)`,
  operations,
)
const overall = geometricMean(replays.map(({ times }) => times[1]?.timesFirst ?? Number.NaN))
checkLimit('S3-FIFO over LRU, all workloads', overall, LIMIT, 'times', 2)
checkHotHits()
writeResults('hit-ratio', { ratios, hotRatios, replays, operations, overall })

function readTraces(args: string[]): Workload[] {
  const option = { type: 'string', multiple: true } as const
  const { tokens } = parseArgs({
    args,
    options: { trace: option, entries: option, bytes: option },
    tokens: true,
  })
  const traces: Workload[] = []
  let file: string | undefined
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    if (token.name === 'trace') {
      if (file !== undefined) throw new Error(`--trace ${file} needs --entries or --bytes`)
      file = token.value
      continue
    }
    if (file === undefined) throw new Error(`--${token.name} comes after its --trace`)
    const count = Number(token.value)
    if (!Number.isInteger(count) || count < 1) {
      throw new Error(`--${token.name} ${token.value}: a whole number above 0 is needed`)
    }
    const capacity: Capacity = { unit: token.name as Capacity['unit'], count }
    traces.push(readTrace(file, capacity))
    file = undefined
  }
  if (file !== undefined) throw new Error(`--trace ${file} needs --entries or --bytes`)
  return traces
}

function measureHits(workload: Workload) {
  const { capacity, keys, name } = workload
  const percent = (hits: number) => (100 * hits) / keys.length
  const [lru = 0, s3Fifo = 0] = POLICIES.map((policy) =>
    percent(replay(createStore<number>(policy, capacity), workload)),
  )
  return {
    name,
    requests: keys.length,
    capacity,
    lru,
    s3Fifo,
    belady: percent(beladyHits(workload)),
  }
}

function printHits(): void {
  printTable(
    'Hit ratio (%)',
    ['', 'requests', 'LRU', 'S3-FIFO', 'Belady', 'S3-FIFO of Belady'],
    ratios.map(({ belady, lru, name, requests, s3Fifo }) => [
      name,
      requests.toLocaleString('en'),
      lru.toFixed(2),
      s3Fifo.toFixed(2),
      belady.toFixed(2),
      `${((100 * s3Fifo) / belady).toFixed(1)}%`,
    ]),
  )
}

function measureHotHits(cache: HotCache) {
  const hits = workloads.map(({ keys, name }) => {
    const [lru = 0, s3Fifo = 0] = POLICIES.map(
      (policy) => (100 * hotHits(keys, policy, cache)) / keys.length,
    )
    return { name: name.replace(/ @.*$/, ''), lru, s3Fifo }
  })
  return { cache, hits }
}

function printHotHits({ cache, hits }: ReturnType<typeof measureHotHits>): void {
  const { hotTtlMs, maxHotBytes, requestsPerSecond, valueBytes } = cache
  const values = `values of ${valueBytes / 1_024} KiB, hotTtl ${hotTtlMs / 1_000} s`
  printTable(
    `Hot copies (%): ${requestsPerSecond} requests/s, ${values}, ${maxHotBytes / 1_024 ** 2} MiB`,
    ['', 'LRU', 'S3-FIFO', 'points'],
    hits.map(({ lru, name, s3Fifo }) => [
      name,
      lru.toFixed(1),
      s3Fifo.toFixed(1),
      (s3Fifo - lru).toFixed(1),
    ]),
  )
}

function checkHotHits(): void {
  const hits = hotRatios[0]?.hits ?? []
  const check = (what: string, points: number) =>
    checkAtLeast(`Hot copies, ${what}: S3-FIFO less LRU`, points, -HOT_LIMIT, 'points', 2)
  const points = hits.map(({ lru, s3Fifo }) => s3Fifo - lru)
  check('mean of all workloads', points.reduce((sum, value) => sum + value) / points.length)
  for (const { lru, name, s3Fifo } of hits.slice(hits.length - traces.length)) {
    check(name, s3Fifo - lru)
  }
}

/** Both are full when it counts: they have met the workload in the rounds before. */
function timeReplay(workload: Workload): Timing[] {
  const contenders = POLICIES.map((name): Contender => {
    const store = createStore<number>(name, workload.capacity)
    return { name, run: () => replay(store, workload) }
  })
  return interleave(contenders, { measured: 9, warmUp: 3, operations: workload.keys.length })
}

/** The best case of S3-FIFO, which only counts hits, and its worst: that no key is ever asked for again. */
function timeOperations() {
  const keys = Array.from({ length: 2 * ENTRIES }, (_, i) => `/products/${i}`)
  const works: [name: string, work: (store: Store<number>) => number][] = [
    ['get that hits', (store) => each((i) => store.get(keys[scattered(i)] as string) ?? 0)],
    ['set that replaces', (store) => each((i) => +store.set(keys[scattered(i)] as string, i, 1))],
    ['set that evicts', (store) => each((i) => +store.set(keys[i % keys.length] as string, i, 1))],
  ]
  const rounds: Rounds = { measured: 15, warmUp: 4, operations: OPERATIONS }
  return works.map(([name, work]) => {
    const contenders = POLICIES.map((policy): Contender => {
      const store = createStore<number>(policy, ENTRIES)
      for (const [i, key] of keys.slice(0, ENTRIES).entries()) store.set(key, i, 1)
      return { name: policy, run: () => work(store) }
    })
    return { name, times: interleave(contenders, rounds) }
  })
}

function each(operation: (i: number) => number): number {
  let sum = 0
  for (let i = 0; i < OPERATIONS; i++) sum += operation(i)
  return sum
}

function scattered(i: number): number {
  return (i * 7_919) % ENTRIES
}

function printTimes(title: string, rows: readonly { name: string; times: readonly Timing[] }[]) {
  printTable(
    title,
    ['', 'LRU', 'S3-FIFO', 'times LRU'],
    rows.map(({ name, times }) => [
      name,
      ...times.map(
        ({ medianNs, lowestNs, highestNs }) =>
          `${medianNs.toFixed(0)} (${lowestNs.toFixed(0)} to ${highestNs.toFixed(0)})`,
      ),
      times[1]?.timesFirst.toFixed(2) ?? '',
    ]),
  )
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}
