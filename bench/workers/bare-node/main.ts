/** The least that a Worker with a Durable Object behind it can do: one call, answered always the same. */

import { DurableObject, env as workerEnv } from 'cloudflare:workers'

interface Env {
  /** The headers and the length of the answer are those of the hit that this one is compared with. */
  readonly HEADERS: Readonly<Record<string, string>>
  readonly BYTES: number
  /** `bytes`: the call is nothing but the value. `entry`: it names a key, and gets what a cache has to know. */
  readonly CARRIES: 'bytes' | 'entry'
  /** Whether a timer bounds how long the object is waited for. */
  readonly IS_TIMED: boolean
  readonly NODE: DurableObjectNamespace<BareNode>
}

const { HEADERS, BYTES, CARRIES, IS_TIMED, NODE } = workerEnv as unknown as Env
const bytes = new Uint8Array(BYTES).fill(97)
const request = { version: 1, group: 'owner', key: `${BYTES}-users/42/profile` }

export class BareNode extends DurableObject {
  getBytes(): Uint8Array<ArrayBuffer> {
    return bytes
  }

  getEntry({ key }: typeof request) {
    const nowMs = Date.now()
    const entry = {
      kind: 'value',
      value: bytes,
      contentType: 'text/plain; charset=utf-8',
      etag: '"2jmj7l5rSw0yVb_vlWAYkK_YBwk"',
      loadedAtMs: nowMs - 1_000,
      expiresAtMs: nowMs + 60_000,
      staleWhileRevalidateMs: 0,
      staleIfErrorMs: 0,
      tags: [],
    }
    return { kind: 'value', entry, path: [{ cache: key, hit: true, ttlMs: 60_000 }] }
  }
}

async function call(): Promise<Uint8Array<ArrayBuffer>> {
  const node = NODE.getByName('node-0')
  if (CARRIES === 'bytes') return node.getBytes()
  const { entry } = await node.getEntry(request)
  return entry.value
}

/** As the cache does it, see `within`. */
function callInTime(): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('No answer in time.')), 1_000)
    call().then((value) => {
      clearTimeout(timer)
      resolve(value)
    }, reject)
  })
}

export default {
  fetch: async () => new Response(await (IS_TIMED ? callInTime() : call()), { headers: HEADERS }),
} satisfies ExportedHandler
