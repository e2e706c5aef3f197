/** A crowd: for one request, very many to one of the contenders, at the same moment or so many in a second. */

interface Env {
  readonly GROUPCACHE: Fetcher
  readonly KV: Fetcher
  readonly CACHE_API: Fetcher
}

export default {
  async fetch(request, env) {
    const { searchParams } = new URL(request.url)
    const target = env[searchParams.get('target') as keyof Env]
    const url = new URL(searchParams.get('path') as string, request.url)
    const bytes = Number(searchParams.get('bytes'))
    const everyMs = Number(searchParams.get('every-ms'))
    const ask = async (nth: number) => {
      if (everyMs > 0) await scheduler.wait(nth * everyMs)
      const response = await target.fetch(url)
      return (await response.arrayBuffer()).byteLength === bytes && response.ok
    }
    const asking = Array.from({ length: Number(searchParams.get('requests')) }, (_, nth) =>
      ask(nth).catch(() => false),
    )
    const outcomes = await Promise.all(asking)
    return Response.json({ failed: outcomes.filter((isAnswered) => !isAnswered).length })
  },
} satisfies ExportedHandler<Env>
