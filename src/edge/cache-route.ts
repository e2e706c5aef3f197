/** Owns GET and HEAD of `/cache/<group>/<key>`. */

import type { Access } from '../config/config.ts'
import type { Reply } from '../core/peers.ts'
import { type Edge, type EdgeGroup, peersNear } from './edge.ts'
import { corsFor } from './http/cors.ts'
import { problem } from './http/problem.ts'
import { serverTiming } from './http/server-timing.ts'
import { valueResponse } from './http/value-response.ts'
import { streamValue } from './large-value.ts'
import { type CachePath, keyOf } from './requested-key.ts'

/** No promise where memory has the value. */
export function readValue(
  request: Request,
  path: CachePath,
  edgeGroup: EdgeGroup,
  edge: Edge,
): Response | Promise<Response> {
  const key = keyOf(edgeGroup.config, path)
  if (key instanceof Response) return key

  const asked = { request, edgeGroup, key, atMs: edge.clock.now() }
  const reply = edgeGroup.group.get(key, peersNear(edge, request))
  return reply instanceof Promise
    ? reply.then((late) => replyResponse(late, asked, edge))
    : replyResponse(reply, asked, edge)
}

/** What was asked for, and when. */
interface Asked {
  readonly request: Request
  readonly edgeGroup: EdgeGroup
  readonly key: string
  readonly atMs: number
}

function replyResponse(
  reply: Reply,
  { request, edgeGroup, key, atMs }: Asked,
  edge: Edge,
): Response | Promise<Response> {
  const { access, clientTtlMs } = edgeGroup.config
  const nowMs = edge.clock.now()
  const timing = serverTiming(reply, nowMs - atMs)
  if (reply.kind === 'too-large') return streamValue(request, edgeGroup, key, timing, edge)
  if (reply.kind !== 'value') return failureResponse(reply, timing, access)
  const { entry, path } = reply
  return valueResponse(request, { entry, path, timing, access, clientTtlMs, nowMs })
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
