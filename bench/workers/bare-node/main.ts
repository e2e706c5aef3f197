/** The least that a Worker with a Durable Object behind it can do: one call for bytes, always the same. */

import { DurableObject, env as workerEnv } from 'cloudflare:workers'

interface Env {
  /** The headers and the length of the answer are those of the hit that this one is compared with. */
  readonly HEADERS: Readonly<Record<string, string>>
  readonly BYTES: number
  readonly NODE: DurableObjectNamespace<BareNode>
}

const { HEADERS, BYTES, NODE } = workerEnv as unknown as Env
const bytes = new Uint8Array(BYTES).fill(97)

export class BareNode extends DurableObject {
  get(): Uint8Array<ArrayBuffer> {
    return bytes
  }
}

export default {
  fetch: async () => new Response(await NODE.getByName('node-0').get(), { headers: HEADERS }),
} satisfies ExportedHandler
