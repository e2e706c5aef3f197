/** Owns work that is too large for one request. */

/**
 * Runs `work` on pieces of up to `mostItems`, `mostAtOnce` at a time, and joins the results in order.
 * The first failure is thrown, and no piece is begun after it.
 */
export async function inPieces<T, R>(
  items: readonly T[],
  { mostItems, mostAtOnce }: { readonly mostItems: number; readonly mostAtOnce: number },
  work: (piece: readonly T[]) => Promise<readonly R[]>,
): Promise<R[]> {
  const pieces: T[][] = []
  for (let start = 0; start < items.length; start += mostItems) {
    pieces.push(items.slice(start, start + mostItems))
  }
  const results: (readonly R[])[] = []
  let hasFailed = false
  const waiting = pieces.entries()
  const takeTurns = async () => {
    for (const [index, piece] of waiting) {
      if (hasFailed) return
      try {
        results[index] = await work(piece)
      } catch (error) {
        hasFailed = true
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: mostAtOnce }, takeTurns))
  return results.flat()
}
