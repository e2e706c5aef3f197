/** Owns a slow HTTP origin in a process of its own, which counts what it is asked. */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Origin {
  readonly url: string
  /** How many requests have come since the last call. */
  takeCount(): Promise<number>
  close(): void
}

/** Each answer takes `delayMs`, and has `bytes` of body. */
export async function startOrigin(delayMs: number, bytes: number): Promise<Origin> {
  const child = fork(import.meta.filename, [String(delayMs), String(bytes)])
  const [port] = await once(child, 'message')
  return {
    url: `http://127.0.0.1:${port}`,
    async takeCount() {
      child.send('take')
      const [count] = await once(child, 'message')
      return count
    },
    close: () => child.kill(),
  }
}

if (process.send !== undefined && process.argv[1] === import.meta.filename) {
  const [delayMs = 0, bytes = 0] = process.argv.slice(2).map(Number)
  const body = Buffer.alloc(bytes, 'a')
  let requests = 0
  const server = createServer((_, response) => {
    requests++
    setTimeout(() => {
      response.setHeader('Content-Type', 'text/plain')
      response.setHeader('Content-Length', bytes)
      response.end(body)
    }, delayMs)
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 10_000 }, () => {
    process.send?.((server.address() as AddressInfo).port)
  })
  process.on('message', () => {
    process.send?.(requests)
    requests = 0
  })
}
