/** Owns the `Server-Timing` header (W3C Server Timing). */

import type { Reply, StreamedReply } from '../../core/peers/peers.ts'

/**
 * Where a get spent its time: `hot`, from the isolate's own copy; `peer`, the call to a node, waiting
 * included; `load`, the run of the loader, from its call to its answer, be it that this get joined it late.
 *
 * @param tookMs How long the edge waited for the reply.
 */
export function serverTiming(
  { path, loadMs }: Pick<Reply | StreamedReply, 'path' | 'loadMs'>,
  tookMs: number,
): string {
  if (path.at(-1)?.hit) return 'hot'
  // With no node on the path, the edge has loaded for itself.
  if (path.length === 1) return metric('load', loadMs ?? tookMs)
  const peer = metric('peer', tookMs)
  return loadMs === undefined ? peer : `${peer}, ${metric('load', loadMs)}`
}

function metric(name: string, durationMs: number): string {
  return `${name};dur=${Math.max(0, durationMs)}`
}
