/** GET and HEAD of `/cache/<group>/<key>`. */

import type { Access } from '../config/config.ts'
import type { WantedPart } from '../core/entry/byte-range.ts'
import type { Group } from '../core/group/group.ts'
import type { Reply, StreamedReply } from '../core/peers/peers.ts'
import { type Edge, type EdgeGroup, peersNear } from './edge.ts'
import { corsFor } from './http/cors.ts'
import { type Payload, StreamedPayload, WholePayload } from './http/payload.ts'
import { problem } from './http/problem.ts'
import { parseRange } from './http/range.ts'
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
  const { group } = edgeGroup
  const reply = group.read(key, peersNear(edge, request), () => partFor(request, group))
  return reply instanceof Promise
    ? reply.then((late) => replyResponse(late, asked, edge))
    : replyResponse(reply, asked, edge)
}

function partFor({ headers, method }: Request, group: Group): WantedPart {
  const aboveBytes = group.largestWholeBytes
  if (method === 'HEAD') return { aboveBytes, isHead: true }
  const range = parseRange(headers)
  return range === undefined ? { aboveBytes } : { aboveBytes, range }
}

/** What was asked for, and when. */
interface Asked {
  readonly request: Request
  readonly edgeGroup: EdgeGroup
  readonly key: string
  readonly atMs: number
}

function replyResponse(
  reply: Reply | StreamedReply,
  { request, edgeGroup, key, atMs }: Asked,
  edge: Edge,
): Response | Promise<Response> {
  const { access, clientTtlMs } = edgeGroup.config
  const nowMs = edge.clock.now()
  const timing = serverTiming(reply, nowMs - atMs)
  if (reply.kind === 'too-large') return streamValue(request, edgeGroup, key, timing, edge)
  if (reply.kind !== 'value' && reply.kind !== 'stream') {
    return failureResponse(reply, timing, access)
  }
  const { entry, path } = reply
  const payload: Payload =
    reply.kind === 'stream'
      ? new StreamedPayload(reply)
      : new WholePayload(
          reply.entry,
          () => edgeGroup.group.beginSending(reply.entry, key),
          edge.clock,
        )
  return valueResponse(request, { entry, payload, path, timing, access, clientTtlMs, nowMs })
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
