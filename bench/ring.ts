/** Compares the ring with packages of npm: how long it takes, how evenly it shares, what it moves. */

import ConsistentHash from 'consistent-hash'
import HashRing from 'hashring'
import SkeletonRendezvousHasher from 'skeleton-rendezvous'
import { murmur3 } from '../src/core/hash.ts'
import { Ring } from '../src/core/ring.ts'
import { checkLimit, printMachine, printTable, type Row, writeResults } from './support/report.ts'
import { type Contender, interleave, type Timing } from './support/timing.ts'

const KEYS = Array.from({ length: 100_000 }, (_, i) => `user-${i}`)
const HOT_KEYS = Array.from({ length: 100_000 }, (_, i) => `user-${(i * 7_919) % 1_000}`)

const OURS = 'Ring, 640 points per node'
const AS_SHIPPED = 'hashring as shipped: MD5, 160 points'
const AS_MANY = 'hashring: MD5, 640 points'
const SAME_HASH = 'hashring: murmur3, 640 points'
const RANDOM_POINTS = 'consistent-hash: 40 points at random'
const RENDEZVOUS = 'skeleton-rendezvous: MD5, no points'

/** As printed, for the file of results. */
const tables: { title: string; header: Row; rows: readonly Row[] }[] = []

printMachine()
for (const count of [16, 512]) compareBuild(count)
for (const count of [16, 512]) comparePick(count)
compareBalance([16, 32, 512])
compareMoves([16, 32, 512])
writeResults('ring', { tables })

function compareBuild(count: number): void {
  const nodes = nodeNames(count)
  const builds = Math.ceil(512 / count)
  const repeat = (name: string, build: () => number): Contender => ({
    name,
    run() {
      let sum = 0
      for (let i = 0; i < builds; i++) sum += build()
      return sum
    },
  })
  const timings = interleave(
    [
      repeat(OURS, () => new Ring(nodes).nodes.length),
      repeat(AS_SHIPPED, () => new HashRing(nodes).ring.length),
      repeat(AS_MANY, () => md5Ring(nodes).ring.length),
      repeat(SAME_HASH, () => murmurRing(nodes).ring.length),
      // It sorts its points at the first key.
      repeat(RANDOM_POINTS, () => randomRing(nodes).get('user-0').length),
      repeat(RENDEZVOUS, () => new SkeletonRendezvousHasher({ sites: nodes }).getSites().length),
    ],
    { measured: 9, warmUp: 2, operations: builds },
  )
  const rows = timings.map((t) => timingRow(t, 1e6))
  showTable(`Build, ${count} nodes (ms)`, ['', 'median', 'low', 'high', 'times ours'], rows)
  if (count === 512) checkLimit('Build', (timings[0] as Timing).medianNs / 1e6, 100, 'ms')
}

function comparePick(count: number): void {
  const nodes = nodeNames(count)
  const ours = new Ring(nodes)
  const shipped = new HashRing(nodes)
  const sameHash = murmurRing(nodes)
  const random = randomRing(nodes)
  const rendezvous = new SkeletonRendezvousHasher({ sites: nodes })
  const pickAll = (keys: readonly string[], pick: (key: string) => string) => () => {
    let length = 0
    for (const key of keys) length += pick(key).length
    return length
  }
  const timeKeys = (keys: readonly string[]) =>
    interleave(
      [
        { name: OURS, run: pickAll(keys, (key) => ours.pick(key)) },
        { name: AS_SHIPPED, run: pickAll(keys, (key) => shipped.get(key)) },
        {
          name: `${SAME_HASH}, its memory of answers passed by`,
          run: pickAll(keys, (key) => {
            const point = sameHash.find(sameHash.hashValue(key))
            return (sameHash.ring[point] as { server: string }).server
          }),
        },
        { name: RANDOM_POINTS, run: pickAll(keys, (key) => random.get(key)) },
      ],
      { measured: 15, warmUp: 3, operations: keys.length },
    )
  const header = ['', 'median', 'low', 'high', 'times ours']
  const spread = timeKeys(KEYS)
  const hot = timeKeys(HOT_KEYS)
  showTable(
    `Pick, ${count} nodes, 100,000 keys (ns)`,
    header,
    spread.map((t) => timingRow(t, 1)),
  )
  showTable(
    `Pick, ${count} nodes, the same 1,000 keys again and again (ns)`,
    header,
    hot.map((t) => timingRow(t, 1)),
  )
  // A tenth of the keys: it takes some 20 hashes of MD5 for each.
  const someKeys = KEYS.slice(0, 10_000)
  const some = interleave(
    [
      { name: OURS, run: pickAll(someKeys, (key) => ours.pick(key)) },
      { name: RENDEZVOUS, run: pickAll(someKeys, (key) => rendezvous.findSite(key)) },
    ],
    { measured: 5, warmUp: 2, operations: someKeys.length },
  )
  showTable(
    `Pick, ${count} nodes, 10,000 of these keys (ns)`,
    header,
    some.map((t) => timingRow(t, 1)),
  )
  if (count === 512) checkLimit('Pick', (spread[0] as Timing).medianNs, 250, 'ns')
}

