/** What can be purged, and what a purge reports. */

/** What to forget. `soft`: make it stale instead; what has no stale window is dropped all the same. */
export type Purge = { readonly soft?: boolean } & (
  | { readonly keys: readonly string[] }
  | { readonly tags: readonly string[] }
  | { readonly all: true }
)

/** What a purge did. An entry with several of the tags purged is counted once for each. */
export interface PurgeReport {
  readonly ok: boolean
  /** How many nodes have carried it out. */
  readonly nodes: number
  /** How many entries were dropped or made stale. */
  readonly entries: number
  /** The nodes that could not be reached: they may go on answering what they hold. */
  readonly failed: readonly string[]
}

/** Which entries are meant. */
export type PurgeTarget =
  | { readonly key: string }
  | { readonly tag: string }
  | { readonly all: true }
