/** Owns what a workload is: requests in their order, and the cache that they meet. */

export interface Workload {
  readonly name: string
  /** One key per request. */
  readonly keys: readonly string[]
  /** What each request's value counts as. Default: 1 each. */
  readonly sizes?: readonly number[]
  /** The sum of sizes that the cache holds at most: with the default, how many entries. */
  readonly capacity: number
}
