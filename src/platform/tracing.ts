/** Owns what spans in the runtime's own traces tell of a get. */

import type { Reply, StreamedReply } from '../core/peers/peers.ts'
import type { Attributes } from './platform.ts'

/** The span of one get. The key's text is a part of it only where its group allows that. */
export function getAttributes(
  node: string,
  group: { readonly name: string; readonly traceKeys: boolean },
  key: string,
): Attributes {
  const attributes = { 'groupcache.group': group.name, 'groupcache.node': node }
  return group.traceKeys ? { ...attributes, 'groupcache.key': key } : attributes
}

/** What a get came to: how this place handled it, or else what the loader said. */
export function outcomeOfReply(reply: Reply | StreamedReply): string {
  if (reply.kind === 'failed') return reply.code
  if (reply.kind !== 'value' && reply.kind !== 'stream') return reply.kind
  const { hit, fwd, ttlMs = 0 } = reply.path.at(-1) ?? {}
  if (hit) return ttlMs < 0 ? 'stale' : 'hit'
  return fwd ?? 'hit'
}
