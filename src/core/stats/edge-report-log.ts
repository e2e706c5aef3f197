/** Owns what a node has heard from edge isolates. */

import { add, type Counters, noCounters } from './counters.ts'
import {
  type EdgeReport,
  type HotCache,
  type IsolateReport,
  isEdgeReport,
} from './edge-reporter.ts'
import type { HotKey } from './hot-keys.ts'

/** A group of the node, as far as edge isolates tell of it. */
interface Heard {
  readonly name: string
  receiveHotKeys(hotKeys: readonly HotKey[]): void
}

/** An isolate that has said nothing for so long is taken for gone. */
const GONE_AFTER_MS = 60_000

/** Past this the isolate that was silent the longest is forgotten. */
const MOST_ISOLATES = 256

interface Isolate {
  readonly report: IsolateReport
  readonly heardAtMs: number
}

export class EdgeReportLog {
  private readonly groups: ReadonlyMap<string, Heard>
  private readonly counters = new Map<string, Counters>()
  /** The one that was silent the longest is first. */
  private readonly byIsolate = new Map<string, Isolate>()

  constructor(groups: Iterable<Heard>) {
    this.groups = new Map(Array.from(groups, (group) => [group.name, group]))
  }

  /**
   * Counts what a report says of the node's groups; while a deployment spreads, it may know others. One
   * that is not of the form of reports is not counted at all: the call that it came with is served.
   */
  receive(report: EdgeReport, nowMs: number): void {
    if (!isEdgeReport(report)) return
    const { isolate, sequence, groups } = report
    const hot: [string, HotCache][] = []
    for (const [name, news] of Object.entries(groups)) {
      const group = this.groups.get(name)
      if (group === undefined) continue
      this.counters.set(name, add(this.countersOf(name), news.counters))
      group.receiveHotKeys(news.hotKeys)
      hot.push([name, news.hot])
    }
    const known = this.byIsolate.get(isolate)?.report
    this.byIsolate.delete(isolate)
    // Of two calls under way the later one may arrive first.
    const isNews = known === undefined || known.sequence < sequence
    const newest = isNews ? { isolate, sequence, hot: Object.fromEntries(hot) } : known
    this.byIsolate.set(isolate, { report: newest, heardAtMs: nowMs })
    const [oldest] = this.byIsolate.keys()
    if (this.byIsolate.size > MOST_ISOLATES) this.byIsolate.delete(oldest as string)
  }

  countersOf(group: string): Counters {
    return this.counters.get(group) ?? noCounters()
  }

  /** The isolates that have been heard lately. */
  isolates(nowMs: number): IsolateReport[] {
    const recent = [...this.byIsolate.values()].filter(
      ({ heardAtMs }) => nowMs - heardAtMs < GONE_AFTER_MS,
    )
    return recent.map(({ report }) => report)
  }
}
