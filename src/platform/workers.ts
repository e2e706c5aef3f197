/** Owns what the Workers runtime gives to a cache. */

import { tracing, waitUntil } from 'cloudflare:workers'
import { systemClock } from '../core/clock.ts'
import { entityTag } from '../core/entry/entity-tag.ts'
import { isolateMemory } from './isolate-memory.ts'
import { logError } from './log.ts'
import type { Platform } from './platform.ts'

export const workersPlatform: Platform = {
  clock: systemClock,
  random: Math.random,
  uuid: () => crypto.randomUUID(),
  entityTag,
  memory: isolateMemory,
  waitUntil,
  withSpan,
  logError,
}

/** What is not traced pays for one look only: to open a span for nobody costs several times that. */
function withSpan<T>(
  ...[name, attributes, run, outcomeOf]: Parameters<typeof workersPlatform.withSpan<T>>
): Promise<T> {
  if (!tracing.getActiveSpan()?.isTraced) return run()
  return tracing.enterSpan(name, async (span) => {
    span.setAttributes({ ...attributes() })
    try {
      const result = await run()
      span.setAttribute('groupcache.outcome', outcomeOf(result))
      return result
    } catch (error) {
      span.setAttribute('groupcache.outcome', 'error')
      throw error
    }
  })
}
