/** Compares the ring with packages of npm: how long it takes, how evenly it shares, what it moves. */

import ConsistentHash from 'consistent-hash'
import HashRing from 'hashring'
import SkeletonRendezvousHasher from 'skeleton-rendezvous'
import { murmur3 } from '../src/core/hash.ts'
import { Ring } from '../src/core/ring/ring.ts'
import { checkLimit, printMachine, printTable, type Row, writeResults } from './support/report.ts'
import { type Contender, interleave, type Timing } from './support/timing.ts'

const KEYS = Array.from({ length: 100_000 }, (_, i) => `user-${i}`)
const HOT_KEYS = Array.from({ length: 100_000 }, (_, i) => `user-${(i * 7_919) % 1_000}`)

const OURS = 'Ring, 640 points per node'
const AS_SHIPPED = 'hashring as shipped: MD5, 160 points'
const AS_MANY = 'hashring: MD5, 640 points'
const SAME_HASH = 'hashring: murmur3, 640 points'
const RANDOM_POINTS = 'consistent-hash as shipped: 40 points'
const RANDOM_AS_MANY = 'consistent-hash: 640 points'
const RENDEZVOUS = 'skeleton-rendezvous: MD5, no points'

/** As printed, for the file of results. */
const tables: { title: string; header: Row; rows: readonly Row[] }[] = []

printMachine()
for (const count of [16, 512]) compareBuild(count)
for (const count of [16, 512]) comparePick(count)
compareSharing([16, 32, 512])
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
      repeat(RANDOM_AS_MANY, () => fullRandomRing(nodes).get('user-0').length),
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
  const randomAsMany = fullRandomRing(nodes)
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
        { name: RANDOM_AS_MANY, run: pickAll(keys, (key) => randomAsMany.get(key)) },
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
  // Few keys: it takes 16 to 30 hashes of MD5 for each.
  const someKeys = KEYS.slice(0, 5_000)
  const some = interleave(
    [
      { name: OURS, run: pickAll(someKeys, (key) => ours.pick(key)) },
      { name: RENDEZVOUS, run: pickAll(someKeys, (key) => rendezvous.findSite(key)) },
    ],
    { measured: 5, warmUp: 2, operations: someKeys.length },
  )
  showTable(
    `Pick, ${count} nodes, the first 5,000 of these keys (ns)`,
    header,
    some.map((t) => timingRow(t, 1)),
  )
  if (count === 512) checkLimit('Pick', (spread[0] as Timing).medianNs, 250, 'ns')
}

/** How evenly the keys lie, and how many of them move when one more node joins. */
function compareSharing(counts: readonly number[]): void {
  const contenders: [name: string, sharing: (nodes: string[], more: string) => Sharing][] = [
    ['Ring', builtAnew((nodes) => new Ring(nodes), Ring.prototype.pick)],
    ['hashring as shipped', builtAnew((nodes) => new HashRing(nodes), HashRing.prototype.get)],
    ['hashring, 640 points', builtAnew(md5Ring, HashRing.prototype.get)],
    ['consistent-hash as shipped', grown(randomRing)],
    ['consistent-hash, 640 points', grown(fullRandomRing)],
    [
      'skeleton-rendezvous',
      builtAnew(
        (sites) => new SkeletonRendezvousHasher({ sites }),
        SkeletonRendezvousHasher.prototype.findSite,
      ),
    ],
  ]
  const names = contenders.map(([name]) => name)
  const measured = counts.map((count) => {
    const nodes = nodeNames(count)
    const byShares = Math.max(...new Ring(nodes).shares().values()) * count
    return {
      count,
      byShares,
      sharings: contenders.map(([, share]) => share(nodes, `node-${count}`)),
    }
  })
  showTable(
    "The fullest node's keys over the mean, of 100,000 keys",
    ['nodes', 'Ring, by shares', ...names],
    measured.map(({ count, byShares, sharings }) => [
      count,
      byShares.toFixed(3),
      ...sharings.map(({ before }) => maxOverMean(count, before).toFixed(3)),
    ]),
  )
  showTable(
    'Keys that move when one node joins, of 100,000',
    ['nodes', 'fair part', ...names],
    measured.map(({ count, sharings }) => [
      count,
      percent(1 / (count + 1)),
      ...sharings.map(({ before, after }) => percent(movedPart(before, after))),
    ]),
  )
}

/** The owner of each key, before a node joins and after. */
interface Sharing {
  readonly before: readonly string[]
  readonly after: readonly string[]
}

/** Same names, same owners: what a second one says that is built with one name more. */
function builtAnew<T>(build: (nodes: string[]) => T, pick: (this: T, key: string) => string) {
  const owners = (ring: T) => KEYS.map((key) => pick.call(ring, key))
  return (nodes: string[], more: string): Sharing => ({
    before: owners(build(nodes)),
    after: owners(build([...nodes, more])),
  })
}

/** Two rings of random points differ, so that the node joins the ring that there is. */
function grown(build: (nodes: string[]) => ConsistentHash) {
  return (nodes: string[], more: string): Sharing => {
    const ring = build(nodes)
    const before = KEYS.map((key) => ring.get(key))
    ring.add(more)
    return { before, after: KEYS.map((key) => ring.get(key)) }
  }
}

function showTable(title: string, header: Row, rows: readonly Row[]): void {
  printTable(title, header, rows)
  tables.push({ title, header, rows })
}

function maxOverMean(count: number, owners: readonly string[]): number {
  const owned = new Map<string, number>()
  for (const owner of owners) owned.set(owner, (owned.get(owner) ?? 0) + 1)
  return (Math.max(...owned.values()) * count) / owners.length
}

function movedPart(before: readonly string[], after: readonly string[]): number {
  return before.filter((owner, key) => owner !== after[key]).length / before.length
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

function randomRing(nodes: readonly string[]): ConsistentHash {
  return filled(new ConsistentHash(), nodes)
}

/** Its usual 100,003 positions cannot hold 512 nodes of 640 points: 5,000,011 can. */
function fullRandomRing(nodes: readonly string[]): ConsistentHash {
  return filled(new ConsistentHash({ range: 5_000_011, controlPoints: 640 }), nodes)
}

function filled(ring: ConsistentHash, nodes: readonly string[]): ConsistentHash {
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
