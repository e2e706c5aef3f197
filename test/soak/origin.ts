/** Owns the origin of a soak: what it answers, how late, and that nobody asks it twice at once for a key. */

import { startHttpOrigin } from '../support/http-origin.ts'
import { type Faults, sleep } from './faults.ts'
import { tagOf } from './groups.ts'
import type { InFlight } from './in-flight.ts'
import type { Truth } from './truth.ts'

/** The longest that it usually takes: long enough for others to ask meanwhile. */
const USUAL_MS = 30
/** The part of its answers that takes so long that a purge can overtake them. */
const SLOW_PART = 0.1
const SLOW_MS = 100

interface Parts {
  readonly truth: Truth
  readonly faults: Faults
  readonly inFlight: InFlight
  readonly random: () => number
  readonly violated: (request: string, what: string) => void
}

export async function startSoakOrigin({ truth, faults, inFlight, random, violated }: Parts) {
  const server = await startHttpOrigin()
  const origin = { url: server.url, requests: 0, close: () => server.close() }
  server.answer = async (request, response) => {
    origin.requests++
    ;(server.requests as unknown[]).length = 0
    const [, group = '', key = ''] = (request.url as string).split('/')
    const fault = faults.origin()
    const startedAtMs = Date.now()
    const { count, most } = inFlight.began(group, key, startedAtMs)
    if (count > most && !faults.excuse(startedAtMs)) {
      violated(`origin ${group}/${key}`, `${count} requests under way at once, allowed ${most}`)
    }
    let isOver = false
    const end = () => {
      if (!isOver) inFlight.ended(group, key, startedAtMs)
      isOver = true
    }
    response.once('close', end)
    const body = truth.body(group, key)
    if (fault === 'hang') return
    const tookMs = random() < SLOW_PART ? SLOW_MS : random() * USUAL_MS
    await sleep(fault === 'be slow' ? 500 : tookMs)
    // Before the answer is sent: whoever gets it may ask again at once.
    end()
    if (fault === 'fail') {
      response.writeHead(500).end()
      return
    }
    response.setHeader('Content-Type', 'text/plain')
    response.setHeader('Cache-Tag', tagOf(key))
    response.end(body)
  }
  return origin
}
