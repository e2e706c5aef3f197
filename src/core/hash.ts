/** Owns the hash function of the ring and of checksums. Hashing for security is left to the platform. */

const encoder = new TextEncoder()

/**
 * MurmurHash3, x86 32-bit variant, of the UTF-8 bytes of `text`.
 *
 * Returns an unsigned 32-bit integer. Source: Austin Appleby's SMHasher (public domain);
 * the published vectors are in the tests.
 */
export function murmur3(text: string, seed = 0): number {
  return isAscii(text) ? hashAscii(text, seed) : murmur3Bytes(encoder.encode(text), seed)
}

/** `murmur3Bytes` of the character codes, which for ASCII are the bytes; saves encoding the text. */
function hashAscii(text: string, seed: number): number {
  const blockEnd = text.length & ~3
  let hash = seed
  for (let i = 0; i < blockEnd; i += 4) {
    const low = text.charCodeAt(i) | (text.charCodeAt(i + 1) << 8)
    const high = text.charCodeAt(i + 2) | (text.charCodeAt(i + 3) << 8)
    hash = mixBlock(hash, low | (high << 16))
  }
  let tail = 0
  for (let i = text.length - 1; i >= blockEnd; i--) tail = (tail << 8) | text.charCodeAt(i)
  return finalise(hash ^ scramble(tail) ^ text.length)
}

/** As `murmur3`, of bytes. */
export function murmur3Bytes(bytes: Uint8Array, seed: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const blockEnd = bytes.length & ~3
  let hash = seed
  for (let i = 0; i < blockEnd; i += 4) hash = mixBlock(hash, view.getUint32(i, true))
  let tail = 0
  for (let i = bytes.length - 1; i >= blockEnd; i--) tail = (tail << 8) | view.getUint8(i)
  return finalise(hash ^ scramble(tail) ^ bytes.length)
}

function mixBlock(hash: number, block: number): number {
  const mixed = hash ^ scramble(block)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51)
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593)
}

/** Without this step, names that differ in their last character only would lie next to each other. */
function finalise(hash: number): number {
  let mixed = hash
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}
