/** Owns the drawing of the ring: each node's share of the keys, what it is asked, what it holds. */

import * as format from '../format.ts'
import type { NodeRow } from '../node-rows.ts'
import { point, type Sector, sectorPath, sectorsOf } from '../ring-arcs.ts'

export interface RingProps {
  readonly rows: readonly NodeRow[]
  /** The node that owns the key looked for. */
  readonly owner: string | undefined
}

/** Of the band that shows shares. Gets grow outwards from it, bytes inwards. */
const BAND = { inner: 62, outer: 72 }
const LONGEST_BAR = 22
/** More names than these would cover each other. */
const MOST_NAMES = 32

export function Ring({ rows, owner }: RingProps) {
  const sectors = sectorsOf(rows.map(({ share }) => share ?? 0))
  const mostGets = Math.max(...rows.map(({ getsPerSecond }) => getsPerSecond ?? 0))
  const mostBytes = Math.max(...rows.map(({ counted }) => counted?.bytes ?? 0))
  const failed = rows.filter(({ counted }) => counted === undefined).length
  return (
    <figure class="ring">
      <svg
        viewBox="-112 -112 224 224"
        role="img"
        aria-label={`The ring of ${rows.length} nodes; the table of nodes says the same in figures`}
      >
        {rows.map((row, i) => (
          <NodeSector
            key={row.name}
            row={row}
            sector={sectors[i] as Sector}
            isOwner={row.name === owner}
            getsPart={partOf(row.getsPerSecond, mostGets)}
            bytesPart={partOf(row.counted?.bytes, mostBytes)}
          />
        ))}
        {rows.length <= MOST_NAMES &&
          rows.map(({ name }, i) => (
            <NodeName key={name} name={name} sector={sectors[i] as Sector} />
          ))}
        <text class="ring-count" y="-2">
          {rows.length}
        </text>
        <text class="ring-unit" y="11">
          {rows.length === 1 ? 'node' : 'nodes'}
        </text>
        {failed > 0 && (
          <text class="ring-unit bad" y="22">
            {failed} not reached
          </text>
        )}
      </svg>
      <figcaption>
        <span class="key share">share of the keys</span>{' '}
        <span class="key gets">gets per second</span> <span class="key bytes">bytes held</span>
      </figcaption>
    </figure>
  )
}

interface NodeSectorProps {
  readonly row: NodeRow
  readonly sector: Sector
  readonly isOwner: boolean
  /** Of the node that has the most, 0 to 1. */
  readonly getsPart: number
  readonly bytesPart: number
}

function NodeSector({ row, sector, isOwner, getsPart, bytesPart }: NodeSectorProps) {
  const { name, share, counted, getsPerSecond } = row
  const state = counted === undefined ? 'failed' : isOwner ? 'owner' : undefined
  const { inner, outer } = BAND
  return (
    <g class={state}>
      <title>
        {counted === undefined
          ? `${name}: not reached`
          : `${name}: ${format.percent(share)} of the keys, ${format.rate(getsPerSecond)} gets/s, ${format.bytes(counted.bytes)}`}
      </title>
      <path class="share" d={sectorPath(sector, inner, outer)} />
      <path class="gets" d={sectorPath(sector, outer + 1, outer + 1 + getsPart * LONGEST_BAR)} />
      <path class="bytes" d={sectorPath(sector, inner - 1 - bytesPart * LONGEST_BAR, inner - 1)} />
    </g>
  )
}

function NodeName({ name, sector }: { readonly name: string; readonly sector: Sector }) {
  const [x, y] = point((sector.from + sector.to) / 2, 104).split(' ')
  return (
    <text class="ring-name" x={x} y={y}>
      {name.replace(/^.*node-/, '')}
    </text>
  )
}

function partOf(value: number | undefined, most: number): number {
  return value === undefined || most === 0 ? 0 : value / most
}
