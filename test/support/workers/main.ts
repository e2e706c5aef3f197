/** The Worker under test: the real parts with groups of its own, and a node class that cannot serve. */

import { DurableObject } from 'cloudflare:workers'
import { createCacheNode, createWorker } from '../../../src/library.ts'
import { groups } from './groups.ts'

export class CacheNode extends createCacheNode(groups) {}

const worker = createWorker({ groups })
export const { Groupcache } = worker
export default worker

/** Breaks whenever it is woken. */
export class BrokenNode extends DurableObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env)
    throw new Error('This node cannot start.')
  }
}
