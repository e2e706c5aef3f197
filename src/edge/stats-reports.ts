/** Owns what an operator is told of all nodes' counters. */

import type { Clock } from '../core/clock.ts'
import type { StatsReport } from '../core/group/api.ts'
import type { Group } from '../core/group/group.ts'
import { statsOfPeers } from '../core/peers/fan-out.ts'
import { eachIsolateOnce, edgeSumOf, sumOf } from '../core/stats/node-report.ts'
import type { StubPeers } from '../peers/stub-peers.ts'

/** How long a report may be given again to those who ask, while nothing has happened here. */
const REPORT_LIFE_MS = 1_000

/** What all nodes have counted, gathered with one call to each. */
export class StatsReports {
  private readonly nodes: StubPeers
  private readonly groups: readonly Group[]
  private readonly clock: Clock
  private last: { readonly report: StatsReport; readonly activity: number } | undefined

  constructor(nodes: StubPeers, groups: readonly Group[], clock: Clock) {
    this.nodes = nodes
    this.groups = groups
    this.clock = clock
  }

  async gather(): Promise<StatsReport> {
    const atMs = this.clock.now()
    const { last, activity } = { last: this.last, activity: this.activity() }
    // Whoever has just asked for a value finds it counted; whoever only watches costs little.
    if (last?.activity === activity && Math.abs(atMs - last.report.atMs) < REPORT_LIFE_MS) {
      return last.report
    }
    const { nodes: reports, failed } = await statsOfPeers(this.nodes.from(this.nodes.topology.home))
    const nodes = eachIsolateOnce(reports)
    const report = { atMs, nodes, sum: sumOf(nodes), edge: edgeSumOf(nodes), failed }
    // Of two at once the one that was begun first may end last.
    if (this.last === undefined || this.last.report.atMs <= atMs) this.last = { report, activity }
    return report
  }

  /** Moves with all that happens in this isolate. */
  private activity(): number {
    return this.groups.reduce((sum, { stats }) => sum + stats.gets, this.nodes.calls)
  }
}
