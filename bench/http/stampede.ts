/**
 * Owns what happens when very many ask for one key that nobody has: ours, and ordinary caches in KV and in
 * the Cache API. Each runs in workerd under Miniflare, which simulates both of those.
 */

import { startWorkers } from '../../test/support/several-workers.ts'
import { Connection, requestBytes } from '../support/connection.ts'
import { type Origin, startOrigin } from '../support/origin.ts'
import { printTable } from '../support/report.ts'
import { median } from '../support/timing.ts'

/** How many ask at once, each on a connection of its own. */
const MANY = 1_000
/**
 * Of ours alone: Miniflare's own parts give up when each of so many fetches and puts. More than this, and
 * workerd runs out of files where a process may open 20,000.
 */
const VERY_MANY = 8_000
const ROUNDS = 3
const ORIGIN = { delayMs: 500, bytes: 1024 }
/** Connections that are opened at once, as the server's queue for new ones is short. */
const OPENED_AT_ONCE = 250

const CONTENDERS = [
  { name: 'groupcache', label: 'ours', path: '/cache/pages/', requests: MANY },
  { name: 'kv', label: 'KV, get and put', path: '/', requests: MANY },
  { name: 'cache-api', label: 'Cache API, match and put', path: '/', requests: MANY },
  { name: 'groupcache', label: 'ours', path: '/cache/pages/', requests: VERY_MANY },
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
async function runOne({ name, path, requests }: Contender, origin: Origin): Promise<Stampede> {
  const pages = { origin: origin.url, ttl: '60s' }
  const vars = name === 'groupcache' ? { GROUPS: { pages } } : { ORIGIN: origin.url }
  const configPath = `bench/workers/${name}/wrangler.toml`
  const { runtime, close } = await startWorkers([{ name, configPath, vars }])
  try {
    const port = Number((await runtime.unsafeGetDirectURL(name)).port)
    // Compiled and connected, as a Worker in use is.
    await stampede(port, `${path}warm-up`, 10)
    await origin.takeCount()
    const outcome = await stampede(port, `${path}cold`, requests)
    return { ...outcome, originRequests: await origin.takeCount() }
  } finally {
    await close()
  }
}

async function stampede(port: number, path: string, requests: number) {
  const connections: Connection[] = []
  while (connections.length < requests) {
    const length = Math.min(OPENED_AT_ONCE, requests - connections.length)
    connections.push(...(await Promise.all(Array.from({ length }, () => Connection.open(port)))))
  }
  const request = requestBytes(path)
  const start = performance.now()
  const outcomes = await Promise.all(
    connections.map((connection) =>
      connection.send(request).then(
        ({ status, bodyBytes }) => status === 200 && bodyBytes === ORIGIN.bytes,
        () => false,
      ),
    ),
  )
  const tookMs = performance.now() - start
  for (const connection of connections) connection.close()
  return { tookMs, failed: outcomes.filter((isAnswered) => !isAnswered).length }
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
    `Many connections ask for one cold key at once; the origin takes ${ORIGIN.delayMs} ms`,
    ['', 'connections', `origin requests, ${ROUNDS} runs`, 'last answer, median (ms)', 'failed'],
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
