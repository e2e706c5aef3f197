/** Owns sending large bodies piece by piece. */

/** Larger bodies are streamed: the runtime then holds one piece at a time beside the value itself. */
const LARGEST_WHOLE_BYTES = 1024 * 1024

const PIECE_BYTES = 64 * 1024

/** The bytes as a body; a large one as a stream whose length is known beforehand. */
export function bodyOf(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | ReadableStream {
  if (bytes.byteLength <= LARGEST_WHOLE_BYTES) return bytes
  const { readable, writable } = new FixedLengthStream(bytes.byteLength)
  // Rejects when the client goes away: nobody is left to be told.
  writeAll(writable, bytes).catch(() => {})
  return readable
}

async function writeAll(writable: WritableStream<Uint8Array>, bytes: Uint8Array): Promise<void> {
  const writer = writable.getWriter()
  for (let offset = 0; offset < bytes.byteLength; offset += PIECE_BYTES) {
    await writer.write(bytes.subarray(offset, offset + PIECE_BYTES))
  }
  await writer.close()
}
