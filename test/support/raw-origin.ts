/** A server on loopback that stands for a user's origin, and sends headers as no HTTP library would. */

import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'

export interface RawAnswer {
  /** Default: `200 OK`. */
  readonly status?: string
  /** Lines, as they are sent: Latin-1. */
  readonly headers?: readonly string[]
  readonly body?: string | Uint8Array
  /** Default: the body's. */
  readonly announcedLength?: number
}

export interface RawOrigin {
  readonly url: string
  /** The heads of all requests, in order. */
  readonly requests: readonly string[]
  requestsOf(path: string): string[]
  close(): Promise<void>
}

/**
 * Answers what `answer` says, which is told how often the path was asked before. `undefined`: the connection
 * is reset.
 */
export async function startRawOrigin(
  answer: (path: string, head: string, before: number) => RawAnswer | undefined,
): Promise<RawOrigin> {
  const requests: string[] = []
  const requestsOf = (path: string) =>
    requests.filter((head) => head.startsWith(`GET ${path} HTTP/1.1\r\n`))
  const server = createServer((socket) => {
    let head = ''
    socket.on('error', () => {})
    socket.on('data', (data) => {
      head += data.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      const path = head.split(' ')[1] ?? ''
      const answered = answer(path, head, requestsOf(path).length)
      requests.push(head)
      if (answered === undefined) {
        socket.resetAndDestroy()
        return
      }
      const { status = '200 OK', headers = [], body = '', announcedLength } = answered
      const bytes = Buffer.from(body as string)
      const length = `Content-Length: ${announcedLength ?? bytes.byteLength}`
      const lines = [`HTTP/1.1 ${status}`, ...headers, length, 'Connection: close', '', '']
      socket.write(Buffer.from(lines.join('\r\n'), 'latin1'))
      socket.end(bytes)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    requestsOf,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
