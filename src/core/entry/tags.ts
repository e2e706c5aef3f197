/** Owns what a tag may be: a name under which entries can be purged together. */

import { murmur3 } from '../hash.ts'

/** The most tags of one entry. */
const MOST_TAGS = 1_000
/** In bytes. */
const LONGEST_TAG = 1_024
/** Of one entry's tags together, in bytes: what a `Cache-Tag` header may have, and a call can carry. */
const MOST_TAG_BYTES = 16 * 1024

/** Printable ASCII without space and comma: what survives in a `Cache-Tag` header. */
const TAG = /^[\x21-\x2b\x2d-\x7e]+$/

export const TAG_FORM = `1 to ${LONGEST_TAG} printable ASCII characters without space and comma`
export const TAGS_FORM = `up to ${MOST_TAGS} tags of ${TAG_FORM}, ${MOST_TAG_BYTES} together`

/** The distinct tags, or `undefined` where `value` is no list of tags. */
export function parseTags(value: unknown): string[] | undefined {
  if (!Array.isArray(value) || value.length > MOST_TAGS) return undefined
  if (!value.every(isTag)) return undefined
  const bytes = value.reduce((sum, tag) => sum + tag.length, 0)
  return bytes <= MOST_TAG_BYTES ? [...new Set(value)] : undefined
}

/** The tags of a `Cache-Tag` header, a list separated by commas. */
export function parseTagHeader(header: string): string[] | undefined {
  const tags = header.split(',').map((tag) => tag.trim())
  return parseTags(tags.filter((tag) => tag !== ''))
}

/**
 * What purges remember of a tag, so that long tags take no more memory than short ones. Two tags of one
 * hash share their purges, which costs a load. Signed and of 31 bits: the engine keeps it without an object.
 */
export function hashOfTag(tag: string): number {
  return murmur3(tag) >> 1
}

export function isTag(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_TAG && TAG.test(value)
}
