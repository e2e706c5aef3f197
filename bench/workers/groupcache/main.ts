/** Ours, as a user would deploy it, with the groups that are measured; its nodes count what they are asked. */

import type { GroupDefinitions } from '../../../src/config/config.ts'
import type { GetManyMessage, GetMessage } from '../../../src/core/peers/messages.ts'
import { createCacheNode, createWorker } from '../../../src/library.ts'

/** A key says how many bytes its value has: `<number>-…`. */
function load(key: string) {
  const value = new Uint8Array(Number.parseInt(key, 10)).map((_, i) => 97 + (i % 26))
  return { value, contentType: 'text/plain; charset=utf-8' }
}

const groups = {
  /** Answered from the isolate's own copy. */
  hot: { load, ttl: '1h', hotTtl: '1h', maxHotBytes: '16MiB' },
  /** Answered by the key's owner, each time. */
  owner: { load, ttl: '1h', hotTtl: '0s' },
} satisfies GroupDefinitions

let calls = 0

export class CacheNode extends createCacheNode(groups) {
  override get(message: GetMessage) {
    calls++
    return super.get(message)
  }

  override getMany(message: GetManyMessage) {
    calls++
    return super.getMany(message)
  }
}

/** How many calls all nodes have had: here they share an isolate. */
export const nodeCalls = {
  fetch: () => Response.json(calls),
} satisfies ExportedHandler

export default createWorker({ groups })
