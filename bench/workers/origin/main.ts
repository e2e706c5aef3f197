/** A slow origin, which counts what it is asked: as a Worker it needs no connection for each request. */

interface Env {
  readonly DELAY_MS: number
  readonly BYTES: number
}

let requests = 0

export default {
  async fetch(request, { DELAY_MS, BYTES }) {
    if (request.method === 'POST') {
      const counted = requests
      requests = 0
      return Response.json(counted)
    }
    requests++
    // What only warms the others up is not worth a wait.
    if (!request.url.endsWith('/warm-up')) await scheduler.wait(DELAY_MS)
    return new Response('a'.repeat(BYTES), { headers: { 'Content-Type': 'text/plain' } })
  },
} satisfies ExportedHandler<Env>
