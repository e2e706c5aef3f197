/** Owns the asking for a purge: of a key, of a tag, or of a whole group. */

import { useState } from 'hono/jsx/dom'
import { type PurgeBy, type PurgeOrder, purgeOrder } from '../purge-order.ts'
import { GroupSelect } from './group-select.tsx'

export interface PurgeFormProps {
  readonly groups: readonly string[]
  readonly onOrder: (order: PurgeOrder) => void
}

const CHOICES: readonly (readonly [PurgeBy, string])[] = [
  ['key', 'a key'],
  ['tag', 'a tag'],
  ['all', 'the whole group'],
]

export function PurgeForm({ groups, onOrder }: PurgeFormProps) {
  const [by, setBy] = useState<PurgeBy>('key')
  const submit = (event: Event) => {
    event.preventDefault()
    const fields = new FormData(event.currentTarget as HTMLFormElement)
    const [group, name] = [String(fields.get('group')), String(fields.get('name') ?? '')]
    onOrder(purgeOrder(group, by, name, fields.has('soft')))
  }
  return (
    <form onSubmit={submit}>
      <GroupSelect id="purge-group" groups={groups} />
      <fieldset class="choices">
        <legend>What</legend>
        {CHOICES.map(([choice, words]) => (
          <label key={choice}>
            <input
              type="radio"
              name="by"
              value={choice}
              checked={choice === by}
              onChange={() => setBy(choice)}
            />{' '}
            {words}
          </label>
        ))}
      </fieldset>
      {by !== 'all' && (
        <div class="field grow" key={by}>
          <label for="purge-name">{by === 'key' ? 'Key' : 'Tag'}</label>
          <input id="purge-name" name="name" required autocomplete="off" spellcheck={false} />
        </div>
      )}
      <label class="check">
        <input type="checkbox" name="soft" /> softly: make stale instead of dropping
      </label>
      <div class="buttons">
        <button type="submit" class="danger">
          Purge…
        </button>
      </div>
    </form>
  )
}
