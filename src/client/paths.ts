/** Owns where things are below the base URL. What a URL would not carry unchanged is refused here. */

import { GroupcacheError } from './groupcache-error.ts'
import type { KeyForm } from './wire.ts'

export function batchPath(group: string): string {
  return `cache/${checked(group)}`
}

/**
 * The path of one value, below `baseHref`. What a URL parser would change is refused: it may lead to a
 * place outside the group. A key of the form `path` must be spelt as in a URL already.
 */
export function valuePath(baseHref: string, group: string, form: KeyForm, key: string): string {
  const path = `${batchPath(group)}/${form === 'text' ? encodeKey(key) : key}`
  const href = baseHref + path
  if (!path.includes('#') && new URL(href).href === href) return path
  throw badKey(
    form === 'text'
      ? 'A key "." or ".." cannot be part of a URL.'
      : 'The key is not spelt as in a URL: percent-encode it.',
  )
}

export function ringPath(group: string | undefined, key: string | undefined): string {
  const parameters = [
    ...(group === undefined ? [] : [`group=${checked(group)}`]),
    ...(key === undefined ? [] : [`key=${encodeKey(key)}`]),
  ]
  return parameters.length === 0 ? 'admin/ring' : `admin/ring?${parameters.join('&')}`
}

/** A name that no group can have would, as "..", lead to another path. */
function checked(group: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(group)) return group
  throw new GroupcacheError('A group has a name of 1 to 64 letters, digits, "_" and "-".', {
    code: 'no-such-group',
  })
}

function encodeKey(key: string): string {
  if (!key.isWellFormed()) throw badKey('The key is not valid Unicode.')
  return encodeURIComponent(key)
}

function badKey(message: string): GroupcacheError {
  return new GroupcacheError(message, { code: 'bad-key' })
}
