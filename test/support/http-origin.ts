/** Owns a real HTTP server on loopback that stands for a user's origin, and counts what it is asked. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface HttpOriginServer {
  readonly url: string
  /** Every request, in order: its method, URL and headers. */
  readonly requests: readonly IncomingMessage[]
  countOf(path: string): number
  /** Answers from now on; by default 200 with the URL as text. */
  answer: (request: IncomingMessage, response: ServerResponse) => void
  close(): Promise<void>
}

export async function startHttpOrigin(): Promise<HttpOriginServer> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    origin.answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const origin: HttpOriginServer = {
    url: `http://127.0.0.1:${port}`,
    requests,
    countOf: (path) => requests.filter((request) => request.url === path).length,
    answer: (request, response) => {
      response.setHeader('Content-Type', 'text/plain')
      response.end(`origin says ${request.url}`)
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return origin
}
