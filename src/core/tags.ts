/** Owns what a tag may be: a name under which entries can be purged together. */

/** The most tags of one entry. */
const MOST_TAGS = 64
/** In bytes. */
const LONGEST_TAG = 128

/** Printable ASCII without space and comma: what survives in a `Cache-Tag` header. */
const TAG = /^[\x21-\x2b\x2d-\x7e]+$/

export const TAG_FORM = `1 to ${LONGEST_TAG} printable ASCII characters without space and comma`
export const TAGS_FORM = `up to ${MOST_TAGS} tags of ${TAG_FORM}`

/** The distinct tags, or `undefined` where `value` is no list of tags. */
export function parseTags(value: unknown): string[] | undefined {
  if (!Array.isArray(value) || value.length > MOST_TAGS) return undefined
  return value.every(isTag) ? [...new Set(value)] : undefined
}

/** The tags of a `Cache-Tag` header, a list separated by commas. */
export function parseTagHeader(header: string): string[] | undefined {
  const tags = header.split(',').map((tag) => tag.trim())
  return parseTags(tags.filter((tag) => tag !== ''))
}

export function isTag(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_TAG && TAG.test(value)
}
