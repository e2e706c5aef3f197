/**
 * Values that are too large to come through a node. Each caller has a load of its own, straight from the
 * source; nothing is kept, and no more than a piece of it is in memory at a time. `maxLoads` bounds these
 * loads in each edge isolate, as it bounds those of a node.
 */

import { type Clock, withTimeout } from '../core/clock.ts'
import { LoadTimeoutError, NotFoundError, OverloadedError } from '../core/errors.ts'
import type { Lease } from '../core/load/edge-load-limit.ts'
import type { CacheStatusMember } from '../core/peers/peers.ts'
import { contentTypeOf, discard, requireDecoded, statusError } from '../loaders/from-response.ts'
import type { Edge, EdgeGroup } from './edge.ts'
import { clientCacheControl } from './http/cache-control.ts'
import { cacheStatus } from './http/cache-status.ts'
import { corsFor } from './http/cors.ts'
import { problem } from './http/problem.ts'
import { sandboxFor } from './http/sandbox.ts'
import { relay } from './relay.ts'

/** Whatever caches know of it, each answer comes from the source. */
const BYPASSED: readonly CacheStatusMember[] = [{ cache: 'edge', fwd: 'miss', detail: 'too-large' }]

/** A plain 200: what has not been seen as a whole has no entity tag, and no ranges. */
export async function streamValue(
  request: Request,
  edgeGroup: EdgeGroup,
  key: string,
  timing: string,
  { clock, logError }: Edge,
): Promise<Response> {
  const { config } = edgeGroup
  const where = { group: config.name, node: 'edge' }
  const status = {
    path: BYPASSED,
    headers: { ...corsFor(config.access), 'Server-Timing': timing },
  }
  const { headers: conditions } = request
  // Of an entity tag that is not known only `*` can be true (RFC 9110, section 13.1).
  if ((conditions.get('if-match') ?? '*').trim() !== '*') {
    return problem('precondition-failed', 'The value is too large to have an entity tag.', status)
  }
  const { stats } = edgeGroup.group
  const abort = new AbortController()
  let lease: Lease | undefined
  let response: Response
  try {
    lease = edgeGroup.streams.take()
    response = await countedOpen(edgeGroup, key, abort, clock)
    // The headers may have taken all of the lease's time, and the first piece may take as long again.
    lease.renew()
  } catch (error) {
    lease?.release()
    if (error instanceof NotFoundError) return problem('not-found', error.message, status)
    if (error instanceof OverloadedError) {
      stats.loadsRefused++
      const detail = `Group ${config.name}: too many large values are on their way.`
      return problem('overloaded', detail, {
        ...status,
        headers: { ...status.headers, 'Retry-After': '1' },
      })
    }
    logError('value not streamed', where, error)
    const code = error instanceof LoadTimeoutError ? 'load-timeout' : 'load-failed'
    return problem(code, `Group ${config.name}: the value could not be streamed.`, status)
  }

  const contentType = contentTypeOf(response.headers)
  const headers = new Headers({
    'Content-Type': contentType,
    ...sandboxFor(contentType),
    'Content-Encoding': 'identity',
    'Cache-Control': clientCacheControl(config.access, 0, 0),
    'X-Content-Type-Options': 'nosniff',
    'Cache-Status': cacheStatus(status.path),
    ...status.headers,
  })
  if (conditions.get('if-none-match')?.trim() === '*') {
    lease.release()
    discard(response)
    return new Response(null, { status: 304, headers })
  }
  const length = lengthOf(response)
  if (length !== undefined) headers.set('Content-Length', String(length))
  if (request.method === 'HEAD' || response.body === null) {
    lease.release()
    discard(response)
    return new Response(null, { headers })
  }
  const { readable, writable } =
    length === undefined ? new TransformStream() : new FixedLengthStream(length)
  // Rejects when either side breaks off: the other has been told by then, and nobody else waits.
  relay(response.body, writable, { timeoutMs: config.options.timeoutMs, clock, lease })
    .catch((error: unknown) => {
      abort.abort()
      if (error instanceof LoadTimeoutError) logError('stream cut off', where, error)
    })
    .finally(lease.release)
  return new Response(readable, { headers })
}

/** Counts the load as a node would: its time is that until the headers are there. */
async function countedOpen(
  edgeGroup: EdgeGroup,
  key: string,
  abort: AbortController,
  clock: Clock,
): Promise<Response> {
  const { stats } = edgeGroup.group
  const startedAtMs = clock.now()
  stats.loads++
  try {
    return await open(edgeGroup, key, abort, clock)
  } catch (error) {
    if (error instanceof NotFoundError) stats.notFound++
    else if (error instanceof LoadTimeoutError) stats.loadTimeouts++
    else stats.loadErrors++
    throw error
  } finally {
    stats.observeLoad(Math.max(0, clock.now() - startedAtMs))
  }
}

/** Within the group's `timeout`: that covers the time until the headers are there. */
async function open(
  { config, open }: EdgeGroup,
  key: string,
  abort: AbortController,
  clock: Clock,
): Promise<Response> {
  const { timeoutMs } = config.options
  const opening = open(key, { group: config.name, signal: abort.signal })
  const response = await withTimeout(clock, timeoutMs, opening)
  if (response === undefined) {
    const error = new LoadTimeoutError(`Group ${config.name}: no answer within ${timeoutMs} ms.`)
    abort.abort(error)
    opening.then((late) => late && discard(late)).catch(() => {})
    throw error
  }
  if (response === null || response.status === 404 || response.status === 410) {
    if (response !== null) discard(response)
    throw new NotFoundError('The loader says that this key does not exist.')
  }
  if (response.status !== 200) {
    discard(response)
    throw statusError(response.status)
  }
  requireDecoded(response)
  return response
}

/** `undefined` where the body was coded on its way: then its length is not what was announced. */
function lengthOf({ headers }: Response): number | undefined {
  const length = headers.get('content-length')
  const isCoded = headers.get('content-encoding') !== null
  return isCoded || length === null || !/^\d+$/.test(length) ? undefined : Number(length)
}
