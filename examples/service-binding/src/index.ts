/** A Worker that reads and sets scores through a cache that is deployed on its own. */

import { Hono } from 'hono'
import type { CachedValue, Groupcache, ManyResult } from '../../../src/library.ts'

interface Bindings {
  /** A call on it goes straight to the other Worker: no URL, no token, no JSON. */
  readonly CACHE: Groupcache
}

const app = new Hono<{ Bindings: Bindings }>()

app.get('/scores/:name', async (c) => {
  const name = c.req.param('name')
  const cached = await c.env.CACHE.get('scores', name)
  // `null` is an answer, and no failure: the loader says that there is no such key.
  if (cached === null) return c.json({ error: `${name} has no score` }, 404)
  return c.json(scoreOf(name, cached))
})

/** `/scores?name=Tom&name=Jack`: however many names, the cache asks each of its nodes once at most. */
app.get('/scores', async (c) => {
  const results = await c.env.CACHE.getMany('scores', c.req.queries('name') ?? [])
  return c.json(results.map(outcome))
})

// Whoever has the binding may set and purge. Whoever may call these two routes can as well: in an
// application of yours, ask here who it is.
app.put('/scores/:name', async (c) => {
  const options = { ttlMs: 60_000, tags: ['set-by-hand'] }
  await c.env.CACHE.set('scores', c.req.param('name'), await c.req.text(), options)
  return c.body(null, 204)
})

app.delete('/scores/:name', async (c) => {
  const report = await c.env.CACHE.purge('scores', { keys: [c.req.param('name')] })
  // Not `ok`: some nodes could not be reached, and may go on answering what they hold.
  return c.json(report, report.ok ? 200 : 502)
})

const STATUSES = {
  'bad-key': 400,
  'bad-request': 400,
  'value-too-large': 413,
  'load-failed': 502,
  overloaded: 503,
  'load-timeout': 504,
} as const

/** Classes do not survive a call between Workers, and messages may change. `code` does, and does not. */
app.onError((error, c) => {
  const code = 'code' in error ? error.code : undefined
  if (typeof code === 'string' && Object.hasOwn(STATUSES, code)) {
    return c.json({ error: code }, STATUSES[code as keyof typeof STATUSES])
  }
  console.error(error)
  return c.json({ error: 'internal' }, 500)
})

function outcome(result: ManyResult) {
  switch (result.kind) {
    case 'value':
      return scoreOf(result.key, result)
    case 'not-found':
      return { name: result.key, score: null }
    case 'failed':
      // One key that fails fails alone.
      return { name: result.key, error: result.code }
  }
}

function scoreOf(name: string, { value, ageMs, status }: CachedValue) {
  // Values are bytes. `status` is the way that this one took, as the header Cache-Status has it.
  return { name, score: new TextDecoder().decode(value), ageMs, status }
}

export default app
