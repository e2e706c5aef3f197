/** Owns deliberate mistakes in the cache's code, which simulations have to find. */

import type { Invariant } from './violation.ts'

export interface Mutation {
  /** The mistake, in words. */
  readonly mistake: string
  /** Below src/. */
  readonly file: string
  /** What is replaced; it has to be there once. */
  readonly from: string
  readonly to: string
  readonly breaks: Invariant
  /** Where the search for a seed that shows it begins: near one, for tests to be quick. */
  readonly fromSeed: number
}

export const mutations: readonly Mutation[] = [
  {
    mistake: 'a load that began before a purge stores its answer',
    file: 'core/cache/cache.ts',
    from: 'return this.loadOrder.isCurrent(lease) && this.purges.mayStore(tags, lease.sequence)',
    to: 'return lease.sequence > 0 && tags.length >= 0',
    breaks: 'too-old',
    fromSeed: 10,
  },
  {
    mistake: 'who asks after a purge joins a load that began before it',
    file: 'core/group/group.ts',
    from: "if ('keys' in purge) for (const key of purge.keys) flights.forget(key)",
    to: "if ('keys' in purge) for (const key of purge.keys) flights.has(key)",
    breaks: 'too-old',
    fromSeed: 290,
  },
  {
    mistake: 'the bytes of an entry that is replaced are forgotten',
    file: 'core/eviction/lru.ts',
    from: 'this.heldBytes -= link.bytes\n    // Empty',
    to: '// Empty',
    breaks: 'bytes',
    fromSeed: 0,
  },
  {
    mistake: 'each caller of a key loads for itself',
    file: 'core/load/singleflight.ts',
    from: 'if (underWay !== undefined) return underWay',
    to: 'if (underWay === null) return underWay',
    breaks: 'one-load',
    fromSeed: 0,
  },
  {
    mistake: 'a failed load counts as a failed node, and is asked for elsewhere',
    file: 'core/group/group.ts',
    from: 'if (!(reply instanceof PeerUnavailableError)) return this.keepHot(lease, reply)',
    to: "if (!(reply instanceof PeerUnavailableError)) return reply.kind === 'failed' ? undefined : this.keepHot(lease, reply)",
    breaks: 'final-answer',
    fromSeed: 0,
  },
  {
    mistake: "a hot copy's life counts from the answer, not from the question",
    file: 'core/group/group.ts',
    from: 'const untilMs = Math.min(lease.startedAtMs + holdMs, entry.expiresAtMs)',
    to: 'const untilMs = Math.min(clock.now() + holdMs, entry.expiresAtMs)',
    breaks: 'too-old',
    fromSeed: 2_800,
  },
  {
    mistake: 'a guest keeps what it has loaded as if it owned it',
    file: 'core/group/fill.ts',
    from: 'fallbackRole === undefined ? Number.POSITIVE_INFINITY',
    to: 'true ? Number.POSITIVE_INFINITY',
    breaks: 'too-old',
    fromSeed: 250,
  },
  {
    mistake: 'a value is answered after both of its stale windows',
    file: 'core/entry/entry.ts',
    from: "nowMs < staleUntilMs(entry) ? 'stale' : 'expired'",
    to: "nowMs < staleUntilMs(entry) + 60_000 ? 'stale' : 'expired'",
    breaks: 'too-old',
    fromSeed: 0,
  },
  {
    mistake: 'a purge leaves what is on disk',
    file: 'core/durable/durable-tier.ts',
    from: 'else store.delete(which)',
    to: 'else store.keysOf(which)',
    breaks: 'too-old',
    fromSeed: 0,
  },
  {
    mistake: 'a purge does not reach the previous owner while the ring grows',
    file: 'core/ring/topology.ts',
    from: 'regions.flatMap((region) => holder(this.previousOwnerIn(region, key)) ?? []),',
    to: 'regions.flatMap(() => holder(undefined) ?? []),',
    breaks: 'too-old',
    fromSeed: 200,
  },
  {
    mistake: 'a load that hangs is waited for',
    file: 'core/load/load-runner.ts',
    from: 'Promise.race([ending, timedOut.promise])',
    to: 'Promise.race([ending])',
    breaks: 'ends-in-time',
    fromSeed: 410,
  },
  {
    mistake: 'loads of guests are not counted as loads',
    file: 'core/load/load-runner.ts',
    from: 'stats.loads++',
    to: "if (fallbackRole !== 'guest') stats.loads++",
    breaks: 'counters',
    fromSeed: 0,
  },
  {
    mistake: 'the edge answers its stale copy where a node would have answered',
    file: 'core/group/group.ts',
    from: "if (freshness === 'expired' || this.peers !== undefined) return undefined",
    to: "if (freshness === 'expired' && copy.staleIfErrorUntilMs === undefined) return undefined",
    breaks: 'too-old',
    fromSeed: 0,
  },
]
