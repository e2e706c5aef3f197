/** Owns GET and HEAD of `/cache/<group>/<key>`. */

import type { Access } from '../config/config.ts'
import type { Reply } from '../core/peers.ts'
import { type Edge, type EdgeGroup, getTraced, peersNear } from './edge.ts'
import { corsFor } from './http/cors.ts'
import { problem } from './http/problem.ts'
import { serverTiming } from './http/server-timing.ts'
import { valueResponse } from './http/value-response.ts'
import { streamValue } from './large-value.ts'
import { type CachePath, keyOf } from './requested-key.ts'

export async function readValue(
  request: Request,
  path: CachePath,
  edgeGroup: EdgeGroup,
  edge: Edge,
): Promise<Response> {
  const { config } = edgeGroup
  const key = keyOf(config, path)
  if (key instanceof Response) return key

  const askedAtMs = edge.clock.now()
  const reply = await getTraced(edgeGroup, key, peersNear(edge, request))
  const timing = serverTiming(reply, edge.clock.now() - askedAtMs)
  if (reply.kind === 'too-large') return streamValue(request, edgeGroup, key, timing, edge.clock)
  if (reply.kind !== 'value') return failureResponse(reply, timing, config.access)
  return valueResponse(request, {
    entry: reply.entry,
    path: reply.path,
    timing,
    access: config.access,
    clientTtlMs: config.clientTtlMs,
    nowMs: edge.clock.now(),
  })
}

type Failure = Exclude<Reply, { kind: 'value' }>

function failureResponse(reply: Failure, timing: string, access: Access): Response {
  const { path } = reply
  const headers = { ...corsFor(access), 'Server-Timing': timing }
  if (reply.kind !== 'failed') {
    const detail = 'The loader says that this key does not exist.'
    return problem('not-found', detail, { path, headers })
  }
  const retry = reply.code === 'overloaded' ? { 'Retry-After': '1' } : {}
  return problem(reply.code, reply.detail, { path, headers: { ...headers, ...retry } })
}
