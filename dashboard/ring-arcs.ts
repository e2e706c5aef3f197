/** Owns the geometry of the ring that is drawn: sectors of circles around the origin. */

export interface Sector {
  readonly from: number
  readonly to: number
}

/** One sector per part, in turns (0 to 1) clockwise from the top, in the order given. */
export function sectorsOf(parts: readonly number[]): Sector[] {
  const total = parts.reduce((sum, part) => sum + part, 0)
  if (total === 0) return parts.map(() => ({ from: 0, to: 0 }))
  let from = 0
  return parts.map((part) => {
    const to = from + part / total
    const sector = { from, to }
    from = to
    return sector
  })
}

/** The path, as SVG has it, of a sector between two radii. */
export function sectorPath({ from, to }: Sector, inner: number, outer: number): string {
  // An arc that ends where it begins is not drawn at all (SVG 2, section 9.3.8).
  const end = Math.min(to, from + 0.9999)
  const isLarge = end - from > 0.5 ? 1 : 0
  return [
    `M${point(from, outer)}`,
    `A${outer} ${outer} 0 ${isLarge} 1 ${point(end, outer)}`,
    `L${point(end, inner)}`,
    `A${inner} ${inner} 0 ${isLarge} 0 ${point(from, inner)}Z`,
  ].join('')
}

export function point(turn: number, radius: number): string {
  const angle = turn * 2 * Math.PI
  return `${(radius * Math.sin(angle)).toFixed(2)} ${(-radius * Math.cos(angle)).toFixed(2)}`
}
