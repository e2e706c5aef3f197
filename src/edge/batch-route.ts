/** Owns `POST /cache/<group>`: many keys of one group in one request. */

import * as v from 'valibot'
import type { ManyResult } from '../core/api.ts'
import { HTTP_ROOM } from '../core/byte-room.ts'
import { type Edge, type EdgeGroup, peersNear } from './edge.ts'
import { corsFor } from './http/cors.ts'
import { readJson } from './http/json-body.ts'
import { type ProblemCode, statusOf } from './http/problem.ts'
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
  const body = await readJson(request, batchSchema, edge.bodies, cors)
  if (body instanceof Response) return body
  const peers = peersNear(edge, request)
  const results = await getMany(edgeGroup, body.keys, peers, edge.clock, HTTP_ROOM)
  const headers = { 'Cache-Control': 'no-store', ...cors }
  return Response.json(
    { entries: results.map(batchEntry), keyForm: config.source.keyForm },
    { headers },
  )
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
