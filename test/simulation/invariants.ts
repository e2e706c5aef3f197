/** Owns what has to hold of each place at any moment: its bytes, and its counters. */

import type { Cache } from '../../src/core/cache/cache.ts'
import { type CachedEntry, heldBytes } from '../../src/core/entry/entry.ts'
import { HOT_EVICTION, overheadBytes } from '../../src/core/eviction/policies.ts'
import type { Group } from '../../src/core/group/group.ts'
import type { Origin } from './origin.ts'
import type { Place } from './places.ts'
import type { GroupPlan, Setup } from './plan.ts'
import type { Requests } from './requests.ts'
import { Violation } from './violation.ts'

/** Throws `Violation`. */
export function checkPlace(
  { groups, life }: Place,
  { groups: plans }: Setup,
  origin: Origin,
  requests: Requests,
): void {
  const isEdge = life.name.startsWith('edge')
  for (const group of groups) {
    const where = `${life.name}, ${group.name}`
    const { eviction } = plans[group.name] as GroupPlan
    checkBytes(where, group, overheadBytes(isEdge ? HOT_EVICTION : eviction))
    const { gets, loads } = group.stats
    requireEqual('counters', `${where}: loads`, loads, origin.loadsOf(life, group.name))
    if (!isEdge) continue
    const asked = requests.gets.get(`${life.name} ${group.name}`) ?? 0
    requireEqual('counters', `${where}: gets`, gets, asked)
  }
}

function checkBytes(where: string, group: Group, overhead: number): void {
  let recount = 0
  let items = 0
  for (const [key, { entry }] of entriesOf(group)) {
    recount += heldBytes(key, entry) + overhead
    items++
  }
  requireEqual('bytes', `${where}: bytes`, group.bytes, recount)
  requireEqual('bytes', `${where}: items`, group.items, items)
  if (group.bytes > group.maxBytes) {
    throw new Violation('bytes', `${where} holds ${group.bytes} of ${group.maxBytes} bytes.`)
  }
}

/** Returns what is private to the cache, for a recount. */
function entriesOf(group: Group): Iterable<[string, CachedEntry]> {
  const { cache } = group as unknown as { cache: Cache }
  return (
    cache as unknown as { entries: { entries(): Iterable<[string, CachedEntry]> } }
  ).entries.entries()
}

function requireEqual(
  invariant: 'bytes' | 'counters',
  what: string,
  said: number,
  counted: number,
): void {
  if (said !== counted) throw new Violation(invariant, `${what} are ${said}, not ${counted}.`)
}
