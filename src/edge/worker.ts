/** Owns the router Worker: which request goes where. */

import { env as workerEnv } from 'cloudflare:workers'
import { Hono } from 'hono/tiny'
import { type GroupDefinitions, readConfig } from '../config/config.ts'
import type { Groupcache } from '../core/group/api.ts'
import { workersPlatform } from '../platform/workers.ts'
import { metrics, purge, purgeValue, ring, setValue, stats } from './admin-routes.ts'
import { createGuard, type Guard } from './auth.ts'
import { readMany } from './batch-route.ts'
import { readValue } from './cache-route.ts'
import { dashboardFiles, dashboardResponse } from './dashboard/routes.ts'
import { createEdge, type Edge, type EdgeGroup } from './edge.ts'
import { createEntrypoint } from './entrypoint.ts'
import { createGroupcache } from './groupcache.ts'
import { corsFor, OPEN_TO_ALL, optionsResponse } from './http/cors.ts'
import { problem } from './http/problem.ts'
import { openapi } from './openapi.ts'
import { type CachePath, findGroup, parseCachePath } from './requested-key.ts'

export interface WorkerOptions {
  /** The groups in code; those of the `GROUPS` variable come on top. */
  readonly groups: GroupDefinitions
}

/** The default export of a Worker, or a part of one that has routes of its own. */
export interface GroupcacheWorker {
  readonly fetch: (request: Request) => Response | Promise<Response>
  /** The cache for code in the same Worker. */
  readonly cache: Groupcache
  /** The class to export under this name, for service bindings of other Workers. */
  readonly Groupcache: ReturnType<typeof createEntrypoint>
}

/**
 * The router Worker. What it keeps between requests is the groups' hot copies and counters; they live
 * as long as the isolate. Throws `ConfigError`, when the isolate starts.
 */
export function createWorker({ groups }: WorkerOptions): GroupcacheWorker {
  const config = readConfig({ ...workerEnv }, groups)
  const edge = createEdge(config, workerEnv, workersPlatform)
  const guard = createGuard(config.adminToken)
  const app = new Hono()

  for (const [path, file] of Object.entries(dashboardFiles)) {
    app.get(path, (c) => dashboardResponse(c.req.raw, file))
    app.all(path, () => methodNotAllowed('GET, HEAD'))
  }

  app.get('/healthz', (c) => c.text('ok'))
  app.all('/healthz', () => methodNotAllowed('GET, HEAD'))

  app.get('/openapi.json', (c) => c.json(openapi, 200, DESCRIBED))
  app.options('/openapi.json', () => optionsResponse('GET, HEAD, OPTIONS', true))
  app.all('/openapi.json', () => methodNotAllowed('GET, HEAD, OPTIONS'))

  const administration = {
    'admin/purge': ['POST'],
    'admin/ring': ['GET', 'HEAD'],
    'admin/stats': ['GET', 'HEAD'],
    metrics: ['GET', 'HEAD'],
  }
  for (const [path, methods] of Object.entries(administration)) {
    app.options(`/${path}`, () => optionsResponse([...methods, 'OPTIONS'].join(', '), true))
  }
  for (const path of ['/admin/*', '/metrics']) {
    app.use(path, async (c, next) => (await guard(c.req.raw, OPEN_TO_ALL)) ?? next())
  }
  app.post('/admin/purge', (c) => purge(c.req.raw, edge))
  app.get('/admin/ring', (c) => ring(c.req.raw, edge))
  app.get('/admin/stats', () => stats(edge))
  app.get('/metrics', () => metrics(edge))
  for (const [path, methods] of Object.entries(administration)) {
    app.all(`/${path}`, () => methodNotAllowed([...methods, 'OPTIONS'].join(', ')))
  }

  app.notFound(noSuchRoute)
  app.onError((error) => unexpected(error, edge))
  return {
    fetch(request) {
      // Before Hono, whose router and context would take longer than a hit does, and which decodes what it
      // matches: only the path as it was sent counts.
      const path = parseCachePath(request.url)
      if (path === undefined) return app.fetch(request)
      const response = answerSafely(() => cacheRoute(request, path, edge, guard), edge)
      if (request.method !== 'HEAD') return response
      return response instanceof Promise ? response.then(withoutBody) : withoutBody(response)
    },
    cache: createGroupcache(edge, (bytes) => bytes.slice()),
    Groupcache: createEntrypoint(createGroupcache(edge, (bytes) => bytes)),
  }
}

/** Of the description of the routes, which changes with a deployment only. */
const DESCRIBED = { ...OPEN_TO_ALL, 'Cache-Control': 'public, max-age=300' }

const VALUE_METHODS = ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']
/** Of `/cache/<group>`, which names no key: to read many at once; the others get told so. */
const GROUP_METHODS = ['POST', ...VALUE_METHODS]
const READING = new Set(['GET', 'HEAD', 'POST'])

function cacheRoute(
  request: Request,
  path: CachePath,
  edge: Edge,
  guard: Guard,
): Response | Promise<Response> {
  const { method } = request
  const found = findGroup(edge, path.groupName)
  const access = found instanceof Response ? 'public' : found.config.access
  const methods = path.keyPath === '' ? GROUP_METHODS : VALUE_METHODS
  if (!methods.includes(method)) return methodNotAllowed(methods.join(', '), corsFor(access))
  if (method === 'OPTIONS') return optionsResponse(methods.join(', '), access === 'public')

  const answer = () => (found instanceof Response ? found : answerOf(request, path, found, edge))
  const isOpen = READING.has(method) && access === 'public'
  return isOpen ? answer() : guard(request, corsFor(access)).then((refusal) => refusal ?? answer())
}

/** What is asked of a group, by whoever may. */
function answerOf(
  request: Request,
  path: CachePath,
  group: EdgeGroup,
  edge: Edge,
): Response | Promise<Response> {
  switch (request.method) {
    case 'POST':
      return readMany(request, group, edge)
    case 'PUT':
      return setValue(request, path, group, edge)
    case 'DELETE':
      return purgeValue(request, path, group)
    default:
      return readValue(request, path, group, edge)
  }
}

/** What goes wrong unexpectedly is an answer too. */
function answerSafely(
  answer: () => Response | Promise<Response>,
  edge: Edge,
): Response | Promise<Response> {
  const failed = (error: unknown) => unexpected(error, edge)
  try {
    const response = answer()
    return response instanceof Promise ? response.catch(failed) : response
  } catch (error) {
    return failed(error)
  }
}

/** HEAD is GET without the body (RFC 9110, section 9.3.2), for code in the same Worker too. */
function withoutBody(response: Response): Response {
  return response.body === null ? response : new Response(null, response)
}

function unexpected(error: unknown, { logError }: Edge): Response {
  logError('unexpected', { node: 'edge' }, error)
  return problem('internal', 'The failure has been logged.', { headers: OPEN_TO_ALL })
}

function noSuchRoute(): Response {
  const detail = 'Values are at /cache/<group>/<key>.'
  return problem('no-such-route', detail, { headers: OPEN_TO_ALL })
}

function methodNotAllowed(
  allow: string,
  headers: Readonly<Record<string, string>> = OPEN_TO_ALL,
): Response {
  const extras = { headers: { ...headers, Allow: allow } }
  return problem('method-not-allowed', `Allowed here: ${allow}.`, extras)
}
