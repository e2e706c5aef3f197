/** Owns one keep-alive connection of a load: raw bytes out, as little reading as possible in. */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const HEAD_END = Buffer.from('\r\n\r\n')
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i

export interface Answer {
  readonly status: number
  /** The status line and the header fields. */
  readonly head: string
  readonly bodyBytes: number
  /** The part of the body that came with the head, as text: all of a short one. */
  readonly body: string
}

/** The bytes of a request, to be sent any number of times. */
export function requestBytes(path: string, body?: string): Buffer {
  const start = `${body === undefined ? 'GET' : 'POST'} ${path} HTTP/1.1\r\nHost: localhost\r\n`
  if (body === undefined) return Buffer.from(`${start}\r\n`)
  const head = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`
  return Buffer.from(`${start}${head}\r\n\r\n${body}`)
}

/** What a chunked body of letters ends with (RFC 9112, section 7.1). */
const LAST_CHUNK = '\r\n0\r\n\r\n'

/** One request at a time. Bodies are counted; one of unknown length is kept, to find its end. */
export class Connection {
  private readonly socket: Socket
  private answered: ((answer: Answer) => void) | undefined
  private failed: ((error: Error) => void) | undefined
  /** What has come of a head that is not whole yet. */
  private begun: Buffer | undefined
  private status = 0
  private head = ''
  private body = ''
  private bodyBytes = 0
  private isChunked = false
  /** How much of the body is to come. */
  private leftBytes = 0

  static async open(port: number): Promise<Connection> {
    const socket = connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    await once(socket, 'connect')
    return new Connection(socket)
  }

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => this.read(chunk))
    socket.on('error', (error) => this.failed?.(error))
    socket.on('close', () => this.failed?.(new Error('The server has closed the connection.')))
  }

  /** Sends a request, and resolves when its answer is there. Only one may be under way. */
  send(request: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.answered = resolve
      this.failed = reject
      this.socket.write(request)
    })
  }

  close(): void {
    this.failed = undefined
    this.socket.destroy()
  }

  private read(chunk: Buffer): void {
    if (this.isChunked) this.body += chunk.toString('latin1')
    else if (this.leftBytes > 0) this.leftBytes -= chunk.byteLength
    else if (!this.readHead(chunk)) return
    if (this.isChunked) {
      if (!this.body.endsWith(LAST_CHUNK)) return
      this.isChunked = false
      this.bodyBytes = lengthOfChunks(this.body)
    }
    if (this.leftBytes > 0) return
    const { status, head, body, bodyBytes } = this
    this.answered?.({ status, head, body, bodyBytes })
  }

  /** Returns whether all of the head has come. */
  private readHead(chunk: Buffer): boolean {
    const bytes = this.begun === undefined ? chunk : Buffer.concat([this.begun, chunk])
    const end = bytes.indexOf(HEAD_END)
    this.begun = end === -1 ? bytes : undefined
    if (end === -1) return false
    this.head = bytes.toString('latin1', 0, end)
    this.status = Number(this.head.slice(9, 12))
    const length = CONTENT_LENGTH.exec(this.head)?.[1]
    this.body = bytes.toString('latin1', end + HEAD_END.byteLength)
    this.isChunked = length === undefined
    if (length === undefined) return true
    this.bodyBytes = Number(length)
    this.leftBytes = this.bodyBytes - (bytes.byteLength - end - HEAD_END.byteLength)
    return true
  }
}

function lengthOfChunks(body: string): number {
  let length = 0
  for (let at = 0; at < body.length; ) {
    const bytes = Number.parseInt(body.slice(at), 16)
    length += bytes
    at = body.indexOf('\r\n', at) + bytes + 4
  }
  return length
}
