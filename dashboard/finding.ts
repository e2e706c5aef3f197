/** Owns what can be found out about one key. */

import type { CachedValue, Groupcache } from '../src/core/group/api.ts'
import { reasonOf } from './reason.ts'

export interface Asked {
  readonly group: string
  readonly key: string
}

export type Finding = Asked &
  (
    | { readonly kind: 'under-way' }
    | { readonly kind: 'failed'; readonly reason: string }
    | {
        readonly kind: 'found'
        readonly owner: string
        /** The nodes that stand in for the owner. */
        readonly guests: readonly string[]
        /** `null`: there is none; `undefined`: it was not asked for. */
        readonly value?: CachedValue | null
        /** Why the value could not be had, if so. */
        readonly valueFailure?: string
      }
  )

/** Never rejects. The value is got as any client does, if it is wanted. */
export async function find(cache: Groupcache, asked: Asked, withValue: boolean): Promise<Finding> {
  const { group, key } = asked
  try {
    const ring = await cache.ring(group, key)
    if (!('owner' in ring)) return { ...asked, kind: 'failed', reason: 'There is no such answer.' }
    const { owner, guests } = ring
    const found = { ...asked, kind: 'found', owner, guests } as const
    return withValue ? { ...found, ...(await lookUp(cache, asked)) } : found
  } catch (error) {
    return { ...asked, kind: 'failed', reason: reasonOf(error) }
  }
}

async function lookUp(
  cache: Groupcache,
  { group, key }: Asked,
): Promise<{ value: CachedValue | null } | { valueFailure: string }> {
  try {
    return { value: await cache.get(group, key) }
  } catch (error) {
    return { valueFailure: reasonOf(error) }
  }
}
