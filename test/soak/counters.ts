/** Owns that the counters of all nodes make sense: in one reading, from one to the next, and as metrics. */

import type { StatsReport } from '../../src/core/group/api.ts'

const GAUGES = /\.(bytes|items|maxBytes|durableBytes|durableItems|openCircuits)$/
const SAMPLE = /^groupcache_\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [\d.e+-]+$/
/** How many times `maxBytes` a node's disk may hold. */
const DISK = 8

export class CountersCheck {
  /** By node, life and counter, what was read last. */
  private readonly lives = new Map<string, number>()
  private readonly violated: (request: string, what: string) => void

  constructor(violated: (request: string, what: string) => void) {
    this.violated = violated
  }

  stats({ nodes, sum }: StatsReport): void {
    const sums = new Map<string, number>()
    for (const { node, sinceMs, groups } of nodes) {
      for (const [group, report] of Object.entries(groups)) {
        const { hotKeys: _, ...counters } = report
        const { gets, hits, bytes, maxBytes, durableBytes } = report
        const where = `${node} ${group}`
        if (bytes > maxBytes) this.violated(where, `${bytes} bytes, allowed ${maxBytes}`)
        if (durableBytes > DISK * maxBytes) this.violated(where, `${durableBytes} bytes on disk`)
        if (hits > gets) this.violated(where, `${hits} hits of ${gets} gets`)
        for (const [name, count] of numbersIn(counters, group)) {
          sums.set(name, (sums.get(name) ?? 0) + count)
          if (!GAUGES.test(name)) this.rises(`${node} since ${sinceMs} ${name}`, count)
        }
      }
    }
    for (const [group, { hotKeys: _, ...counters }] of Object.entries(sum)) {
      for (const [name, count] of numbersIn(counters, group)) {
        const expected = sums.get(name) ?? 0
        if (Math.abs(count - expected) > 1e-6) {
          this.violated(`sum ${name}`, `${count}, but the nodes have ${expected}`)
        }
      }
    }
  }

  /** @param before Read before the metrics were: these have counted at least as much. */
  metrics(text: string, before: StatsReport): void {
    const samples = new Map<string, number>()
    for (const line of text.trimEnd().split('\n')) {
      if (line.startsWith('# HELP ') || line.startsWith('# TYPE ')) continue
      if (!SAMPLE.test(line)) this.violated('/metrics', `not a sample: ${line}`)
      const space = line.lastIndexOf(' ')
      samples.set(line.slice(0, space), Number(line.slice(space + 1)))
    }
    for (const { node, sinceMs, groups } of before.nodes) {
      const since = samples.get(`groupcache_node_start_time_seconds{node="${node}"}`)
      // Else it could not be reached, or has begun another life.
      if (since !== sinceMs / 1_000) continue
      for (const [group, { gets, loads, edge }] of Object.entries(groups)) {
        const labels = `group="${group}",node="${node}"`
        const expected = {
          [`groupcache_gets_total{${labels},tier="node"}`]: gets,
          [`groupcache_gets_total{${labels},tier="edge"}`]: edge.gets,
          [`groupcache_loads_total{${labels}}`]: loads + edge.loads,
        }
        for (const [name, least] of Object.entries(expected)) {
          const count = samples.get(name)
          if (count === undefined || count < least) {
            this.violated(`/metrics ${name}`, `${count}, though stats had ${least} before`)
          }
        }
        const series = `groupcache_load_seconds_`
        const all = samples.get(`${series}bucket{${labels},le="+Inf"}`)
        if (all !== samples.get(`${series}count{${labels}}`)) {
          this.violated(`/metrics ${series}count{${labels}}`, 'not its last bucket')
        }
      }
    }
  }

  /** Of all gets in all lives that were read, the part that hot copies answered, and that nodes did. */
  hitRatios(): { edge: number; node: number } {
    const total = (end: string) =>
      [...this.lives].reduce((sum, [name, n]) => (name.endsWith(end) ? sum + n : sum), 0)
    const edge = { gets: total('.edge.gets'), hits: total('.edge.hits') }
    const both = { gets: total('.gets'), hits: total('.hits') }
    return {
      edge: edge.hits / edge.gets,
      node: (both.hits - edge.hits) / (both.gets - edge.gets),
    }
  }

  private rises(name: string, count: number): void {
    const known = this.lives.get(name) ?? 0
    if (count < known) this.violated(name, `fell from ${known} to ${count}`)
    this.lives.set(name, count)
  }
}

function* numbersIn(value: unknown, name: string): Generator<[name: string, count: number]> {
  if (typeof value === 'number') yield [name, value]
  else {
    for (const [part, inner] of Object.entries(value as object)) {
      yield* numbersIn(inner, `${name}.${part}`)
    }
  }
}
