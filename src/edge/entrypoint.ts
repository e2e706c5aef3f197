/** Owns the way in from other Workers: the RPC methods of a service binding. */

import { WorkerEntrypoint } from 'cloudflare:workers'
import type { CallOptions, Groupcache, SetOptions } from '../core/api.ts'
import type { Purge } from '../core/peers.ts'

/**
 * The methods of `Groupcache` for whoever has the service binding, which is who its operator trusts: no
 * token is asked for. A failure is thrown, with a `code` that survives the call.
 */
export function createEntrypoint(cache: Groupcache) {
  return class GroupcacheEntrypoint extends WorkerEntrypoint<Cloudflare.Env> implements Groupcache {
    get(group: string, key: string, options?: CallOptions) {
      return cache.get(group, key, options)
    }

    getMany(group: string, keys: readonly string[], options?: CallOptions) {
      return cache.getMany(group, keys, options)
    }

    set(group: string, key: string, value: string | Uint8Array, options?: SetOptions) {
      return cache.set(group, key, value, options)
    }

    purge(group: string, purge: Purge) {
      return cache.purge(group, purge)
    }

    ring(group?: string, key?: string, options?: CallOptions) {
      return cache.ring(group, key, options)
    }

    stats() {
      return cache.stats()
    }
  }
}
