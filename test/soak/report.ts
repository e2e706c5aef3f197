/** Owns what a soak tells: how far it is, and at its end what it did and what was wrong. */

import { printTable, writeResults } from '../../bench/support/report.ts'
import type { Faults } from './faults.ts'
import type { MemorySamples } from './memory.ts'
import type { Traffic } from './traffic.ts'

/** The most violations that are printed; the file has all. */
const MOST_PRINTED = 20

/** One line that changes on a terminal; else one line each time. */
export class Progress {
  private readonly startedAtMs = Date.now()
  private readonly minutes: number

  constructor(minutes: number) {
    this.minutes = minutes
  }

  tell(what: string): void {
    const seconds = Math.round((Date.now() - this.startedAtMs) / 1_000)
    const wholeSeconds = this.minutes * 60
    // The last check comes on top.
    const ofAll = seconds <= wholeSeconds ? ` of ${wholeSeconds}` : ''
    const line = `${seconds} s${ofAll}: ${what}`
    process.stdout.write(process.stdout.isTTY ? `\r\x1b[K${line}` : `${line}\n`)
  }

  end(): void {
    if (process.stdout.isTTY) process.stdout.write('\r\x1b[K')
  }
}

interface Soak {
  readonly minutes: number
  readonly seed: number
  readonly traffic: Traffic
  readonly faults: Faults
  readonly originRequests: number
  readonly hitRatios: { readonly edge: number; readonly node: number }
  readonly memory: ReturnType<MemorySamples['figures']>
}

/** Ends the process with 1 if anything was wrong. */
export function reportSoak(soak: Soak): void {
  const { minutes, seed, traffic, faults, originRequests, hitRatios, memory } = soak
  const { answers, latencies, violations } = traffic
  const sorted = latencies.toSorted((a, b) => a - b)
  const at = (part: number) => Math.round(sorted[Math.floor((sorted.length - 1) * part)] ?? 0)
  const latencyMs = { p50: at(0.5), p99: at(0.99), max: at(1) }
  const percent = (part: number) => `${(part * 100).toFixed(1)} %`
  const mb = (size: number) => `${size.toFixed(1)} MB`
  const growth = (size: number) => (memory.isLong ? mb(size) : 'too short to tell')
  printTable('Answers', ['kind and status', 'count'], Object.entries(answers).sort())
  printTable('Faults', ['kind', 'count'], Object.entries(faults.injected).sort())
  printTable(
    'Figures',
    ['', 'value'],
    [
      ['requests', latencies.length],
      ['requests to the origin', originRequests],
      ['hits of hot copies', percent(hitRatios.edge)],
      ['hits at nodes', percent(hitRatios.node)],
      ['latency, median', `${latencyMs.p50} ms`],
      ['latency, 99th percentile', `${latencyMs.p99} ms`],
      ['latency, longest', `${latencyMs.max} ms`],
      ['heap, most', mb(memory.heapMost)],
      ['heap, last', mb(memory.heapLast)],
      ['heap, growth per minute', growth(memory.heapGrowthPerMinute)],
      ['resident set, most', mb(memory.rssMost)],
      ['resident set, last', mb(memory.rssLast)],
      ['resident set, growth per minute', growth(memory.rssGrowthPerMinute)],
      ['violations', violations.length],
    ],
  )
  console.log()
  for (const { request, what } of violations.slice(0, MOST_PRINTED)) {
    console.log(`VIOLATION (seed ${seed}) ${request}: ${what}`)
  }
  writeResults('soak', {
    minutes,
    seed,
    requests: latencies.length,
    originRequests,
    hitRatios,
    latencyMs,
    memory,
    answers,
    faults: faults.injected,
    violations,
  })
  if (violations.length > 0) process.exitCode = 1
}
