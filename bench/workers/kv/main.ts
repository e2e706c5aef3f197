/** The ordinary cache in KV: what is not there is fetched from the origin, and put. */

interface Env {
  readonly ORIGIN: string
  readonly VALUES: KVNamespace
}

export default {
  async fetch(request, { ORIGIN, VALUES }, context) {
    const { pathname } = new URL(request.url)
    const held = await VALUES.get(pathname)
    if (held !== null) return new Response(held)
    const value = await (await fetch(ORIGIN + pathname)).text()
    context.waitUntil(VALUES.put(pathname, value, { expirationTtl: 60 }))
    return new Response(value)
  },
} satisfies ExportedHandler<Env>
