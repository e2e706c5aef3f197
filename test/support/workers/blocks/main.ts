/** A Worker whose values are large, so that its nodes soon hold all that they may. */

import type { GroupDefinitions } from '../../../../src/config/config.ts'
import { createCacheNode, createWorker } from '../../../../src/library.ts'

const groups = {
  /** Every key has a value of so many KiB as it says: "bytes/1024/7", or "stream/1024/7" to be read first. */
  blocks: {
    timeout: '60s',
    hotTtl: '60s',
    load: (key) => {
      const [form, kibibytes] = key.split('/')
      if (form === 'stream') return new Response(streamOf(Number(kibibytes)))
      return new Uint8Array(Number(kibibytes) * 1024)
    },
  },
} satisfies GroupDefinitions

function streamOf(kibibytes: number): ReadableStream<Uint8Array> {
  let left = kibibytes
  return new ReadableStream({
    pull(controller) {
      const piece = Math.min(left, 64)
      left -= piece
      if (piece === 0) controller.close()
      else controller.enqueue(new Uint8Array(piece * 1024))
    },
  })
}

export class CacheNode extends createCacheNode(groups) {}

const worker = createWorker({ groups })

export default {
  /** "/collect" frees what is not held any more, so that the heap can be measured. Needs V8's --expose-gc. */
  fetch: (request) => {
    if (new URL(request.url).pathname !== '/collect') return worker.fetch(request)
    const { gc } = globalThis as { gc?: () => void }
    gc?.()
    return new Response(null, { status: gc === undefined ? 501 : 204 })
  },
} satisfies ExportedHandler
