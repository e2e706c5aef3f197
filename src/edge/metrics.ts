/** Owns the counters in the text format of Prometheus, version 0.0.4. */

import type { StatsReport } from '../core/group/api.ts'
import type { Counters } from '../core/stats/counters.ts'
import { LOAD_SECONDS_BUCKETS } from '../core/stats/group-stats.ts'
import type { GroupReport, NodeStats } from '../core/stats/node-report.ts'

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

type Labels = Readonly<Record<string, string>>
type Sample = readonly [labels: Labels, value: number, suffix?: '_bucket' | '_sum' | '_count']

interface Metric {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly samples: (report: StatsReport) => Sample[]
}

/** Every metric, each with its samples together, as the format demands. */
export function metricsText(report: StatsReport): string {
  return METRICS.map((metric) => textOf(metric, report)).join('')
}

type Part = readonly [labels: Labels, value: number]

/** A counter per group and node. */
function counter(name: string, help: string, parts: (group: GroupReport) => Part[]): Metric {
  return perGroup(name, 'counter', help, parts)
}

/** A counter per group and node of what happens in nodes and at the edge alike. */
function counterOfBoth(name: string, help: string, count: (counters: Counters) => number): Metric {
  return counter(name, help, (group) => [[{}, count(group) + count(group.edge)]])
}

function gauge(
  name: string,
  help: string,
  parts: (group: GroupReport, node: NodeStats, name: string) => Part[],
): Metric {
  return perGroup(name, 'gauge', help, parts)
}

function perGroup(
  name: string,
  type: Metric['type'],
  help: string,
  samplesOf: (group: GroupReport, node: NodeStats, name: string) => readonly Sample[],
): Metric {
  const samples = ({ nodes }: StatsReport) =>
    nodes.flatMap((node) =>
      Object.entries(node.groups).flatMap(([group, report]) =>
        samplesOf(report, node, group).map(
          ([labels, value, suffix]): Sample => [
            { group, node: node.node, ...labels },
            value,
            ...(suffix === undefined ? ([] as const) : ([suffix] as const)),
          ],
        ),
      ),
    )
  return { name, type, help, samples }
}

/** Of the isolates whose newest report the node has. */
function hot({ isolates }: NodeStats, group: string, what: 'bytes' | 'items'): number {
  return isolates.reduce((sum, isolate) => sum + (isolate.hot[group]?.[what] ?? 0), 0)
}

function loadSeconds(group: GroupReport): Sample[] {
  const counts = group.loadSeconds.map((count, i) => count + (group.edge.loadSeconds[i] ?? 0))
  let upTo = 0
  const buckets = counts.map((count, i): Sample => {
    upTo += count
    return [{ le: String(LOAD_SECONDS_BUCKETS[i] ?? '+Inf') }, upTo, '_bucket']
  })
  const seconds = group.loadSecondsSum + group.edge.loadSecondsSum
  return [...buckets, [{}, seconds, '_sum'], [{}, upTo, '_count']]
}

