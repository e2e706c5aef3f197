/** Owns traffic for tests as caches see it: few keys are asked for often, and many hardly ever. */

/** Numbers in [0, 1), the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Ranks from 0 on, of which rank `n` comes up in proportion to `1 / (n + 1)` (Zipf's law). */
export function zipf(ranks: number, random: () => number): () => number {
  const upTo: number[] = []
  let sum = 0
  for (let rank = 0; rank < ranks; rank++) {
    sum += 1 / (rank + 1)
    upTo.push(sum)
  }
  return () => {
    const target = random() * sum
    let [low, high] = [0, ranks - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((upTo[middle] as number) > target) high = middle
      else low = middle + 1
    }
    return low
  }
}
