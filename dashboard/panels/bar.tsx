/** Owns a bar that shows a part of a whole next to the figure that says the same. */

export interface BarProps {
  /** 0 to 1. */
  readonly part: number
}

export function Bar({ part }: BarProps) {
  const width = Math.round(Math.min(1, Math.max(0, part)) * 48)
  return (
    <svg class="bar" viewBox="0 0 48 6" aria-hidden="true">
      <rect class="whole" width="48" height="6" rx="2" />
      <rect class="part" width={width} height="6" rx="2" />
    </svg>
  )
}
