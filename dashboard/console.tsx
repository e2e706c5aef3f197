/** Owns the arrangement of all that an operator sees and does once signed in. */

import { useRef, useState } from 'hono/jsx/dom'
import { lately } from './figures.ts'
import { Frame } from './frame.tsx'
import { groupNames, nodeRows } from './node-rows.ts'
import { Charts } from './panels/charts.tsx'
import { Controls } from './panels/controls.tsx'
import { GroupsTable } from './panels/groups-table.tsx'
import { HotKeysPanel } from './panels/hot-keys.tsx'
import { KeyFigures } from './panels/key-figures.tsx'
import { KeyFinder } from './panels/key-finder.tsx'
import { NodesTable } from './panels/nodes-table.tsx'
import { Notices } from './panels/notices.tsx'
import { PurgeDialog } from './panels/purge-dialog.tsx'
import { PurgeForm } from './panels/purge-form.tsx'
import { PurgeOutcome } from './panels/purge-outcome.tsx'
import { Ring } from './panels/ring.tsx'
import { type PurgeOrder, type PurgeProgress, runPurge } from './purge-order.ts'
import type { Watching } from './state.ts'

export interface ConsoleProps {
  readonly watching: Watching
  readonly baseUrl: string
  readonly onForget: () => void
}

export function Console({ watching, baseUrl, onForget }: ConsoleProps) {
  const { cache, report, history, outage } = watching
  const groups = groupNames(watching)
  const [group, setGroup] = useState<string | undefined>(undefined)
  const [owner, setOwner] = useState<string | undefined>(undefined)
  const [order, setOrder] = useState<PurgeOrder | undefined>(undefined)
  const [progress, setProgress] = useState<PurgeProgress | undefined>(undefined)
  const dialog = useRef<HTMLDialogElement>(null)

  const ask = (asked: PurgeOrder) => {
    setOrder(asked)
    dialog.current?.showModal()
  }
  const purge = async (confirmed: PurgeOrder) => {
    setProgress({ order: confirmed, kind: 'under-way' })
    setProgress(await runPurge(cache, confirmed))
  }
  const rows = nodeRows(watching)
  return (
    <Frame
      controls={
        <Controls
          groups={groups}
          onGroup={setGroup}
          onForget={onForget}
          outage={outage}
          receivedAtMs={watching.receivedAtMs}
        />
      }
    >
      <Notices watching={watching} group={groups[0]} baseUrl={baseUrl} />
      <KeyFigures report={report} stretch={lately(history, group)} group={group} />
      <Charts history={history} group={group} />
      <GroupsTable report={report} history={history} />
      <section class="nodes" aria-labelledby="nodes">
        <h2 id="nodes">Nodes</h2>
        <div class="ring-and-nodes">
          <Ring rows={rows} owner={owner} />
          <NodesTable rows={rows} owner={owner} nowMs={watching.receivedAtMs} />
        </div>
      </section>
      <div class="columns desk">
        <KeyFinder cache={cache} groups={groups} onOwner={setOwner} onPurge={ask} />
        <section aria-labelledby="purge">
          <h2 id="purge">Purge</h2>
          <PurgeForm groups={groups} onOrder={ask} />
          <PurgeOutcome progress={progress} />
        </section>
      </div>
      <HotKeysPanel report={report} group={group} />
      <PurgeDialog dialog={dialog} order={order} onConfirm={purge} />
    </Frame>
  )
}
