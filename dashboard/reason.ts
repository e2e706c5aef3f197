/** Owns how a failure is told to an operator. */

/** The messages of `GroupcacheError` are for people, and name no secret. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
