/** Owns GET and HEAD of `/cache/<group>/<key>`. */

import type { Access } from '../config/config.ts'
import type { Reply } from '../core/peers.ts'
import type { Edge, EdgeGroup } from './edge.ts'
import { corsFor } from './http/cors.ts'
import { problem } from './http/problem.ts'
import { valueResponse } from './http/value-response.ts'
import { streamValue } from './large-value.ts'
import { type CachePath, keyOf } from './requested-key.ts'

export async function readValue(
  request: Request,
  path: CachePath,
  edgeGroup: EdgeGroup,
  edge: Edge,
): Promise<Response> {
  const { group, config } = edgeGroup
  const key = keyOf(config, path)
  if (key instanceof Response) return key

  const reply = await group.get(key)
  if (reply.kind === 'too-large') return streamValue(request, edgeGroup, key, edge.clock)
  if (reply.kind !== 'value') return failureResponse(reply, config.access)
  return valueResponse(request, {
    entry: reply.entry,
    path: reply.path,
    access: config.access,
    clientTtlMs: config.clientTtlMs,
    nowMs: edge.clock.now(),
  })
}

type Failure = Exclude<Reply, { kind: 'value' }>

function failureResponse(reply: Failure, access: Access): Response {
  const cors = corsFor(access)
  if (reply.kind !== 'failed') {
    const detail = 'The loader says that this key does not exist.'
    return problem('not-found', detail, { path: reply.path, headers: cors })
  }
  const headers = reply.code === 'overloaded' ? { ...cors, 'Retry-After': '1' } : cors
  return problem(reply.code, reply.detail, { path: reply.path, headers })
}
