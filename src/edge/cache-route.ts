/** Owns `/cache/<group>/<key>`: from a request to the group's answer. */

import type { Clock } from '../core/clock.ts'
import { keyFromUrl } from '../core/key.ts'
import type { Reply } from '../core/peers.ts'
import { problem } from './http/problem.ts'
import { valueResponse } from './http/value-response.ts'
import { checkedKey, type EdgeGroups, findGroup } from './requested-key.ts'

const PREFIX = '/cache/'

/** What the path names: the group, then the key as the client wrote it, undecoded. */
export interface CachePath {
  readonly groupName: string
  readonly keyPath: string
  readonly query: string
}

/**
 * Reads the raw URL, since routers hand over decoded parameters. The runtime's URL has resolved dot
 * segments and backslashes by now, and has no fragment. `undefined`: the path is another route's.
 */
export function parseCachePath(url: string): CachePath | undefined {
  const pathStart = url.indexOf('/', url.indexOf('//') + 2)
  const queryStart = url.indexOf('?', pathStart)
  const path = url.slice(pathStart, queryStart === -1 ? undefined : queryStart)
  if (!path.startsWith(PREFIX) || path.length === PREFIX.length) return undefined
  const groupEnd = path.indexOf('/', PREFIX.length)
  return {
    groupName: path.slice(PREFIX.length, groupEnd === -1 ? undefined : groupEnd),
    keyPath: groupEnd === -1 ? '' : path.slice(groupEnd + 1),
    query: queryStart === -1 ? '' : url.slice(queryStart + 1),
  }
}

/** Answers GET and HEAD. */
export async function readValue(
  request: Request,
  path: CachePath,
  groups: EdgeGroups,
  clock: Clock,
): Promise<Response> {
  const found = findGroup(groups, path.groupName)
  if (found instanceof Response) return found
  const { group, config } = found
  const key = checkedKey(() => keyFromUrl(config.source.keyForm, path.keyPath, path.query))
  if (key instanceof Response) return key

  const reply = await group.get(key)
  if (reply.kind !== 'value') return failureResponse(reply)
  return valueResponse({
    entry: reply.entry,
    path: reply.path,
    clientTtlMs: config.clientTtlMs,
    nowMs: clock.now(),
    withBody: request.method !== 'HEAD',
  })
}

function failureResponse(reply: Exclude<Reply, { kind: 'value' }>): Response {
  if (reply.kind === 'not-found') {
    return problem('not-found', 'The loader says that this key does not exist.', reply)
  }
  const headers = reply.code === 'overloaded' ? { 'Retry-After': '1' } : {}
  return problem(reply.code, reply.detail, { path: reply.path, headers })
}
