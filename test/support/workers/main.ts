/** The Worker under test: the real one, and a node class that cannot serve. */

import { DurableObject } from 'cloudflare:workers'

export * from '../../../src/index.ts'
export { default } from '../../../src/index.ts'

/** Breaks whenever it is woken. */
export class BrokenNode extends DurableObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env)
    throw new Error('This node cannot start.')
  }
}