const METRICS: readonly Metric[] = [
  counter('gets_total', 'Gets, by where they arrived.', ({ gets, edge }) => [
    [{ tier: 'edge' }, edge.gets],
    [{ tier: 'node' }, gets],
  ]),
  counter(
    'hits_total',
    'Gets answered with a fresh entry, by cache.',
    ({ hits, durableHits, edge }) => [
      [{ cache: 'hot' }, edge.hits],
      [{ cache: 'main' }, hits - durableHits],
      [{ cache: 'durable' }, durableHits],
    ],
  ),
  counterOfBoth('stale_total', 'Gets answered with a stale value.', ({ stale }) => stale),
  counterOfBoth('loads_total', 'Loads that ran.', ({ loads }) => loads),
  counterOfBoth(
    'loads_refused_total',
    'Loads that did not run, as too many did or the origin is left alone.',
    ({ loadsRefused }) => loadsRefused,
  ),
  counterOfBoth(
    'loads_coalesced_total',
    'Callers that joined a load under way.',
    ({ loadsCoalesced }) => loadsCoalesced,
  ),
  counterOfBoth(
    'load_errors_total',
    'Loads that failed, other than by time.',
    ({ loadErrors }) => loadErrors,
  ),
  counterOfBoth(
    'load_timeouts_total',
    'Loads that took too long.',
    ({ loadTimeouts }) => loadTimeouts,
  ),
  counterOfBoth('not_found_total', 'Loads that found nothing.', ({ notFound }) => notFound),
  counterOfBoth('peer_loads_total', 'Gets that a node answered.', ({ peerLoads }) => peerLoads),
  counterOfBoth(
    'peer_errors_total',
    'Calls that a node could not serve.',
    ({ peerErrors }) => peerErrors,
  ),
  counterOfBoth(
    'guest_loads_total',
    'Loads by a node that does not own the key.',
    ({ guestLoads }) => guestLoads,
  ),
  counterOfBoth(
    'edge_loads_total',
    'Loads at the edge, as no node could serve.',
    ({ edgeLoads }) => edgeLoads,
  ),
  counterOfBoth(
    'handoffs_total',
    "Values taken from the previous owner's memory.",
    ({ handoffs }) => handoffs,
  ),
  counter(
    'durable_errors_total',
    'Reads and writes of entries on disk that failed.',
    ({ durableErrors = 0 }) => [[{}, durableErrors]],
  ),
  counterOfBoth('rejected_total', 'Values too large to store.', ({ rejected }) => rejected),
  counter('evictions_total', 'Entries that left a cache, by reason.', ({ evictions, edge }) => [
    ...Object.entries(evictions).map(([reason, n]): Part => [{ cache: 'main', reason }, n]),
    ...Object.entries(edge.evictions).map(([reason, n]): Part => [{ cache: 'hot', reason }, n]),
  ]),
  perGroup('load_seconds', 'histogram', 'How long loads took, in seconds.', loadSeconds),
  gauge('bytes', 'Bytes held, by cache.', ({ bytes, durableBytes = 0 }, node, group) => [
    [{ cache: 'main' }, bytes],
    [{ cache: 'hot' }, hot(node, group, 'bytes')],
    [{ cache: 'durable' }, durableBytes],
  ]),
  gauge('items', 'Entries held, by cache.', ({ items, durableItems = 0 }, node, group) => [
    [{ cache: 'main' }, items],
    [{ cache: 'hot' }, hot(node, group, 'items')],
    [{ cache: 'durable' }, durableItems],
  ]),
  gauge('max_bytes', 'The bound on bytes held.', ({ maxBytes }) => [[{ cache: 'main' }, maxBytes]]),
  gauge('open_circuits', 'Whether the origin is left alone, as it fails.', ({ openCircuits }) => [
    [{}, openCircuits],
  ]),
  {
    name: 'node_up',
    type: 'gauge',
    help: 'Whether the node could be reached.',
    samples: ({ nodes, failed }) => [
      ...nodes.map(({ node }): Sample => [{ node }, 1]),
      ...failed.map((node): Sample => [{ node }, 0]),
    ],
  },
  {
    name: 'node_start_time_seconds',
    type: 'gauge',
    help: "When the node's counters began at zero, since the epoch.",
    samples: ({ nodes }) => nodes.map(({ node, sinceMs }): Sample => [{ node }, sinceMs / 1000]),
  },
  {
    name: 'edge_isolates',
    type: 'gauge',
    help: 'Edge isolates that have reported within the last minute.',
    samples: ({ edge }) => [[{}, edge.isolates]],
  },
]

function textOf({ name, type, help, samples }: Metric, report: StatsReport): string {
  const full = `groupcache_${name}`
  const lines = samples(report).map(
    ([labels, value, suffix = '']) => `${full}${suffix}${labelsText(labels)} ${value}\n`,
  )
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines.join('')}`
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
