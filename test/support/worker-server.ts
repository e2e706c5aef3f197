/** Owns the Worker as users run it: built by wrangler from wrangler.toml, behind a real socket. */

import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { createTestHarness, type TestHarness } from 'wrangler'

export interface WorkerServer {
  readonly url: URL
  readonly harness: TestHarness
  get(path: string, init?: RequestInit): Promise<Response>
  /** Sends a request line as it is written here, which no client library would. */
  raw(path: string, method?: string): Promise<RawResponse>
  close(): Promise<void>
}

export interface RawResponse {
  readonly status: number
  readonly head: string
  readonly body: string
}

export async function startWorker(vars: Record<string, unknown> = {}): Promise<WorkerServer> {
  const harness = createTestHarness({
    workers: [{ configPath: './wrangler.toml', vars: vars as never }],
  })
  const { url } = await harness.listen()
  return {
    url,
    harness,
    get: (path, init) => fetch(new URL(path, url), init),
    raw: (path, method = 'GET') => rawRequest(url, method, path),
    close: () => harness.close(),
  }
}

async function rawRequest(url: URL, method: string, path: string): Promise<RawResponse> {
  const socket = connect(Number(url.port), url.hostname)
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\n\r\n`)
  const [head, ...body] = (await text(socket)).split('\r\n\r\n')
  return { status: Number(head?.split(' ')[1]), head: head ?? '', body: body.join('\r\n\r\n') }
}
