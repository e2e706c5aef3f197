/** Owns the router Worker: which request goes where. */

import { env as workerEnv } from 'cloudflare:workers'
import { Hono } from 'hono'
import { type GroupDefinitions, readConfig } from '../config/config.ts'
import { systemClock } from '../core/clock.ts'
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
  const app = new Hono()

  app.get('/healthz', (c) => c.text('ok'))
  app.all('/healthz', () => methodNotAllowed('GET, HEAD'))

  // Hono runs GET routes for HEAD, and drops the body then.
  app.get('/cache/:group/*', (c, next) => {
    const path = parseCachePath(c.req.url)
    return path === undefined ? next() : readValue(c.req.raw, path, groups, systemClock)
  })
  app.all('/cache/:group/*', () => methodNotAllowed('GET, HEAD'))

  app.notFound(() => problem('no-such-route', 'Values are at /cache/<group>/<key>.'))
  app.onError((error) => {
    console.error('unexpected:', error)
    return problem('internal', 'The failure has been logged.')
  })
  return app
}

function methodNotAllowed(allow: string): Response {
  return problem('method-not-allowed', `Allowed here: ${allow}.`, { headers: { Allow: allow } })
}
