/** Owns how that is shown which was found out about one key. */

import type { CachedValue } from '../../src/core/group/api.ts'
import type { Finding } from '../finding.ts'
import * as format from '../format.ts'
import { previewOf } from '../preview.ts'
import { type PurgeOrder, purgeOrder } from '../purge-order.ts'

/** What is read out: no more than a sentence or two. */
export function FindingSummary({ finding }: { readonly finding: Finding }) {
  const { group, key, kind } = finding
  if (kind === 'under-way') return <p class="notice">Asking…</p>
  if (kind === 'failed') return <p class="notice bad">{finding.reason}</p>
  const { owner, guests, value, valueFailure } = finding
  return (
    <>
      <p class="found">
        <code class="data">{key}</code> of {group} is owned by <b class="owner">{owner}</b>
        {guests.length > 0 && `; ${guests.join(', then ')} would stand in`}.
      </p>
      {valueFailure !== undefined && <p class="notice bad">{valueFailure}</p>}
      {value === null && <p class="notice">There is no such key: the loader says "not found".</p>}
    </>
  )
}

export interface FoundValueProps {
  readonly finding: Finding
  readonly onPurge: (order: PurgeOrder) => void
}

export function FoundValue({ finding, onPurge }: FoundValueProps) {
  const { group, key, kind } = finding
  const value = kind === 'found' ? finding.value : undefined
  if (value === undefined || value === null) return null
  return (
    <div class="finding">
      <Facts value={value} />
      <Preview value={value} />
      <button type="button" onClick={() => onPurge(purgeOrder(group, 'key', key, false))}>
        Purge this key…
      </button>
    </div>
  )
}

function Facts({ value }: { readonly value: CachedValue }) {
  const { contentType, etag, ageMs, expiresAtMs, status } = value
  const leftSeconds = (expiresAtMs - Date.now()) / 1000
  return (
    <dl class="facts">
      <dt>Content type</dt>
      <dd class="data">{contentType}</dd>
      <dt>Size</dt>
      <dd>{format.bytes(value.value.byteLength)}</dd>
      <dt>ETag</dt>
      <dd class="data">{etag}</dd>
      <dt>Age</dt>
      <dd>{format.seconds(ageMs / 1000)}</dd>
      <dt>Fresh</dt>
      <dd>
        {leftSeconds > 0
          ? `for another ${format.seconds(leftSeconds)}`
          : `not any more, for ${format.seconds(-leftSeconds)}`}
      </dd>
      <dt>Cache-Status</dt>
      <dd class="data">{status}</dd>
    </dl>
  )
}

function Preview({ value }: { readonly value: CachedValue }) {
  const preview = previewOf(value.value, value.contentType)
  if (preview === undefined) return <p class="help">The value is not text, and not shown.</p>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard.
    <section class="scroll preview" aria-label="The beginning of the value" tabIndex={0}>
      <pre class="data">{preview}</pre>
    </section>
  )
}
