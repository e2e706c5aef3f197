/** Owns what a request names: a group, and a key of it. */

import type { GroupConfig } from '../config/config.ts'
import { keyFromUrl } from '../core/entry/key.ts'
import { BadKeyError } from '../core/errors.ts'
import type { Edge, EdgeGroup } from './edge.ts'
import { corsFor, OPEN_TO_ALL } from './http/cors.ts'
import { problem } from './http/problem.ts'

const PREFIX = '/cache/'

/** What the path names: the group, then the key as the client wrote it, undecoded. */
export interface CachePath {
  readonly groupName: string
  readonly keyPath: string
  readonly query: string
}

/**
 * Reads the raw URL, since routers hand over decoded parameters. The runtime's URL has resolved dot
 * segments and backslashes by now; a fragment, which code in the same Worker may leave in it, names nothing
 * (RFC 9110, section 4.2.5). `undefined`: the path is another route's.
 */
export function parseCachePath(requestUrl: string): CachePath | undefined {
  const [url] = requestUrl.split('#', 1) as [string]
  const pathStart = url.indexOf('/', url.indexOf('//') + 2)
  const queryStart = url.indexOf('?', pathStart)
  const path = url.slice(pathStart, queryStart === -1 ? undefined : queryStart)
  if (!path.startsWith(PREFIX) || path.length === PREFIX.length) return undefined
  const groupEnd = path.indexOf('/', PREFIX.length)
  if (groupEnd === PREFIX.length) return undefined
  return {
    groupName: path.slice(PREFIX.length, groupEnd === -1 ? undefined : groupEnd),
    keyPath: groupEnd === -1 ? '' : path.slice(groupEnd + 1),
    query: queryStart === -1 ? '' : url.slice(queryStart + 1),
  }
}

/** The group, or the answer that there is none. */
export function findGroup(edge: Edge, name: string): EdgeGroup | Response {
  const detail = 'No group of that name is configured.'
  return edge.groups.get(name) ?? problem('no-such-group', detail, { headers: OPEN_TO_ALL })
}

/** The key that the path names, or the answer that it is not valid. */
export function keyOf(config: GroupConfig, path: CachePath): string | Response {
  return unlessBadKey(config, () => keyFromUrl(config.source.keyForm, path.keyPath, path.query))
}

/** What `read` makes of one or more keys, or the answer that one is not valid. */
export function unlessBadKey<T>(config: GroupConfig, read: () => T): T | Response {
  try {
    return read()
  } catch (error) {
    if (error instanceof BadKeyError) {
      return problem(error.code, error.message, { headers: corsFor(config.access) })
    }
    throw error
  }
}
