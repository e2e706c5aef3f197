/** Owns the content types of values: which can be sent, and what holds where none is named. */

export const CONTENT_TYPE_FORM = 'up to 255 printable ASCII characters'

/** Anything else could not be sent as a header, or could end it early. */
export function isContentType(value: unknown): value is string {
  return typeof value === 'string' && /^[\x20-\x7e]{1,255}$/.test(value)
}

/** Of bytes about which nothing is said. */
export const BINARY = 'application/octet-stream'

export function defaultContentType(value: unknown): string {
  return typeof value === 'string' ? 'text/plain; charset=utf-8' : BINARY
}