function compareBalance(counts: readonly number[]): void {
  const rows = counts.map((count): Row => {
    const nodes = nodeNames(count)
    const ours = new Ring(nodes)
    const shipped = new HashRing(nodes)
    const asMany = md5Ring(nodes)
    const random = randomRing(nodes)
    const rendezvous = new SkeletonRendezvousHasher({ sites: nodes })
    return [
      count,
      (Math.max(...ours.shares().values()) * count).toFixed(3),
      maxOverMean(count, (key) => ours.pick(key)).toFixed(3),
      maxOverMean(count, (key) => shipped.get(key)).toFixed(3),
      maxOverMean(count, (key) => asMany.get(key)).toFixed(3),
      maxOverMean(count, (key) => random.get(key)).toFixed(3),
      maxOverMean(count, (key) => rendezvous.findSite(key)).toFixed(3),
    ]
  })
  showTable(
    "The fullest node's keys over the mean, of 100,000 keys",
    [
      'nodes',
      'Ring, by shares',
      'Ring',
      'hashring as shipped',
      'hashring, 640 points',
      'consistent-hash',
      'skeleton-rendezvous',
    ],
    rows,
  )
}

function compareMoves(counts: readonly number[]): void {
  const rows = counts.map((count): Row => {
    const nodes = nodeNames(count)
    const more = [...nodes, 'joining']
    const ours = [new Ring(nodes), new Ring(more)] as const
    const theirs = [new HashRing(nodes), new HashRing(more)] as const
    const random = [randomRing(nodes), randomRing(nodes).add('joining')] as const
    const sites = [
      new SkeletonRendezvousHasher({ sites: nodes }),
      new SkeletonRendezvousHasher({ sites: more }),
    ] as const
    return [
      count,
      percent(1 / (count + 1)),
      percent(movedPart((key) => [ours[0].pick(key), ours[1].pick(key)])),
      percent(movedPart((key) => [theirs[0].get(key), theirs[1].get(key)])),
      percent(movedPart((key) => [random[0].get(key), random[1].get(key)])),
      percent(movedPart((key) => [sites[0].findSite(key), sites[1].findSite(key)])),
    ]
  })
  showTable(
    'Keys that move when one node joins, of 100,000',
    [
      'nodes',
      'fair part',
      'Ring',
      'hashring as shipped',
      'consistent-hash, built anew',
      'skeleton-rendezvous',
    ],
    rows,
  )
}

function showTable(title: string, header: Row, rows: readonly Row[]): void {
  printTable(title, header, rows)
  tables.push({ title, header, rows })
}

function maxOverMean(count: number, pick: (key: string) => string): number {
  const owned = new Map<string, number>()
  for (const key of KEYS) {
    const owner = pick(key)
    owned.set(owner, (owned.get(owner) ?? 0) + 1)
  }
  return (Math.max(...owned.values()) * count) / KEYS.length
}

function movedPart(owners: (key: string) => [before: string, after: string]): number {
  const moved = KEYS.filter((key) => {
    const [before, after] = owners(key)
    return before !== after
  })
  return moved.length / KEYS.length
}

function md5Ring(nodes: string[]): HashRing {
  return new HashRing(nodes, 'md5', { 'vnode count': 160 })
}

/** With our hash and our number of points, what is left to compare is the structure. */
function murmurRing(nodes: string[]): HashRing {
  const algorithm = (key: string) => {
    const hash = murmur3(key)
    return [hash & 0xff, (hash >>> 8) & 0xff, (hash >>> 16) & 0xff, hash >>> 24]
  }
  return new HashRing(nodes, algorithm, { 'vnode count': 640, replicas: 1 })
}

/** Its points are random: two rings of the same nodes differ. */
function randomRing(nodes: readonly string[]): ConsistentHash {
  const ring = new ConsistentHash()
  for (const node of nodes) ring.add(node)
  return ring
}

function nodeNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `node-${i}`)
}

function timingRow(timing: Timing, nsPerUnit: number): Row {
  const show = (ns: number) => (ns / nsPerUnit).toFixed(nsPerUnit === 1 ? 0 : 1)
  return [
    timing.name,
    show(timing.medianNs),
    show(timing.lowestNs),
    show(timing.highestNs),
    timing.timesFirst.toFixed(2),
  ]
}

function percent(part: number): string {
  return `${(part * 100).toFixed(2)}%`
}
