/** Owns what is shown of each node, whether it could be reached or not. */

import type { NodeStats } from '../src/core/stats/node-report.ts'
import { nodeRates } from './figures.ts'
import type { Watching } from './state.ts'

export interface NodeRow {
  readonly name: string
  /** The part of the keys, 0 to 1, that it owns; `undefined` while that is not known. */
  readonly share: number | undefined
  /** What it has counted since `sinceMs`; `undefined` where it could not be reached. */
  readonly counted: NodeTotals | undefined
  readonly getsPerSecond: number | undefined
}

export interface NodeTotals {
  readonly sinceMs: number
  readonly gets: number
  readonly hits: number
  readonly bytes: number
  readonly items: number
}

/** In the order of the ring's nodes; those that the ring does not name come last. */
export function nodeRows({ report, history, ring }: Pick<Watching, 'report' | 'history' | 'ring'>) {
  const shares = new Map(ring.map(({ name, share }) => [name, share]))
  const totals = new Map(report.nodes.map((node) => [node.node, totalsOf(node)]))
  const rates = nodeRates(history)
  const names = new Set([...shares.keys(), ...totals.keys(), ...report.failed])
  return Array.from(names, (name): NodeRow => {
    const counted = totals.get(name)
    const getsPerSecond = counted === undefined ? undefined : rates.get(name)
    return { name, share: shares.get(name), counted, getsPerSecond }
  })
}

/** Of all groups that a node has reported of, be it one that cannot be reached any more. */
export function groupNames({ history }: Pick<Watching, 'history'>): string[] {
  const reports = Array.from(history.lastSeen.values(), ({ groups }) => Object.keys(groups))
  return [...new Set(reports.flat())]
}

function totalsOf({ sinceMs, groups }: NodeStats): NodeTotals {
  const totals = { sinceMs, gets: 0, hits: 0, bytes: 0, items: 0 }
  for (const { gets, hits, bytes, items } of Object.values(groups)) {
    totals.gets += gets
    totals.hits += hits
    totals.bytes += bytes
    totals.items += items
  }
  return totals
}
