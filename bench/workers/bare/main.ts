/** The least that a Worker can do: one answer, always the same. */

import { env } from 'cloudflare:workers'

/** The headers and the length of the answer are those of the hit that this one is compared with. */
const { HEADERS, BYTES } = env as unknown as {
  readonly HEADERS: Readonly<Record<string, string>>
  readonly BYTES: number
}
const body = new Uint8Array(BYTES).fill(97)

export default {
  fetch: () => new Response(body, { headers: HEADERS }),
} satisfies ExportedHandler
