/** The ordinary cache with the Cache API: what is not there is fetched from the origin, and put. */

interface Env {
  readonly ORIGIN: string
}

export default {
  async fetch(request, { ORIGIN }, context) {
    const held = await caches.default.match(request)
    if (held !== undefined) return held
    const answer = await fetch(ORIGIN + new URL(request.url).pathname)
    const response = new Response(answer.body, answer)
    response.headers.set('Cache-Control', 'public, max-age=60')
    context.waitUntil(caches.default.put(request, response.clone()))
    return response
  },
} satisfies ExportedHandler<Env>
