/** Owns how a value is got without being read: the way for those too large to be answered whole. */

/** Gets a value as a response whose body nobody has read; `null` means "not found". Throws as loaders do. */
export type Open = (key: string, context: OpenContext) => Promise<Response | null>

export interface OpenContext {
  /** The group's name. */
  readonly group: string
  /** Fires when nobody waits any more. */
  readonly signal: AbortSignal
}
