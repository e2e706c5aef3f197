/** Owns what is at the right of the title: whether what is shown is current, of which group, and the way out. */

import * as format from '../format.ts'

export interface ControlsProps {
  readonly groups: readonly string[]
  /** `undefined` for all groups. */
  readonly onGroup: (group: string | undefined) => void
  readonly onForget: () => void
  readonly outage: string | undefined
  readonly receivedAtMs: number
}

export function Controls({ groups, onGroup, onForget, outage, receivedAtMs }: ControlsProps) {
  const choose = (event: Event) => {
    const { value } = event.currentTarget as HTMLSelectElement
    onGroup(value === '' ? undefined : value)
  }
  return (
    <div class="controls">
      <p class={outage === undefined ? 'live' : 'live stale'} role="status">
        {outage === undefined ? 'Live' : `No answer since ${format.timeOfDay(receivedAtMs)}`}
      </p>
      <label>
        <span>Figures of</span>{' '}
        <select onChange={choose} name="figures-of">
          <option value="">all groups</option>
          {groups.map((group) => (
            <option key={group} value={group}>
              {group}
            </option>
          ))}
        </select>
      </label>
      <button type="button" onClick={onForget}>
        Forget token
      </button>
    </div>
  )
}
