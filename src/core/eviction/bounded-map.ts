/** Owns what a map bounded by bytes promises, whichever entry its policy lets go first. */

/** Why an entry left: the bound, its age, an operator, or a newer value of the same key. */
export type RemovalReason = 'capacity' | 'expired' | 'purged' | 'replaced'

/** Called after each removal with what was removed. Must not change the store that calls it. */
export type OnRemove<V> = (reason: RemovalReason, value: V) => void

/**
 * Called when there is room within the store's own bound for `bytes` more, beside the `heldBytes` of all
 * others, and they are about to be held. May call `evictOldest`, as long as `heldBytes` are above 0.
 */
export type OnGrow = (heldBytes: number, bytes: number) => void

/**
 * A map in which each entry counts as the bytes that its caller names. The sum never exceeds `maxBytes`,
 * not even for a moment; what has to give way for that is the policy's choice.
 */
export interface Store<V> {
  /** The bound, at least 0. With 0 nothing that has a weight is ever held. */
  readonly maxBytes: number
  /** The sum of the bytes of all that is held. */
  readonly bytes: number
  /** How many entries are held. */
  readonly size: number

  /** The value under `key`; this is a use of it. */
  get(key: string): V | undefined
  /** The value under `key`, without counting as a use. */
  peek(key: string): V | undefined
  /**
   * Holds `value` under `key`, and lets others go until all fits. Returns false, and changes nothing, when
   * `bytes` alone are above the bound.
   */
  set(key: string, value: V, bytes: number): boolean
  /** Returns whether there was something to remove. */
  delete(key: string, reason: RemovalReason): boolean
  /** Lets the entry go that the policy chooses, for want of room elsewhere. Returns false when there is none. */
  evictOldest(): boolean
  /** Returns how many entries there were. */
  clear(reason: RemovalReason): number
  /** All that is held, in an order of the policy's own. This is no use of them. */
  entries(): IterableIterator<[key: string, value: V]>
}
