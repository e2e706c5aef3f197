/** Owns how much memory the runtime takes over a soak, and how much is too much. */

import { readdirSync, readFileSync } from 'node:fs'

/** The platform ends an isolate that holds more. */
const MOST_HEAP_MB = 128
const MOST_RSS_GROWTH_MB = 20
/** Shorter than this the runtime is still warming up. */
const SHORTEST_MS = 120_000

interface Sample {
  readonly atMs: number
  readonly heapMb: number
  readonly rssMb: number
}

export class MemorySamples {
  private readonly samples: Sample[] = []

  add(sample: Sample): void {
    this.samples.push(sample)
  }

  figures() {
    const half = this.samples.slice(this.samples.length >> 1)
    const heaps = this.samples.map(({ heapMb }) => heapMb)
    const sizes = this.samples.map(({ rssMb }) => rssMb)
    return {
      /** Whether the second half, of which growth is told, is no warm-up any more. */
      isLong: (half.at(-1)?.atMs ?? 0) - (half[0]?.atMs ?? 0) >= SHORTEST_MS,
      heapMost: Math.max(...heaps),
      heapLast: heaps.at(-1) ?? 0,
      heapGrowthPerMinute: slopePerMinute(half.map(({ atMs, heapMb }) => [atMs, heapMb])),
      rssMost: Math.max(...sizes),
      rssLast: sizes.at(-1) ?? 0,
      rssGrowthPerMinute: slopePerMinute(half.map(({ atMs, rssMb }) => [atMs, rssMb])),
    }
  }

  /** What is wrong, a sentence each. */
  check(): string[] {
    const { heapMost, isLong, rssGrowthPerMinute } = this.figures()
    const wrong: string[] = []
    if (heapMost > MOST_HEAP_MB) {
      wrong.push(`the heap held ${heapMost.toFixed()} MB, allowed ${MOST_HEAP_MB}`)
    }
    if (isLong && rssGrowthPerMinute > MOST_RSS_GROWTH_MB) {
      const growth = rssGrowthPerMinute.toFixed(1)
      wrong.push(`the resident set grew by ${growth} MB a minute, allowed ${MOST_RSS_GROWTH_MB}`)
    }
    return wrong
  }
}

/** By least squares. */
export function slopePerMinute(points: readonly (readonly [atMs: number, y: number])[]): number {
  if (points.length < 2) return 0
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length
  const over = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  return (over / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)) * 60_000
}

/** What this process's runtime has resident, in MB. Linux alone tells; elsewhere it is 0. */
export function residentMb(): number {
  try {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const status = readStatus(pid)
      const isOurs = new RegExp(`^PPid:\\s+${process.pid}$`, 'm').test(status)
      if (isOurs && /^Name:\s+workerd$/m.test(status)) {
        return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1_000
      }
    }
  } catch {}
  return 0
}

/** Of a process that has just ended there is none. */
function readStatus(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return ''
  }
}
