/** Owns entity tags. */

/**
 * A strong entity tag that depends only on the bytes (RFC 9110, section 8.8.3): half of their SHA-256,
 * in quotes. Not a fast hash: whoever can make two values collide makes one client see the other's.
 */
export async function entityTag(value: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', value), 0, 16)
  return `"${Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')}"`
}
