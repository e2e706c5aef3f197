/** Owns what is known about bytes: how many a text takes, and who holds their buffer. */

const encoder = new TextEncoder()

/** The length of `text` in UTF-8. A lone surrogate counts as the replacement character, 3 bytes. */
export function utf8Length(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    if (unit < 0x800) bytes += 1
    else if (isPair(unit, text.charCodeAt(i + 1))) {
      // Two code units become four bytes.
      bytes += 2
      i++
    } else bytes += 2
  }
  return bytes
}

function isPair(unit: number, next: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff && next >= 0xdc00 && next <= 0xdfff
}

export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return ownBytes(encoder.encode(text))
}

/** Reads a stream as far as is wanted, and keeps what it has read. */
export class Collector {
  private readonly reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  /** Takes what comes first, so that it need not be put together. */
  private readonly whole: Uint8Array<ArrayBuffer>
  /** What `whole` has no room for. */
  private readonly chunks: Uint8Array[] = []
  private readBytes = 0

  /** @param expectedBytes What is likely to come; so much memory is taken at once. */
  constructor(stream: ReadableStream<Uint8Array> | null, expectedBytes = 0) {
    this.reader = stream?.getReader()
    this.whole = new Uint8Array(expectedBytes)
  }

  /** How many bytes have been read. */
  get length(): number {
    return this.readBytes
  }

  /** What putting all of it together takes on top, in bytes. */
  get bytesToJoin(): number {
    return this.readBytes === this.whole.byteLength ? 0 : this.readBytes
  }

  /** Reads one piece; returns false when the stream has ended. */
  async read(): Promise<boolean> {
    const piece = await this.reader?.read()
    if (piece === undefined || piece.done) return false
    const { value } = piece
    if (this.readBytes + value.byteLength <= this.whole.byteLength) {
      this.whole.set(value, this.readBytes)
    } else {
      if (this.chunks.length === 0) this.chunks.push(this.whole.subarray(0, this.readBytes))
      this.chunks.push(value)
    }
    this.readBytes += value.byteLength
    return true
  }

  /** All that has been read. */
  bytes(): Uint8Array<ArrayBuffer> {
    if (this.readBytes === this.whole.byteLength) return this.whole
    if (this.chunks.length === 0) return this.whole.slice(0, this.readBytes)
    return concatenate(this.chunks, this.readBytes)
  }

  /** Nothing more is wanted. */
  async cancel(): Promise<void> {
    await this.reader?.cancel()
  }
}

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.byteLength
  }
  return bytes
}

/**
 * Bytes in a buffer of just their length. A small view of a large buffer would keep all of it in
 * memory, and take all of it along over RPC; such a view is copied, any other returned as it is.
 */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const owns = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength
  return owns ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes)
}
