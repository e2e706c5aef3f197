/**
 * Owns what happens when very many ask for one key that nobody has: ours, and ordinary caches in KV and in
 * the Cache API. All run in workerd under Miniflare, which simulates both of those.
 */

import { once } from 'node:events'
import { get } from 'node:http'
import { json } from 'node:stream/consumers'
import type { Json } from 'miniflare'
import { type SeveralWorkers, startWorkers } from '../../test/support/several-workers.ts'
import { printTable } from '../support/report.ts'
import { median } from '../support/timing.ts'

/**
 * Of more than this at one moment in KV and the Cache API, the runtime is busy for an hour with who is next in
 * their simulations: each waits again for every step of every other one.
 */
const MANY = 1_000
const VERY_MANY = 10_000
/**
 * They are made by a Worker, for this many requests that it gets itself, and the origin is a Worker too: with
 * a connection for each of 10,000, workerd would run out of files.
 */
const CROWDS = 10
const ROUNDS = 3
const BYTES = 1024
/** All come at one moment, and the origin answers half a second later. */
const AT_ONCE: Pace = { perSecond: Number.POSITIVE_INFINITY, originMs: () => 500 }
/**
 * So many come in a second as the simulations can serve, to an origin so slow that all are there before the
 * first answer.
 */
const IN_TURN: Pace = {
  perSecond: 200,
  originMs: (requests) => (1_500 * requests) / IN_TURN.perSecond,
}
/** Of which only the path is looked at. */
const ORIGIN_URL = 'https://origin.example'

interface Contender {
  readonly name: string
  readonly binding: string
  readonly label: string
  readonly path: string
}

const OURS = { name: 'groupcache', binding: 'GROUPCACHE', label: 'ours', path: '/cache/pages/' }
const CONTENDERS: readonly Contender[] = [
  OURS,
  { name: 'kv', binding: 'KV', label: 'KV, get and put', path: '/' },
  { name: 'cache-api', binding: 'CACHE_API', label: 'Cache API, match and put', path: '/' },
]

interface Pace {
  readonly perSecond: number
  /** How long the origin takes for an answer. */
  readonly originMs: (requests: number) => number
}

/** A contender, and how many ask it before the origin has answered. */
interface Run {
  readonly contender: Contender
  readonly requests: number
  readonly pace: Pace
}

interface Stampede {
  readonly originRequests: number
  /** From the first request to the last answer. */
  readonly tookMs: number
  /** Answers other than 200, and connections that broke. */
  readonly failed: number
}

/** All with as many as all can take, and ours with very many. */
export function compareStampedes(): Promise<object> {
  const runs = CONTENDERS.map((contender) => ({ contender, requests: MANY, pace: AT_ONCE }))
  return compare([...runs, { contender: OURS, requests: VERY_MANY, pace: AT_ONCE }], ROUNDS)
}

/** Each contender once, with as many as may be. */
export function compareSlowStampedes(requests: number): Promise<object> {
  const runs = CONTENDERS.map((contender) => ({ contender, requests, pace: IN_TURN }))
  return compare(runs, 1)
}

async function compare(runs: readonly Run[], rounds: number): Promise<object> {
  const results = runs.map((): Stampede[] => [])
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < runs.length; turn++) {
      const index = (round + turn) % runs.length
      results[index]?.push(await runOne(runs[index] as Run))
    }
  }
  return report(runs, results)
}

/** In a runtime of its own: connections of an earlier one may still be open. */
async function runOne({ contender, requests, pace }: Run): Promise<Stampede> {
  const part = (name: string, vars: Record<string, Json>) => {
    return { name, configPath: `bench/workers/${name}/wrangler.toml`, vars }
  }
  const originMs = pace.originMs(requests)
  const pages = { origin: ORIGIN_URL, ttl: '60s', timeout: originMs + 60_000 }
  const contenders = CONTENDERS.map(({ name }) => {
    const vars = name === 'groupcache' ? { GROUPS: { pages } } : { ORIGIN: ORIGIN_URL }
    return { ...part(name, vars), fetchesFrom: 'origin' }
  })
  const origin = part('origin', { DELAY_MS: originMs, BYTES })
  const running = await startWorkers([part('crowd', {}), origin, ...contenders])
  const takeCount = async () => {
    const response = await running.get('origin', '/', { method: 'POST' })
    return (await response.json()) as number
  }
  try {
    // Compiled and connected, as a Worker in use is.
    await stampede(running, contender, 'warm-up', CROWDS, AT_ONCE)
    await takeCount()
    const outcome = await stampede(running, contender, 'cold', requests, pace)
    return { ...outcome, originRequests: await takeCount() }
  } finally {
    await running.close()
  }
}

async function stampede(
  running: SeveralWorkers,
  { binding, path }: Contender,
  key: string,
  requests: number,
  { perSecond }: Pace,
) {
  const query = new URLSearchParams({
    target: binding,
    path: path + key,
    bytes: String(BYTES),
    requests: String(requests / CROWDS),
    'every-ms': String((CROWDS * 1_000) / perSecond),
  })
  const start = performance.now()
  const url = new URL(`/?${query}`, await running.runtime.unsafeGetDirectURL('crowd'))
  const crowds = Array.from({ length: CROWDS }, () => failedOf(url))
  const failed = (await Promise.all(crowds)).reduce((sum, some) => sum + some)
  return { tookMs: performance.now() - start, failed }
}

/** By `node:http`, as `fetch` gives up after five minutes, which the simulations may need. */
async function failedOf(crowd: URL): Promise<number> {
  const [response] = await once(get(crowd), 'response')
  return ((await json(response)) as { failed: number }).failed
}

function report(runs: readonly Run[], results: readonly (readonly Stampede[])[]): object {
  const figures = runs.map(({ contender: { label }, requests, pace }, i) => {
    const stampedes = results[i] as readonly Stampede[]
    const all = (figure: keyof Stampede) => stampedes.map((outcome) => outcome[figure])
    return {
      label,
      requests,
      originMs: pace.originMs(requests),
      stampedes,
      tookMs: median(all('tookMs')),
      originRequests: all('originRequests'),
      failed: all('failed'),
    }
  })
  printTable(
    'Many requests for one cold key, before the origin has answered',
    [
      '',
      'requests',
      'origin (s)',
      'origin requests, each run',
      'last answer, median (s)',
      'failed',
    ],
    figures.map(({ label, requests, originMs, originRequests, tookMs, failed }) => [
      label,
      requests.toLocaleString('en'),
      (originMs / 1_000).toFixed(1),
      originRequests.join(', '),
      (tookMs / 1_000).toFixed(1),
      failed.join(', '),
    ]),
  )
  return figures.map(({ label, requests, originMs, stampedes }) => ({
    label,
    requests,
    originMs,
    stampedes,
  }))
}
