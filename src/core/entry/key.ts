/**
 * Owns what a key may be. Groups in code take any text; groups with an HTTP origin take a path with
 * its query, in the one spelling that reaches the origin.
 */

import { utf8Length } from '../bytes.ts'
import { BadKeyError } from '../errors.ts'

/** The longest key, in bytes of UTF-8. */
export const MAX_KEY_BYTES = 1024

/** `text`: any text, percent-decoded once from a URL. `path`: a URL's path and query, still encoded. */
export type KeyForm = 'text' | 'path'

const CONTROL_CHARACTER = /\p{Cc}/u
const ESCAPE = /%[0-9A-Fa-f]{2}/g
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/
const UNRESERVED = /[A-Za-z0-9\-._~]/

/** The key that a URL's path and query name. Throws `BadKeyError`. */
export function keyFromUrl(form: KeyForm, path: string, query: string): string {
  return form === 'text' ? textKey(decodeOnce(path)) : pathKey(`${path}?${query}`)
}

/** The key that a program names, in its canonical spelling. Throws `BadKeyError`. */
export function canonicalKey(form: KeyForm, key: string): string {
  return form === 'text' ? textKey(key) : pathKey(key)
}

function textKey(key: string): string {
  if (key === '') throw new BadKeyError('The key is empty.')
  if (!key.isWellFormed()) throw new BadKeyError('The key is not valid Unicode.')
  // A code unit is at least one byte, so the count is only needed for keys that may be short enough.
  if (key.length > MAX_KEY_BYTES || utf8Length(key) > MAX_KEY_BYTES) {
    throw new BadKeyError(`The key is longer than ${MAX_KEY_BYTES} bytes.`)
  }
  if (CONTROL_CHARACTER.test(key)) throw new BadKeyError('The key has a control character.')
  return key
}

/** A lone "?" at the end is dropped, and escapes are normalised as RFC 3986, section 6.2.2 allows. */
function pathKey(key: string): string {
  if (BAD_ESCAPE.test(key)) throw new BadKeyError('The key has a "%" that is no escape.')
  if (!isUrlSpelling(key)) {
    throw new BadKeyError('The key is not spelt as in a URL: percent-encode it.')
  }
  const canonical = key.replace(/^([^?]*)\?$/, '$1').replace(ESCAPE, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16))
    return UNRESERVED.test(character) ? character : encoded.toUpperCase()
  })
  textKey(canonical)
  textKey(decodeOnce(canonical))
  const [path, ...query] = canonical.split('?') as [string, ...string[]]
  if (path === '') throw new BadKeyError('The key is empty.')
  refuseDotSegments(path)
  refuseControlCharacters(peel(query.join('?')))
  return canonical
}

/** Whether a URL parser leaves `key` as it is. It would encode, resolve or drop what is not a path's. */
function isUrlSpelling(key: string): boolean {
  const url = `http://host/${key}`
  return !key.includes('#') && URL.parse(url)?.href === url
}

function decodeOnce(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new BadKeyError('The key has a bad escape, or escapes that are not UTF-8.')
  }
}

/** More layers of escapes than anyone needs, and few enough to be peeled off at no cost. */
const MOST_LAYERS = 8
/**
 * An escape of ASCII, and in front of it all escapes of its percent sign: "%2e", "%252e", "%25252e". Some
 * servers also decode "%u002e", and "%uff0e" as the nearest ASCII character.
 */
const LAYERED_ESCAPE = /%(?:25)*(?:u([0-9A-Fa-f]{4})|([0-7][0-9A-Fa-f]))/g
/** Escapes of bytes above ASCII, side by side. */
const HIGH_ESCAPES = /(?:%[89A-Fa-f][0-9A-Fa-f])+/g

/**
 * Throws `BadKeyError` for a path with a "." or ".." segment, or a control character, in any layer of its
 * escapes.
 *
 * An origin may decode a path more than once. It may drop invalid characters, white space at the ends of
 * a segment, or invisible characters. It may take a backslash or a fullwidth dot for the plain one, or
 * cut a segment at ";", "?" or "#", before it resolves dot segments. None of this may produce one. It is
 * enough to look at the innermost layer: decoding takes away neither dot segments nor control characters.
 *
 * @param decode Decodes escapes of bytes above ASCII. Default: refuses what is not UTF-8.
 */
export function refuseDotSegments(path: string, decode = decodeOnce): void {
  const text = peel(path).replace(HIGH_ESCAPES, (escapes) => decode(escapes))
  refuseControlCharacters(text)
  const seen = text.normalize('NFKC').replace(INVISIBLE, '')
  for (const segment of seen.split(/[/\\]/)) {
    const name = segment.split(/[;?#]/, 1)[0]?.trim()
    if (name === '.' || name === '..') {
      throw new BadKeyError('The key has a "." or ".." segment, plain or encoded.')
    }
  }
}

const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu

/** An escaped C1 control too: in a query, an inner layer may be in another charset than UTF-8. */
function refuseControlCharacters(innermost: string): void {
  if (CONTROL_CHARACTER.test(innermost) || /%C2%[89]/i.test(innermost)) {
    throw new BadKeyError('The key has a control character in a layer of its escapes.')
  }
}

/** The innermost layer, but for its escapes of bytes above ASCII. */
function peel(text: string): string {
  let layer = text
  for (let layers = 0; layers < MOST_LAYERS; layers++) {
    const decoded = layer.replace(LAYERED_ESCAPE, (_, wide?: string, narrow?: string) =>
      String.fromCharCode(Number.parseInt((wide ?? narrow) as string, 16)),
    )
    if (decoded === layer) return layer
    layer = decoded
  }
  throw new BadKeyError('The key is escaped too many times over.')
}
