/** Owns what web pages of other origins may do (WHATWG Fetch, section 3.3). */

import type { Access } from '../../config/config.ts'

/**
 * Any page may read what anyone may read. No credentials of the browser's are involved: the token is
 * sent by whoever has it, never by the browser of itself.
 */
export const OPEN_TO_ALL = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': '*',
} as const

export function corsFor(access: Access): Readonly<Record<string, string>> {
  return access === 'public' ? OPEN_TO_ALL : {}
}

/** How long a browser may remember the answer to a preflight. */
const MAX_AGE_SECONDS = 86_400

/** Answers OPTIONS, whether a preflight or not. */
export function optionsResponse(allow: string, isOpen: boolean): Response {
  const cors = {
    ...OPEN_TO_ALL,
    'Access-Control-Allow-Methods': allow,
    // A wildcard would leave out Authorization.
    'Access-Control-Allow-Headers':
      'Authorization, Cache-Control, Cache-Tag, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Range',
    'Access-Control-Max-Age': String(MAX_AGE_SECONDS),
  }
  return new Response(null, { status: 204, headers: { Allow: allow, ...(isOpen ? cors : {}) } })
}
