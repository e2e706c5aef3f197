/** Owns the question whether a purge is really meant. */

import type { RefObject } from 'hono/jsx/dom'
import { namesOf, type PurgeOrder } from '../purge-order.ts'

export interface PurgeDialogProps {
  /** Whoever asks opens it: in the page it is always. */
  readonly dialog: RefObject<HTMLDialogElement | null>
  readonly order: PurgeOrder | undefined
  readonly onConfirm: (order: PurgeOrder) => void
}

export function PurgeDialog({ dialog, order, onConfirm }: PurgeDialogProps) {
  const close = () => dialog.current?.close()
  const confirm = () => {
    close()
    if (order !== undefined) onConfirm(order)
  }
  return (
    <dialog ref={dialog} aria-labelledby="purge-question">
      <h2 id="purge-question">Purge?</h2>
      {order !== undefined && <Question order={order} />}
      <div class="buttons">
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button type="button" class="danger" onClick={confirm}>
          Purge
        </button>
      </div>
    </dialog>
  )
}

function Question({ order }: { readonly order: PurgeOrder }) {
  const named = namesOf(order)
  const isSoft = order.purge.soft === true
  return (
    <>
      <p>
        {named === undefined ? (
          <b>Everything</b>
        ) : (
          <>
            {named.kind === 'key' ? 'The key' : 'Whatever has the tag'}{' '}
            <code class="data">{named.name}</code>
          </>
        )}{' '}
        in the group <b>{order.group}</b> will be {isSoft ? 'made stale' : 'dropped'}
        {named?.kind === 'key' ? ' wherever it may be' : ', at every node'}.
      </p>
      <p class="help">
        {isSoft
          ? 'What has no stale window is dropped all the same.'
          : 'The next get of what is dropped runs a load.'}
      </p>
    </>
  )
}
