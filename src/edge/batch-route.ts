/** `POST /cache/<group>`: many keys of one group in one request. */

import * as v from 'valibot'
import { encodeUtf8 } from '../core/bytes.ts'
import type { ManyResult } from '../core/group/api.ts'
import { HTTP_ROOM } from '../core/peers/byte-room.ts'
import { valueStream } from '../peers/value-stream.ts'
import { type Edge, type EdgeGroup, peersNear } from './edge.ts'
import { corsFor } from './http/cors.ts'
import { readJson } from './http/json-body.ts'
import { LARGEST_WHOLE_BYTES } from './http/payload.ts'
import { type ProblemCode, problem, statusOf } from './http/problem.ts'
import { getMany } from './many.ts'

const MOST_KEYS = 1_000

const batchSchema = v.strictObject({
  keys: v.pipe(
    v.array(v.string('text'), 'a list of keys'),
    v.maxLength(MOST_KEYS, `at most ${MOST_KEYS} keys`),
  ),
})

export async function readMany(
  request: Request,
  edgeGroup: EdgeGroup,
  edge: Edge,
): Promise<Response> {
  const { config } = edgeGroup
  const cors = corsFor(config.access)
  const body = await readJson(request, batchSchema, edge.bodies, {
    headers: cors,
    // Readers of a private group have shown the token.
    isTrusted: config.access === 'private',
  })
  if (body instanceof Response) return body
  const peers = peersNear(edge, request)
  const results = await getMany(edgeGroup, body.keys, peers, edge.clock, HTTP_ROOM)
  const answer = { entries: results.map(batchEntry), keyForm: config.source.keyForm }
  return answerResponse(encodeUtf8(JSON.stringify(answer)), edgeGroup, edge)
}

/** A large answer counts while its client reads it, as a value does. */
function answerResponse(
  bytes: Uint8Array<ArrayBuffer>,
  { config, group }: EdgeGroup,
  { clock }: Edge,
): Response {
  const cors = corsFor(config.access)
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...cors }
  const length = bytes.byteLength
  if (length <= LARGEST_WHOLE_BYTES) return new Response(bytes, { headers })
  const sending = group.beginSending({ etag: crypto.randomUUID(), value: bytes })
  if (sending === undefined) {
    const detail = 'Too many large answers are on their way to clients.'
    return problem('overloaded', detail, { headers: { ...cors, 'Retry-After': '1' } })
  }
  return new Response(valueStream(sending, 0, length, clock), { headers })
}

function batchEntry(result: ManyResult): object {
  const { key } = result
  if (result.kind === 'not-found') return { key, status: 404, code: 'not-found' }
  if (result.kind === 'failed') {
    const { code, message } = result
    const status = code === 'no-room' ? 413 : statusOf(code as ProblemCode)
    return { key, status, code, detail: message }
  }
  const { contentType, etag, value, ageMs, expiresAtMs, status: cacheStatus } = result
  return {
    key,
    status: 200,
    contentType,
    etag,
    value: base64(value),
    ageMs,
    expiresAtMs,
    cacheStatus,
  }
}

/** Piece by piece: a call takes only so many arguments. Each piece but the last has whole groups of three. */
const PIECE_BYTES = 0x6000

function base64(bytes: Uint8Array): string {
  let text = ''
  for (let offset = 0; offset < bytes.byteLength; offset += PIECE_BYTES) {
    text += btoa(String.fromCharCode(...bytes.subarray(offset, offset + PIECE_BYTES)))
  }
  return text
}
