/** Owns the choice of a group in a form. */

export interface GroupSelectProps {
  readonly id: string
  readonly groups: readonly string[]
}

export function GroupSelect({ id, groups }: GroupSelectProps) {
  return (
    <div class="field">
      <label for={id}>Group</label>
      <select id={id} name="group" required>
        {groups.map((group) => (
          <option key={group} value={group}>
            {group}
          </option>
        ))}
      </select>
    </div>
  )
}
