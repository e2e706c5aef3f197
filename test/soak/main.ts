/** Owns a soak: traffic, faults and checks against the built Worker for some minutes, and its report. */

import { parseArgs } from 'node:util'
import { printTable, writeResults } from '../../bench/support/report.ts'
import type { StatsReport } from '../../src/core/api.ts'
import { meterHeapOf } from '../support/heap-usage.ts'
import { startHttpOrigin } from '../support/http-origin.ts'
import { startNodeControl } from '../support/node-control.ts'
import { startWorker } from '../support/worker-server.ts'
import { seededRandom } from '../support/zipf.ts'
import { Faults, sleep } from './faults.ts'
import { TOKEN, Traffic } from './traffic.ts'
import { Truth } from './truth.ts'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string', default: '1' } },
})
const [minutes, seed] = [Number(values.minutes), Number(values.seed)]
const AUTHORIZED = { Authorization: `Bearer ${TOKEN}` }
const base = { ttlMs: 2_000, staleMs: 0, hotTtlMs: 1_000, timeoutMs: 2_000, bytes: 300 }
const PROMISES = {
  plain: base,
  stale: { ...base, staleMs: 3_000 },
  durable: { ...base, ttlMs: 10_000 },
  secret: base,
  large: { ...base, bytes: 120 * 1024 },
  cool: { ...base, hotTtlMs: 0 },
}
const EXTRAS: Record<string, object> = {
  stale: { staleWhileRevalidate: '2s', staleIfError: '3s' },
  durable: { durable: true },
  secret: { access: 'private' },
}

const truth = new Truth(PROMISES)
const faults = new Faults(seededRandom(seed + 1))
const origin = await startHttpOrigin()
let originRequests = 0
origin.answer = async (request, response) => {
  originRequests++
  ;(origin.requests as unknown[]).length = 0
  const [, group = '', key = ''] = (request.url as string).split('/')
  const fault = faults.origin()
  const body = truth.body(group, key)
  if (fault === 'hang') return
  if (fault === 'be slow') await sleep(500)
  if (fault === 'fail') response.writeHead(500).end()
  else response.setHeader('Content-Type', 'text/plain').end(body)
}
const control = await startNodeControl()
control.order = (_, call) => {
  ;(control.calls as string[]).length = 0
  return faults.order(call)
}
const GROUPS = Object.fromEntries(
  Object.entries(PROMISES).map(([name, { ttlMs, hotTtlMs, timeoutMs }]) => [
    name,
    {
      origin: `${origin.url}/${name}/`,
      ttl: `${ttlMs}ms`,
      hotTtl: `${hotTtlMs}ms`,
      timeout: `${timeoutMs}ms`,
      ...EXTRAS[name],
    },
  ]),
)
const worker = await startWorker({
  configPath: 'test/support/workers/controlled/wrangler.toml',
  vars: { NODES: 8, CONTROL: control.url, ADMIN_TOKEN: TOKEN, GROUPS },
  canBeInspected: true,
})
const heap = await meterHeapOf(worker)
const traffic = new Traffic({ url: worker.url, truth, faults, groups: Object.keys(PROMISES), seed })
const heaps: number[] = []
const lives = new Map<string, number>()
let last: StatsReport | undefined

async function readStats(): Promise<void> {
  const response = await worker.get('/admin/stats', { headers: AUTHORIZED })
  last = (await response.json()) as StatsReport
  for (const { node, sinceMs, groups } of last.nodes) {
    for (const [group, { gets, loads, bytes, maxBytes }] of Object.entries(groups)) {
      if (bytes > maxBytes) traffic.violated(`${node} ${group}`, `${bytes} bytes of ${maxBytes}`)
      for (const [name, count] of Object.entries({ gets, loads })) {
        const life = `${node} ${group} ${name} ${sinceMs}`
        if ((lives.get(life) ?? 0) > count) traffic.violated(life, 'fell')
        lives.set(life, count)
      }
    }
  }
}

const connections = Array.from({ length: 16 }, () => traffic.run())
const endMs = Date.now() + minutes * 60_000
while (Date.now() < endMs) {
  await sleep(Math.min(5_000, Math.max(0, endMs - Date.now())))
  await readStats()
  heaps.push((await heap.read()) / 1e6)
  console.log(
    `${traffic.latencies.length} requests, ${traffic.violations.length} violations, heap ${heaps.at(-1)?.toFixed(0)} MB, faults ${faults.areOn ? 'on' : 'off'}`,
  )
}
traffic.isOver = true
faults.switchOff()
await Promise.all(connections)
await sleep(15_000)
for (const group of Object.keys(PROMISES)) {
  const body = JSON.stringify({ group, all: true })
  const headers = { ...AUTHORIZED, 'Content-Type': 'application/json' }
  const purge = await worker.get('/admin/purge', { method: 'POST', headers, body })
  if (!purge.ok) traffic.violated(`purge ${group}`, `status ${purge.status} at the end`)
  for (let i = 0; i < 50; i++) {
    truth.forgotten(group, `k${i}`, truth.version(group, `k${i}`), Date.now() - 1_100)
    await traffic.read(group, `k${i}`)
  }
}
await readStats()
for (const [group, { openCircuits }] of Object.entries(last?.sum ?? {})) {
  if (openCircuits > 0) traffic.violated(group, `${openCircuits} circuits open at the end`)
}

const sorted = traffic.latencies.toSorted((a, b) => a - b)
const at = (part: number) => Math.round(sorted[Math.floor((sorted.length - 1) * part)] ?? 0)
const latencyMs = { p50: at(0.5), p99: at(0.99), max: at(1) }
const sortedHeaps = heaps.toSorted((a, b) => a - b)
const heapMb = {
  least: sortedHeaps[0],
  median: sortedHeaps[sortedHeaps.length >> 1],
  most: sortedHeaps.at(-1),
  growthPerMinute: slopePerMinute(heaps),
}
/** By least squares, over the second half. The samples are five seconds apart. */
function slopePerMinute(samples: readonly number[]): number {
  const half = samples.slice(samples.length >> 1)
  const mean = half.reduce((sum, y) => sum + y, 0) / half.length
  const middle = (half.length - 1) / 2
  const over = half.reduce((sum, y, x) => sum + (x - middle) * (y - mean), 0)
  return (over / half.reduce((sum, _, x) => sum + (x - middle) ** 2, 0)) * 12
}
const { answers, violations } = traffic
printTable('Answers', ['kind and status', 'count'], Object.entries(answers).sort())
printTable('Faults', ['kind', 'count'], Object.entries(faults.injected).sort())
printTable(
  'Figures',
  ['', 'value'],
  Object.entries({ originRequests, ...latencyMs, ...heapMb, violations: violations.length }).map(
    ([name, value]) => [name, Math.round(value ?? 0)],
  ),
)
for (const { request, what } of violations.slice(0, 20))
  console.log(`VIOLATION (seed ${seed}) ${request}: ${what}`)
writeResults('soak', {
  minutes,
  seed,
  answers,
  violations,
  originRequests,
  latencyMs,
  heapMb,
  faults: faults.injected,
})
heap.close()
await worker.close()
await control.close()
await origin.close()
if (violations.length > 0) process.exitCode = 1
