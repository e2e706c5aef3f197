/** Owns the values that behaviours share, and the answers that many of them expect. */

import type { Expected, Step } from './run.ts'

/** The bearer token of the guarded Worker. */
export const TOKEN = 'correct-horse'
export const WITH_TOKEN = { Authorization: `Bearer ${TOKEN}` }

export const JSON_TYPE = { 'Content-Type': 'application/json' }

/** What the origin answers unless a behaviour says otherwise: its byte at N is the digit N. */
export const DIGITS = '0123456789'
/** The first half of its SHA-256: clients hold entity tags for longer than a release lasts. */
export const ETAG = '"84d89877f0d4041efb6bf91a16f0248f"'
export const OTHER_ETAG = '"7619ee8cea49187f309616e30ecf54be"'

/** When the value was last modified, where the origin says so, and the seconds around it. */
export const MODIFIED = 'Tue, 01 Sep 2026 10:00:00 GMT'
export const BEFORE_MODIFIED = 'Tue, 01 Sep 2026 09:59:59 GMT'
export const AFTER_MODIFIED = 'Tue, 01 Sep 2026 10:00:01 GMT'

export const DATED = [
  { headers: { 'Content-Type': 'text/plain', 'Last-Modified': MODIFIED } },
] as const

export const WHOLE: Expected = {
  status: 200,
  headers: { 'Content-Length': '10', 'Accept-Ranges': 'bytes', ETag: ETAG },
  absent: ['Content-Range'],
  body: DIGITS,
}

/** RFC 9110, section 15.4.5: what a 200 would say of caching, and nothing of a body. */
export const NOT_MODIFIED: Expected = {
  status: 304,
  headers: {
    ETag: ETAG,
    Age: /^\d+$/,
    'Cache-Control': 'public, no-cache',
    'Cache-Status': /edge/,
    'Access-Control-Allow-Origin': '*',
  },
  absent: [
    'Content-Length',
    'Content-Type',
    'Content-Encoding',
    'Content-Range',
    'Transfer-Encoding',
  ],
  body: '',
}

export const PRECONDITION_FAILED: Expected = { status: 412, problem: 'precondition-failed' }

/** RFC 9110, section 15.3.7. */
export function part(first: number, last: number): Expected {
  return {
    status: 206,
    headers: {
      'Content-Range': `bytes ${first}-${last}/10`,
      'Content-Length': String(last - first + 1),
      'Content-Type': 'text/plain',
      'Accept-Ranges': 'bytes',
      'Cache-Control': 'public, no-cache',
      ETag: ETAG,
    },
    body: DIGITS.slice(first, last + 1),
  }
}

/** A batch read; `body` is sent as it is when it is text. */
export function batch(body: unknown, expect: Expected, step: Partial<Step> = {}): Step {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { method: 'POST', path: '/cache/pages', headers: JSON_TYPE, body: text, ...step, expect }
}
