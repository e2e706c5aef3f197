/** Owns what an operator does: values set, purges, reports. Whoever gets here has shown the token. */

import { collect } from '../core/bytes.ts'
import { deltaMs, parseCacheControl } from '../core/cache-control.ts'
import type { Life } from '../core/entry.ts'
import { PeerUnavailableError } from '../core/errors.ts'
import type { PurgeReport } from '../core/peers.ts'
import { parseTagHeader, TAGS_FORM } from '../core/tags.ts'
import type { Edge, EdgeGroup } from './edge.ts'
import { corsFor, OPEN_TO_ALL } from './http/cors.ts'
import { readJson } from './http/json-body.ts'
import { problem } from './http/problem.ts'
import { canonicalPurge, purgeRequestSchema } from './purge-request.ts'
import { keyReport, ringReport, statsReport } from './reports.ts'
import { type CachePath, findGroup, keyOf, unlessBadKey } from './requested-key.ts'

/** `PUT /cache/<group>/<key>` */
export async function setValue(
  request: Request,
  path: CachePath,
  { config, group }: EdgeGroup,
): Promise<Response> {
  const key = keyOf(config, path)
  if (key instanceof Response) return key
  const cors = { headers: corsFor(config.access) }

  const { headers } = request
  const contentType = headers.get('content-type') ?? 'application/octet-stream'
  if (!/^[\x20-\x7e]{1,255}$/.test(contentType)) {
    return problem('bad-request', 'Content-Type: up to 255 printable ASCII characters.', cors)
  }
  const tags = parseTagHeader(headers.get('cache-tag') ?? '')
  if (tags === undefined) return problem('bad-request', `Cache-Tag: ${TAGS_FORM}.`, cors)
  const life = lifeFrom(headers)

  const { maxValueBytes } = config.options
  const tooLarge = () =>
    problem(
      'value-too-large',
      `Group ${config.name} holds values of up to ${maxValueBytes} bytes.`,
      cors,
    )
  if (Number(headers.get('content-length')) > maxValueBytes) return tooLarge()
  const value = await collect(request.body, maxValueBytes)
  if (value === undefined) return tooLarge()

  try {
    const stored = await group.set(key, { value, contentType, tags, ...life })
    // A value with no life was to be gone at once; any other that is not stored had no room.
    return stored || life.ttlMs === 0 ? new Response(null, { status: 204, ...cors }) : tooLarge()
  } catch (error) {
    if (!(error instanceof PeerUnavailableError)) throw error
    console.error(error)
    return problem('overloaded', 'The node that owns the key could not be reached.', {
      headers: { ...cors.headers, 'Retry-After': '1' },
    })
  }
}

/** Other directives say nothing here: what a client adds for its own caches must not make a value vanish. */
function lifeFrom(headers: Headers): Partial<Life> {
  const directives = parseCacheControl(headers.get('cache-control') ?? '')
  const ttlMs = deltaMs(directives.get('max-age'))
  const staleWhileRevalidateMs = deltaMs(directives.get('stale-while-revalidate'))
  const staleIfErrorMs = deltaMs(directives.get('stale-if-error'))
  return {
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(staleWhileRevalidateMs === undefined ? {} : { staleWhileRevalidateMs }),
    ...(staleIfErrorMs === undefined ? {} : { staleIfErrorMs }),
  }
}

/** `DELETE /cache/<group>/<key>` */
export async function purgeValue(path: CachePath, { config, group }: EdgeGroup): Promise<Response> {
  const key = keyOf(config, path)
  return key instanceof Response ? key : reportResponse(await group.purge({ keys: [key] }))
}

/** `POST /admin/purge` */
export async function purge(request: Request, edge: Edge): Promise<Response> {
  const body = await readJson(request, purgeRequestSchema, OPEN_TO_ALL)
  if (body instanceof Response) return body
  const found = findGroup(edge, body.group)
  if (found instanceof Response) return found
  const meant = unlessBadKey(found.config, () => canonicalPurge(found.config, body))
  return meant instanceof Response ? meant : reportResponse(await found.group.purge(meant))
}

/** `GET /admin/ring`, of one key or of all nodes. */
export function ring(request: Request, edge: Edge): Response {
  const { searchParams } = new URL(request.url)
  const [group, key] = [searchParams.get('group'), searchParams.get('key')]
  if (group === null && key === null) return json(ringReport(edge))
  if (group === null || key === null) {
    return problem('bad-request', 'Give both "group" and "key", or neither.', {
      headers: OPEN_TO_ALL,
    })
  }
  const found = findGroup(edge, group)
  if (found instanceof Response) return found
  const report = unlessBadKey(found.config, () => keyReport(edge, found, key))
  return report instanceof Response ? report : json(report)
}

/** `GET /admin/stats` */
export async function stats(edge: Edge): Promise<Response> {
  return json(await statsReport(edge))
}

function reportResponse(report: PurgeReport): Response {
  return json(report, report.ok ? 200 : 502)
}

function json(body: unknown, status = 200): Response {
  return Response.json(body, { status, headers: { 'Cache-Control': 'no-store', ...OPEN_TO_ALL } })
}
