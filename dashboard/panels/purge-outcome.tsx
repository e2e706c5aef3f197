/** Owns what is said of a purge once it was confirmed: that it is under way, its report, or its failure. */

import type { PurgeReport } from '../../src/core/entry/purge.ts'
import * as format from '../format.ts'
import { namesOf, type PurgeOrder, type PurgeProgress } from '../purge-order.ts'

export function PurgeOutcome({ progress }: { readonly progress: PurgeProgress | undefined }) {
  return (
    <div role="status" class="outcome">
      {progress?.kind === 'under-way' && (
        <p class="notice">
          Purging <Purged order={progress.order} />…
        </p>
      )}
      {progress?.kind === 'failed' && (
        <p class="notice bad">
          Not purged: <Purged order={progress.order} />. {progress.reason}
        </p>
      )}
      {progress?.kind === 'done' && <ReportView order={progress.order} report={progress.report} />}
    </div>
  )
}

interface ReportViewProps {
  readonly order: PurgeOrder
  readonly report: PurgeReport
}

function ReportView({ order, report }: ReportViewProps) {
  const { ok, nodes, entries, failed } = report
  return (
    <div class={ok ? 'notice good' : 'notice bad'}>
      <p>
        {ok ? 'Purged ' : 'Not purged everywhere: '}
        <Purged order={order} />.
      </p>
      <dl class="facts">
        <dt>Nodes</dt>
        <dd>{format.count(nodes)}</dd>
        <dt>Entries</dt>
        <dd>{format.count(entries)}</dd>
        <dt>Failed</dt>
        <dd>{failed.length === 0 ? 'none' : failed.join(', ')}</dd>
      </dl>
    </div>
  )
}

function Purged({ order }: { readonly order: PurgeOrder }) {
  const named = namesOf(order)
  if (named === undefined) return <>the whole group {order.group}</>
  return (
    <>
      the {named.kind} <code class="data">{named.name}</code> of {order.group}
    </>
  )
}
