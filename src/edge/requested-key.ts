/** Owns what a request names: a group, and a key of it. */

import { BadKeyError } from '../core/errors.ts'
import type { EdgeGroup } from './edge-groups.ts'
import { problem } from './http/problem.ts'

export type EdgeGroups = ReadonlyMap<string, EdgeGroup>

/** The group, or the answer that there is none. */
export function findGroup(groups: EdgeGroups, name: string): EdgeGroup | Response {
  return groups.get(name) ?? problem('no-such-group', 'No group of that name is configured.')
}

/** What `read` makes of a key, or the answer that the key is not valid. */
export function checkedKey<T>(read: () => T): T | Response {
  try {
    return read()
  } catch (error) {
    if (error instanceof BadKeyError) return problem(error.code, error.message)
    throw error
  }
}
