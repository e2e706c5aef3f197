/** Owns what the dashboard is in at a moment: everything that is shown follows from it. */

import type { Groupcache, StatsReport } from '../src/core/group/api.ts'
import type { History } from './history.ts'

/** Why a token was not taken. */
export type Refusal = 'wrong-token' | 'admin-disabled' | 'unusable-token'

/** A node, and the part of the keys, 0 to 1, that it owns. */
export interface NodeShare {
  readonly name: string
  readonly share: number
}

export interface Watching {
  readonly kind: 'watching'
  readonly cache: Groupcache
  /** The newest report. */
  readonly report: StatsReport
  /** When it came, by this browser's clock. */
  readonly receivedAtMs: number
  readonly history: History
  readonly ring: readonly NodeShare[]
  /** Why no report has come since; `undefined` while they come. */
  readonly outage?: string
}

export type State =
  /** What the server renders: no script has run yet. */
  | { readonly kind: 'starting' }
  | { readonly kind: 'signed-out'; readonly refusal?: Refusal }
  /** There is a token, and no report yet. */
  | { readonly kind: 'checking'; readonly outage?: string }
  | Watching
