/**
 * What an error message may show of a setting. A secret may stand in the wrong place, so text is shown only
 * if it looks like an option's value: a number with its unit, or short words with commas between.
 */

const LONGEST_SHOWN = 80
const QUANTITY = /^ ?[-+]?[\d.]{1,16} ?[A-Za-z]{0,3} ?$/
const WORDS = /^ ?[\p{L}\p{N}_.+-]{0,16}(?:[,;] ?[\p{L}\p{N}_.+-]{0,16})* ?$/u
/** The characters of a token (RFC 9110, section 5.6.2): names of groups, options and headers have no others. */
const NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{0,64}/

/** Returns the value of an option, or what kind of value it is. */
export function describe(value: unknown): string {
  const isShort = typeof value === 'string' && value.length <= LONGEST_SHOWN
  return isShort && WORDS.test(value) ? JSON.stringify(value) : describeUnknown(value)
}

/** As `describe`, for an option that does not exist: of text it shows only quantities. */
export function describeUnknown(value: unknown): string {
  if (typeof value === 'string') {
    return QUANTITY.test(value) ? JSON.stringify(value) : describeKind(value)
  }
  const isPlain = value === null || ['number', 'boolean', 'bigint'].includes(typeof value)
  return isPlain ? String(value) : describeKind(value)
}

/** Returns what kind of value it is, and nothing of what it says. */
export function describeKind(value: unknown): string {
  if (value === undefined) return 'not set'
  if (typeof value === 'string') return `a text of ${value.length} characters`
  if (typeof value === 'object' && value !== null) {
    return Array.isArray(value) ? 'a list' : 'a table'
  }
  return value === null ? 'null' : `a ${typeof value}`
}

/**
 * Returns a name as far as it has the characters of one, because a value may have been written in its place. A user's
 * name may stand in front of "@".
 */
export function describeName(name: string): string {
  const [shown = ''] = NAME.exec(name) ?? []
  if (shown === name) return name
  const mayBeUser = name.includes('@') && !name.startsWith('://', shown.length)
  return mayBeUser ? '…' : `${shown}…`
}
