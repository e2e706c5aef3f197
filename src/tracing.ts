/** Owns spans in the runtime's own traces, and which of a get they tell. */

import { tracing } from 'cloudflare:workers'
import type { Reply } from './core/peers.ts'

/** Names follow OpenTelemetry's habit: a namespace, then the attribute. */
export type Attributes = Readonly<Record<`groupcache.${string}`, string>>

/** The span of one get. The key's text is a part of it only where its group allows that. */
export function getAttributes(
  node: string,
  group: { readonly name: string; readonly traceKeys: boolean },
  key: string,
): Attributes {
  const attributes = { 'groupcache.group': group.name, 'groupcache.node': node }
  return group.traceKeys ? { ...attributes, 'groupcache.key': key } : attributes
}

/**
 * Runs `run` inside a span of that name, where the request is traced; `outcomeOf` says in a word what came
 * of it. What is not traced pays for one look only: to open a span for nobody costs several times that.
 */
export function withSpan<T>(
  name: string,
  attributes: () => Attributes,
  run: () => T | Promise<T>,
  outcomeOf: (result: T) => string,
): T | Promise<T> {
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

/** What a get came to: how this place handled it, or else what the loader said. */
export function outcomeOfReply(reply: Reply): string {
  if (reply.kind === 'failed') return reply.code
  if (reply.kind !== 'value') return reply.kind
  const { hit, fwd, ttlMs = 0 } = reply.path.at(-1) ?? {}
  if (hit) return ttlMs < 0 ? 'stale' : 'hit'
  return fwd ?? 'hit'
}
