/** Owns a soak: traffic, faults and checks against the built Worker for some minutes, and its end. */

import { createWriteStream, mkdirSync } from 'node:fs'
import type { StatsReport } from '../../src/core/group/api.ts'
import { meterHeapOf } from '../support/heap-usage.ts'
import { startNodeControl } from '../support/node-control.ts'
import { startWorker } from '../support/worker-server.ts'
import { seededRandom } from '../support/zipf.ts'
import { CountersCheck } from './counters.ts'
import { Faults, sleep } from './faults.ts'
import { ALL_KEYS, GROUPS, groupOptions, PROMISES } from './groups.ts'
import { InFlight } from './in-flight.ts'
import { MemorySamples, residentMb } from './memory.ts'
import { startSoakOrigin } from './origin.ts'
import { Progress, reportSoak } from './report.ts'
import { TOKEN, Traffic } from './traffic.ts'
import { Truth } from './truth.ts'

const CONNECTIONS = 16
/** How often the origin has a new version of some key, in milliseconds. */
const CHANGE_MS = 5
const SAMPLE_MS = 5_000
/** Until hung calls have ended, and nodes and origins are asked again. */
const RECOVERY_MS = 15_000
const AUTHORIZED = { Authorization: `Bearer ${TOKEN}` }

export interface SoakOptions {
  /** How long the traffic lasts. */
  readonly minutes: number
  /** Of the dice that choose keys, requests and faults. */
  readonly seed: number
}

/** Reports at the end, and has the process end with 1 if anything was wrong. */
export async function soak({ minutes, seed }: SoakOptions): Promise<void> {
  const truth = new Truth(PROMISES)
  const faults = new Faults(seededRandom(seed + 1))
  const inFlight = new InFlight()
  const violated = (request: string, what: string) => traffic.violated(request, what)
  const random = seededRandom(seed + 2)
  const origin = await startSoakOrigin({ truth, faults, inFlight, random, violated })
  const control = await startNodeControl()
  control.order = (_, call) => {
    ;(control.calls as string[]).length = 0
    return faults.order(call)
  }
  mkdirSync('bench/results', { recursive: true })
  const log = createWriteStream('bench/results/soak.log')
  const worker = await startWorker({
    configPath: 'test/support/workers/controlled/wrangler.toml',
    vars: { NODES: 8, CONTROL: control.url, ADMIN_TOKEN: TOKEN, GROUPS: groupOptions(origin.url) },
    canBeInspected: true,
    onLog: (line) => log.write(`${line}\n`),
  })
  const heap = await meterHeapOf(worker)
  const traffic = new Traffic({ url: worker.url, truth, faults, inFlight, seed })
  const counters = new CountersCheck(violated)
  const memory = new MemorySamples()
  const progress = new Progress(minutes)

  async function readCounters(): Promise<StatsReport> {
    const response = await worker.get('/admin/stats', { headers: AUTHORIZED })
    const stats = (await response.json()) as StatsReport
    counters.stats(stats)
    const metrics = await worker.get('/metrics', { headers: AUTHORIZED })
    counters.metrics(await metrics.text(), stats)
    return stats
  }

  const connections = Array.from({ length: CONNECTIONS }, () => traffic.run())
  const changing = setInterval(() => traffic.change(), CHANGE_MS)
  const endMs = Date.now() + minutes * 60_000
  while (Date.now() < endMs) {
    await sleep(Math.min(SAMPLE_MS, Math.max(0, endMs - Date.now())))
    await readCounters()
    const heapMb = (await heap.readLive()) / 1e6
    memory.add({ atMs: Date.now(), heapMb, rssMb: residentMb() })
    progress.tell(
      `${traffic.latencies.length} requests, ${traffic.violations.length} violations, heap ${heapMb.toFixed()} MB, faults ${faults.areOn ? 'on' : 'off'}`,
    )
  }
  for (const wrong of memory.check()) violated('memory', wrong)

  traffic.isOver = true
  clearInterval(changing)
  faults.switchOff()
  await Promise.all(connections)
  progress.tell('traffic has ended, waiting for what still hangs')
  await sleep(RECOVERY_MS)
  for (const group of GROUPS) {
    const bound = truth.purging(group, ALL_KEYS)
    const body = JSON.stringify({ group, all: true })
    const headers = { ...AUTHORIZED, 'Content-Type': 'application/json' }
    const purge = await worker.get('/admin/purge', { method: 'POST', headers, body })
    if (!purge.ok) violated(`purge ${group}`, `status ${purge.status} at the end`)
    bound(Date.now())
  }
  await sleep(Math.max(...GROUPS.map((group) => truth.promisesOf(group).hotTtlMs)) + 100)
  progress.tell('reading every key')
  const left = GROUPS.flatMap((group) => ALL_KEYS.map((key) => [group, key] as const))
  const readAll = async () => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) await traffic.read(...next)
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, readAll))
  for (const [group, { openCircuits }] of Object.entries((await readCounters()).sum)) {
    if (openCircuits > 0) violated(group, `${openCircuits} circuits open at the end`)
  }
  progress.end()
  heap.close()
  await worker.close()
  await control.close()
  await origin.close()
  log.end()
  const { requests: originRequests } = origin
  const hitRatios = counters.hitRatios()
  reportSoak({
    minutes,
    seed,
    traffic,
    faults,
    originRequests,
    hitRatios,
    memory: memory.figures(),
  })
}
