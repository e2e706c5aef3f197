/** Owns what is said of a purge once it was confirmed: that it is under way, its report, or its failure. */

import type { PurgeReport } from '../../core/peers.ts'
import * as format from '../format.ts'
import { namesOf, type PurgeOrder, type PurgeProgress } from '../purge-order.ts'

export function PurgeOutcome({ progress }: { readonly progress: PurgeProgress | undefined }) {
  return (
    <div role="status" class="outcome">
      {progress?.kind === 'under-way' && <p class="notice">Purging {wordsOf(progress.order)}…</p>}
      {progress?.kind === 'failed' && (
        <p class="notice bad">
          {wordsOf(progress.order)} was not purged: {progress.reason}
        </p>
      )}
      {progress?.kind === 'done' && (
        <ReportView words={wordsOf(progress.order)} report={progress.report} />
      )}
    </div>
  )
}

function ReportView({ words, report }: { readonly words: string; readonly report: PurgeReport }) {
  const { ok, nodes, entries, failed } = report
  return (
    <div class={ok ? 'notice good' : 'notice bad'}>
      <p>{ok ? `Purged ${words}.` : `${words} is not purged everywhere.`}</p>
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

function wordsOf(order: PurgeOrder): string {
  const named = namesOf(order)
  return named === undefined
    ? `the whole group ${order.group}`
    : `the ${named.kind} ${named.name} of ${order.group}`
}
