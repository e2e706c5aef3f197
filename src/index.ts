/** The composition root: what the runtime sees. */

import { groups } from './groups.ts'
import { createCacheNode, createWorker } from './library.ts'

/** The Durable Object class behind the binding `CACHE_NODE`. */
export class CacheNode extends createCacheNode(groups) {}

const worker = createWorker({ groups })

/** For service bindings of other Workers: `entrypoint = "Groupcache"`. */
export class Groupcache extends worker.Groupcache {}

export default worker
