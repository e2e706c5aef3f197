/** Owns the router Worker: which request goes where. */

import { env as workerEnv } from 'cloudflare:workers'
import { Hono } from 'hono'
import { type GroupDefinitions, readConfig } from '../config/config.ts'
import { systemClock } from '../core/clock.ts'
import { purge, purgeValue, setValue } from './admin-routes.ts'
import { createGuard } from './auth.ts'
import { parseCachePath, readValue } from './cache-route.ts'
import { createEdgeGroups } from './edge-groups.ts'
import { problem } from './http/problem.ts'

export interface WorkerOptions {
  /** The groups in code; those of the `GROUPS` variable come on top. */
  readonly groups: GroupDefinitions
}

/**
 * The router Worker. What it keeps between requests is the groups' hot copies and counters; they live
 * as long as the isolate. Throws `ConfigError`, when the isolate starts.
 */
export function createWorker({ groups: definitions }: WorkerOptions) {
  const config = readConfig({ ...workerEnv }, definitions)
  const groups = createEdgeGroups(config, workerEnv)
  const guard = createGuard(config.adminToken)
  const app = new Hono()

  app.get('/healthz', (c) => c.text('ok'))
  app.all('/healthz', () => methodNotAllowed('GET, HEAD'))

  // Hono runs GET routes for HEAD, and drops the body then.
  app.all('/cache/:group/*', async (c) => {
    const request = c.req.raw
    const path = parseCachePath(request.url)
    // Hono has decoded what it matched; only the path as it was sent counts.
    if (path === undefined) return noSuchRoute()
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        return readValue(request, path, groups, systemClock)
      case 'PUT':
        return (await guard(request)) ?? setValue(request, path, groups)
      case 'DELETE':
        return (await guard(request)) ?? purgeValue(path, groups)
      default:
        return methodNotAllowed('GET, HEAD, PUT, DELETE')
    }
  })

  app.post('/admin/purge', async (c) => (await guard(c.req.raw)) ?? purge(c.req.raw, groups))
  app.all('/admin/purge', () => methodNotAllowed('POST'))

  app.notFound(noSuchRoute)
  app.onError((error) => {
    console.error('unexpected:', error)
    return problem('internal', 'The failure has been logged.')
  })
  return app
}

function noSuchRoute(): Response {
  return problem('no-such-route', 'Values are at /cache/<group>/<key>.')
}

function methodNotAllowed(allow: string): Response {
  return problem('method-not-allowed', `Allowed here: ${allow}.`, { headers: { Allow: allow } })
}
