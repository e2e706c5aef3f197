/** A Worker with routes of its own, and a cache with groups of its own, in one deployment. */

import { Hono } from 'hono'
import { createCacheNode, createWorker } from '../../../src/library.ts'
import { groups } from './groups.ts'

/** The Durable Object class behind the binding `CACHE_NODE`. It has to have the same groups. */
export class CacheNode extends createCacheNode(groups) {}

const groupcache = createWorker({ groups })

/** For service bindings of other Workers. */
export class Groupcache extends groupcache.Groupcache {}

const app = new Hono<{ Bindings: Cloudflare.Env }>()

app.get('/hello/:name', async (c) => {
  const greeting = await groupcache.cache.get('greetings', c.req.param('name'))
  if (greeting === null) return c.text('That is no name.', 404)
  return c.text(new TextDecoder().decode(greeting.value))
})

app.onError((error, c) => {
  // Failures of the cache have a stable `code`. A key that cannot be is a name that is none.
  if ('code' in error && error.code === 'bad-key') return c.text('That is no name.', 404)
  console.error(error)
  return c.text('Greetings are out of order at the moment.', 503)
})

// The rest is the cache's: /cache/greetings/Tom, /admin/stats and so on. It gets requests as they came,
// since it reads keys from the URL itself. Mounted last, it takes only what no route above has taken.
app.mount('/', groupcache.fetch, { replaceRequest: false })

export default app
