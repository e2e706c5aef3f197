/** Owns the question about one key: which node owns it, and what its value is. */

import { useRef, useState } from 'hono/jsx/dom'
import type { Groupcache } from '../../src/core/group/api.ts'
import { type Finding, find } from '../finding.ts'
import type { PurgeOrder } from '../purge-order.ts'
import { FindingSummary, FoundValue } from './finding-view.tsx'
import { GroupSelect } from './group-select.tsx'

export interface KeyFinderProps {
  readonly cache: Groupcache
  readonly groups: readonly string[]
  readonly onOwner: (node: string | undefined) => void
  readonly onPurge: (order: PurgeOrder) => void
}

export function KeyFinder({ cache, groups, onOwner, onPurge }: KeyFinderProps) {
  const [finding, setFinding] = useState<Finding | undefined>(undefined)
  const latest = useRef<object | null>(null)
  const submit = async (event: Event) => {
    event.preventDefault()
    const fields = new FormData(event.currentTarget as HTMLFormElement)
    const asked = { group: String(fields.get('group')), key: String(fields.get('key')) }
    const withValue = (event as SubmitEvent).submitter?.getAttribute('value') === 'value'
    latest.current = asked
    setFinding({ ...asked, kind: 'under-way' })
    const found = await find(cache, asked, withValue)
    // Somebody has asked for another one meanwhile.
    if (latest.current !== asked) return
    setFinding(found)
    onOwner(found.kind === 'found' ? found.owner : undefined)
  }
  return (
    <section aria-labelledby="find">
      <h2 id="find">Find a key</h2>
      <form onSubmit={submit}>
        <GroupSelect id="find-group" groups={groups} />
        <div class="field grow">
          <label for="find-key">Key</label>
          <input id="find-key" name="key" required autocomplete="off" spellcheck={false} />
        </div>
        <div class="buttons">
          <button type="submit" class="primary" value="owner">
            Which node owns it?
          </button>
          <button type="submit" value="value" aria-describedby="look-up-help">
            Look it up
          </button>
        </div>
        <p id="look-up-help" class="help">
          To look it up is a get like any other: it counts, and loads what is not in the cache.
        </p>
      </form>
      <div role="status">{finding !== undefined && <FindingSummary finding={finding} />}</div>
      {finding !== undefined && <FoundValue finding={finding} onPurge={onPurge} />}
    </section>
  )
}
