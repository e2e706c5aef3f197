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

/** All of a stream, or `undefined` as soon as it is known to be longer than `maxBytes`. */
export async function collect(
  stream: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const collector = new Collector(stream)
  if (!(await collector.readBeyond(maxBytes))) return collector.bytes()
  await collector.cancel()
  return undefined
}

/** Reads a stream as far as is wanted, and keeps what it has read. */
export class Collector {
  private readonly reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  private readonly chunks: Uint8Array[] = []
  private length = 0

  constructor(stream: ReadableStream<Uint8Array> | null) {
    this.reader = stream?.getReader()
  }

  /** Returns true once there are more than `bytes`, false when the stream has ended before. */
  async readBeyond(bytes: number): Promise<boolean> {
    while (this.length <= bytes) {
      const piece = await this.reader?.read()
      if (piece === undefined || piece.done) return false
      this.chunks.push(piece.value)
      this.length += piece.value.byteLength
    }
    return true
  }

  /** All that has been read. */
  bytes(): Uint8Array<ArrayBuffer> {
    return concatenate(this.chunks, this.length)
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
