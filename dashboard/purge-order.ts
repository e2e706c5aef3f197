/** Owns a purge as an operator asks for it, and what becomes of it. */

import type { Purge, PurgeReport } from '../src/core/entry/purge.ts'
import type { Groupcache } from '../src/core/group/api.ts'
import { reasonOf } from './reason.ts'

export interface PurgeOrder {
  readonly group: string
  readonly purge: Purge
}

export type PurgeProgress = { readonly order: PurgeOrder } & (
  | { readonly kind: 'under-way' }
  | { readonly kind: 'done'; readonly report: PurgeReport }
  | { readonly kind: 'failed'; readonly reason: string }
)

/** What is purged by: one key, one tag, or nothing but the group. */
export type PurgeBy = 'key' | 'tag' | 'all'

export function purgeOrder(group: string, by: PurgeBy, name: string, soft: boolean): PurgeOrder {
  const what =
    by === 'all' ? ({ all: true } as const) : by === 'key' ? { keys: [name] } : { tags: [name] }
  return { group, purge: { ...what, soft } }
}

/** What the order names, if it is not the whole group. */
export function namesOf({ purge }: PurgeOrder): { kind: 'key' | 'tag'; name: string } | undefined {
  if ('keys' in purge) return { kind: 'key', name: purge.keys.join(', ') }
  if ('tags' in purge) return { kind: 'tag', name: purge.tags.join(', ') }
  return undefined
}

/** Never rejects. */
export async function runPurge(cache: Groupcache, order: PurgeOrder): Promise<PurgeProgress> {
  try {
    const report = await cache.purge(order.group, order.purge)
    return { order, kind: 'done', report }
  } catch (error) {
    return { order, kind: 'failed', reason: reasonOf(error) }
  }
}
