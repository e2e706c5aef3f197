/** Owns the way in from other Workers: the RPC methods of a service binding. */

import { WorkerEntrypoint } from 'cloudflare:workers'
import type { Groupcache } from '../core/group/api.ts'

/**
 * The methods of `Groupcache` for whoever has the service binding, which is who its operator trusts: no
 * token is asked for. A failure is thrown, with a `code` that survives the call. All arguments are passed
 * on, since the cache refuses those that it does not know.
 */
export function createEntrypoint(cache: Groupcache) {
  return class GroupcacheEntrypoint extends WorkerEntrypoint<Cloudflare.Env> implements Groupcache {
    get(...args: Parameters<Groupcache['get']>) {
      return cache.get(...args)
    }

    getMany(...args: Parameters<Groupcache['getMany']>) {
      return cache.getMany(...args)
    }

    set(...args: Parameters<Groupcache['set']>) {
      return cache.set(...args)
    }

    purge(...args: Parameters<Groupcache['purge']>) {
      return cache.purge(...args)
    }

    ring(...args: Parameters<Groupcache['ring']>) {
      return cache.ring(...args)
    }

    stats(...args: Parameters<Groupcache['stats']>) {
      return cache.stats(...args)
    }
  }
}
