/** Owns what an operator does: values set, purges, reports. Whoever gets here has shown the token. */

import { BINARY, CONTENT_TYPE_FORM, isContentType } from '../core/entry/content-type.ts'
import type { Life } from '../core/entry/entry.ts'
import type { PurgeReport } from '../core/entry/purge.ts'
import { parseTagHeader, TAGS_FORM } from '../core/entry/tags.ts'
import { PeerUnavailableError } from '../core/errors.ts'
import { deltaMs, parseCacheControl } from '../http/cache-control.ts'
import type { Edge, EdgeGroup } from './edge.ts'
import { corsFor, OPEN_TO_ALL } from './http/cors.ts'
import { readJson } from './http/json-body.ts'
import { type ProblemCode, problem } from './http/problem.ts'
import { METRICS_TYPE, metricsText } from './metrics.ts'
import { canonicalPurge, purgeRequestSchema } from './purge-request.ts'
import { keyReport, ringReport } from './reports.ts'
import { type CachePath, findGroup, keyOf, unlessBadKey } from './requested-key.ts'

/** `PUT /cache/<group>/<key>` */
export async function setValue(
  request: Request,
  path: CachePath,
  { config, group }: EdgeGroup,
  { bodies, logError }: Edge,
): Promise<Response> {
  const key = keyOf(config, path)
  if (key instanceof Response) return key
  const cors = { headers: corsFor(config.access) }

  const { headers } = request
  const unsupported = refusedHeaders(headers)
  if (unsupported !== undefined) return problem(unsupported.code, unsupported.detail, cors)
  const life = lifeFrom(headers)
  if (life === undefined) {
    return problem('bad-request', 'Cache-Control: max-age and the like take whole seconds.', cors)
  }
  const contentType = headers.get('content-type') ?? BINARY
  if (!isContentType(contentType)) {
    return problem('bad-request', `Content-Type: ${CONTENT_TYPE_FORM}.`, cors)
  }
  const tags = parseTagHeader(headers.get('cache-tag') ?? '')
  if (tags === undefined) return problem('bad-request', `Cache-Tag: ${TAGS_FORM}.`, cors)
  const { maxValueBytes } = config.options
  const tooLarge = () =>
    problem(
      'value-too-large',
      `Group ${config.name} holds values of up to ${maxValueBytes} bytes.`,
      cors,
    )
  const bounds = { maxBytes: maxValueBytes, tooLarge, isTrusted: true, ...cors }
  const value = await bodies.read(request, bounds)
  if (value instanceof Response) return value

  try {
    const outcome = await group.set(key, { value, contentType, tags, ...life })
    return outcome === 'too-large' ? tooLarge() : new Response(null, { status: 204, ...cors })
  } catch (error) {
    if (!(error instanceof PeerUnavailableError)) throw error
    logError('owner unreachable', { group: config.name, node: 'edge' }, error)
    return problem('overloaded', 'The node that owns the key could not be reached.', {
      headers: { ...cors.headers, 'Retry-After': '1' },
    })
  }
}

/** What a server that does not act on it must not ignore. */
function refusedHeaders(headers: Headers): { code: ProblemCode; detail: string } | undefined {
  // RFC 9110, sections 13.1.1 and 13.1.2: nothing is to be done unless they hold, which is not looked at.
  for (const name of ['If-Match', 'If-None-Match', 'If-Unmodified-Since']) {
    if (headers.has(name))
      return { code: 'precondition-failed', detail: `${name}: not for this method.` }
  }
  // Sections 8.4 and 14.5.
  for (const name of ['Content-Encoding', 'Content-Range']) {
    if (headers.has(name))
      return { code: 'bad-request', detail: `${name}: send the whole value, plain.` }
  }
  return undefined
}

/**
 * Other directives say nothing here: what a client adds for its own caches must not make a value vanish.
 * `undefined` where one that counts has no number.
 */
function lifeFrom(headers: Headers): Partial<Life> | undefined {
  const directives = parseCacheControl(headers.get('cache-control') ?? '')
  const life: { -readonly [Part in keyof Life]?: number } = {}
  for (const [directive, part] of LIFE_DIRECTIVES) {
    const seconds = directives.get(directive)
    if (seconds === undefined) continue
    if (!/^\d+$/.test(seconds)) return undefined
    life[part] = deltaMs(seconds) as number
  }
  return life
}

const LIFE_DIRECTIVES = [
  ['max-age', 'ttlMs'],
  ['stale-while-revalidate', 'staleWhileRevalidateMs'],
  ['stale-if-error', 'staleIfErrorMs'],
] as const

/** `DELETE /cache/<group>/<key>` */
export async function purgeValue(
  request: Request,
  path: CachePath,
  { config, group }: EdgeGroup,
): Promise<Response> {
  const key = keyOf(config, path)
  const unsupported = refusedHeaders(request.headers)
  if (unsupported !== undefined) {
    return problem(unsupported.code, unsupported.detail, { headers: corsFor(config.access) })
  }
  return key instanceof Response ? key : reportResponse(await group.purge({ keys: [key] }))
}

/** `POST /admin/purge` */
export async function purge(request: Request, edge: Edge): Promise<Response> {
  const body = await readJson(request, purgeRequestSchema, edge.bodies, {
    headers: OPEN_TO_ALL,
    isTrusted: true,
  })
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

/** `GET /metrics` */
export async function metrics(edge: Edge): Promise<Response> {
  return new Response(metricsText(await edge.statsReports.gather()), {
    headers: { 'Content-Type': METRICS_TYPE, 'Cache-Control': 'no-store', ...OPEN_TO_ALL },
  })
}

/** `GET /admin/stats` */
export async function stats(edge: Edge): Promise<Response> {
  return json(await edge.statsReports.gather())
}

function reportResponse(report: PurgeReport): Response {
  return json(report, report.ok ? 200 : 502)
}

function json(body: unknown, status = 200): Response {
  return Response.json(body, { status, headers: { 'Cache-Control': 'no-store', ...OPEN_TO_ALL } })
}
