/** A Worker that makes the calls that it is sent as JSON, also such as types would not allow. */

interface Call {
  readonly method: string
  readonly args: readonly unknown[]
}

type Methods = Readonly<Record<string, (...args: unknown[]) => Promise<unknown>>>

/** What JSON cannot say, as strings that can. */
const SPECIAL: ReadonlyMap<unknown, () => unknown> = new Map<unknown, () => unknown>([
  ['<undefined>', () => undefined],
  ['<function>', () => () => 'Tom'],
  ['<promise>', () => Promise.resolve('Tom')],
  ['<bytes>', () => new TextEncoder().encode('some bytes')],
  ['<date>', () => new Date(0)],
  ['<huge>', () => 'x'.repeat(20_000_000)],
])

function revive(value: unknown): unknown {
  const special = SPECIAL.get(value)
  if (special !== undefined) return special()
  if (Array.isArray(value)) return value.map(revive)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([field, part]) => [field, revive(part)]))
}

export default {
  async fetch(request, { CACHE }) {
    const { method, args } = await request.json<Call>()
    try {
      const result = await (CACHE[method] as Methods[string])(...args.map(revive))
      const body = JSON.stringify({ result }, (_, value) =>
        value instanceof Uint8Array ? new TextDecoder().decode(value) : value,
      )
      return new Response(body)
    } catch (error) {
      const { name, message, code } = error as Error & { code?: string }
      return Response.json({ error: { name, message, code } })
    }
  },
} satisfies ExportedHandler<{ readonly CACHE: Methods }>
