/**
 * Owns what happens when very many ask for one key that nobody has: ours, and ordinary caches in KV and in
 * the Cache API. All run in workerd under Miniflare, which simulates both of those.
 */

import { type SeveralWorkers, startWorkers } from '../../test/support/several-workers.ts'
import { type Origin, startOrigin } from '../support/origin.ts'
import { printTable } from '../support/report.ts'
import { median } from '../support/timing.ts'

/** More of them, and the simulations of KV and the Cache API run out of files, as each fetches and puts. */
const MANY = 1_000
const VERY_MANY = 10_000
/**
 * They are made by a Worker, for this many requests that it gets itself: with a connection for each of
 * 10,000, workerd would run out of files.
 */
const CROWDS = 10
const ROUNDS = 3
const ORIGIN = { delayMs: 500, bytes: 1024 }

const CONTENDERS = [
  {
    name: 'groupcache',
    binding: 'GROUPCACHE',
    label: 'ours',
    path: '/cache/pages/',
    requests: MANY,
  },
  { name: 'kv', binding: 'KV', label: 'KV, get and put', path: '/', requests: MANY },
  {
    name: 'cache-api',
    binding: 'CACHE_API',
    label: 'Cache API, match and put',
    path: '/',
    requests: MANY,
  },
  {
    name: 'groupcache',
    binding: 'GROUPCACHE',
    label: 'ours',
    path: '/cache/pages/',
    requests: VERY_MANY,
  },
] as const

type Contender = (typeof CONTENDERS)[number]

interface Stampede {
  readonly originRequests: number
  /** From the first request to the last answer. */
  readonly tookMs: number
  /** Answers other than 200, and connections that broke. */
  readonly failed: number
}

export async function compareStampedes(): Promise<object> {
  const origin = await startOrigin(ORIGIN.delayMs, ORIGIN.bytes)
  const results = CONTENDERS.map((): Stampede[] => [])
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (let turn = 0; turn < CONTENDERS.length; turn++) {
        const index = (round + turn) % CONTENDERS.length
        results[index]?.push(await runOne(CONTENDERS[index] as Contender, origin))
      }
    }
  } finally {
    origin.close()
  }
  return report(results)
}

/** In a runtime of its own: connections of an earlier one may still be open. */
async function runOne(contender: Contender, origin: Origin): Promise<Stampede> {
  const pages = { origin: origin.url, ttl: '60s' }
  const workers = ['crowd', ...new Set(CONTENDERS.map(({ name }) => name))].map((name) => {
    const vars = name === 'groupcache' ? { GROUPS: { pages } } : { ORIGIN: origin.url }
    return { name, configPath: `bench/workers/${name}/wrangler.toml`, vars }
  })
  const running = await startWorkers(workers)
  try {
    // Compiled and connected, as a Worker in use is.
    await stampede(running, contender, 'warm-up', CROWDS)
    await origin.takeCount()
    const outcome = await stampede(running, contender, 'cold', contender.requests)
    return { ...outcome, originRequests: await origin.takeCount() }
  } finally {
    await running.close()
  }
}

async function stampede(
  running: SeveralWorkers,
  { binding, path }: Contender,
  key: string,
  requests: number,
) {
  const query = new URLSearchParams({
    target: binding,
    path: path + key,
    bytes: String(ORIGIN.bytes),
    requests: String(requests / CROWDS),
  })
  const start = performance.now()
  const crowds = Array.from({ length: CROWDS }, async () => {
    const response = await running.get('crowd', `/?${query}`)
    return ((await response.json()) as { failed: number }).failed
  })
  const failed = (await Promise.all(crowds)).reduce((sum, some) => sum + some)
  return { tookMs: performance.now() - start, failed }
}

function report(results: readonly (readonly Stampede[])[]): object {
  const figures = CONTENDERS.map(({ label, requests }, i) => {
    const stampedes = results[i] as readonly Stampede[]
    const all = (figure: keyof Stampede) => stampedes.map((outcome) => outcome[figure])
    return {
      label,
      requests,
      stampedes,
      tookMs: median(all('tookMs')),
      originRequests: all('originRequests'),
      failed: all('failed'),
    }
  })
  printTable(
    `Many requests for one cold key at once; the origin takes ${ORIGIN.delayMs} ms`,
    ['', 'requests', `origin requests, ${ROUNDS} runs`, 'last answer, median (ms)', 'failed'],
    figures.map(({ label, requests, originRequests, tookMs, failed }) => [
      label,
      requests.toLocaleString('en'),
      originRequests.join(', '),
      tookMs.toFixed(0),
      failed.join(', '),
    ]),
  )
  return figures.map(({ label, requests, stampedes }) => ({ label, requests, stampedes }))
}
