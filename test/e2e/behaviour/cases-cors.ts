/** Behaviours towards web pages of other origins (WHATWG Fetch, section 3.3). */

import { OTHER_ETAG, WITH_TOKEN } from './expected.ts'
import type { Behaviour, Expected, OriginAnswer, Step } from './run.ts'

const OPEN = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': '*' }
const CORS_HEADERS = [
  'Access-Control-Allow-Origin',
  'Access-Control-Expose-Headers',
  'Access-Control-Allow-Methods',
  'Access-Control-Allow-Headers',
  'Access-Control-Allow-Credentials',
]
const FROM_PAGE = { Origin: 'https://page.example' }

function readable(
  id: string,
  status: number,
  step: Partial<Step>,
  origin: OriginAnswer = {},
): Behaviour {
  return {
    id: `cors-${id}`,
    rfc: 'WHATWG Fetch, section 3.3.3',
    strength: 'required',
    group: status >= 500 ? 'failing' : 'pages',
    origin: [origin],
    steps: [
      {
        ...step,
        headers: { ...FROM_PAGE, ...step.headers },
        expect: { status, headers: OPEN, absent: ['Access-Control-Allow-Credentials'] },
      },
    ],
  }
}

function preflight(method: string, headers: string, path?: string): Step {
  return {
    method: 'OPTIONS',
    ...(path === undefined ? {} : { path }),
    headers: {
      ...FROM_PAGE,
      'Access-Control-Request-Method': method,
      'Access-Control-Request-Headers': headers,
    },
    expect: allows(method, headers.split(',')),
  }
}

/** Section 4.8: names are compared without regard to case, and `*` does not cover Authorization. */
function allows(method: string, headers: readonly string[]): Expected {
  const each = headers.map((name) => `(?=(?:.*, )?${name}(?:,|$))`).join('')
  return {
    status: 204,
    headers: {
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Allow-Methods': new RegExp(`(?:^|, )${method}(?:,|$)`),
      'Access-Control-Allow-Headers': new RegExp(`^${each}`, 'i'),
      'Access-Control-Max-Age': /^[1-9]\d*$/,
    },
    absent: ['Access-Control-Allow-Credentials'],
  }
}

const PREFLIGHT = {
  rfc: 'WHATWG Fetch, section 4.8',
  strength: 'required',
  originRequests: 0,
} as const

export const CORS: readonly Behaviour[] = [
  readable('value', 200, {}),
  readable('head', 200, { method: 'HEAD' }),
  readable('part', 206, { headers: { Range: 'bytes=0-1' } }),
  readable('not-modified', 304, { headers: { 'If-None-Match': '*' } }),
  readable('bad-key', 400, { path: '/cache/pages/%zz' }),
  readable('no-key', 400, { path: '/cache/pages' }),
  readable('bad-batch', 400, { method: 'POST', path: '/cache/pages', body: '{' }),
  readable('admin-disabled', 403, { method: 'PUT', body: 'x' }),
  readable('not-found', 404, {}, { status: 404 }),
  readable('no-such-group', 404, { path: '/cache/nowhere/x' }),
  readable('no-such-route', 404, { path: '/nowhere' }),
  readable('method-not-allowed', 405, { method: 'PATCH' }),
  readable('precondition-failed', 412, { headers: { 'If-Match': OTHER_ETAG } }),
  readable('range-not-satisfiable', 416, { headers: { Range: 'bytes=99-' } }),
  readable('load-failed', 502, {}, { status: 500 }),
  readable('batch', 200, { method: 'POST', path: '/cache/pages', body: '{"keys":[]}' }),
  {
    id: 'cors-unauthorized',
    rfc: 'WHATWG Fetch, section 3.3.3',
    strength: 'required',
    worker: 'guarded',
    steps: [{ method: 'PUT', headers: FROM_PAGE, expect: { status: 401, headers: OPEN } }],
  },
  { id: 'preflight-of-a-range', ...PREFLIGHT, steps: [preflight('GET', 'range')] },
  {
    id: 'preflight-of-conditions',
    ...PREFLIGHT,
    steps: [
      preflight('GET', 'if-match,if-modified-since,if-none-match,if-range,if-unmodified-since'),
    ],
  },
  {
    id: 'preflight-of-put-with-a-token',
    ...PREFLIGHT,
    steps: [preflight('PUT', 'authorization,cache-control,cache-tag,content-type')],
  },
  { id: 'preflight-of-delete', ...PREFLIGHT, steps: [preflight('DELETE', 'authorization')] },
  {
    id: 'preflight-of-a-batch',
    ...PREFLIGHT,
    steps: [preflight('POST', 'content-type', '/cache/pages')],
  },
  {
    id: 'preflight-of-a-purge',
    ...PREFLIGHT,
    steps: [preflight('POST', 'authorization,content-type', '/admin/purge')],
  },
  {
    id: 'cors-no-page-reads-a-private-value',
    rfc: 'WHATWG Fetch, section 3.3.3',
    strength: 'required',
    worker: 'guarded',
    group: 'private',
    steps: [
      { headers: { ...FROM_PAGE, ...WITH_TOKEN }, expect: { status: 200, absent: CORS_HEADERS } },
      {
        headers: { ...FROM_PAGE, ...WITH_TOKEN, Range: 'bytes=99-' },
        expect: { status: 416, absent: CORS_HEADERS },
      },
      {
        headers: { ...FROM_PAGE, ...WITH_TOKEN, 'If-None-Match': '*' },
        expect: { status: 304, absent: CORS_HEADERS },
      },
    ],
  },
  {
    id: 'cors-no-page-may-ask-for-a-private-value',
    rfc: 'WHATWG Fetch, section 4.8',
    strength: 'required',
    worker: 'guarded',
    group: 'private',
    steps: [
      {
        ...preflight('GET', 'authorization'),
        expect: { status: 204, headers: { Allow: /GET/ }, absent: CORS_HEADERS },
      },
    ],
  },
  {
    id: 'cors-no-page-learns-that-a-private-group-refuses-it',
    rfc: 'WHATWG Fetch, section 3.3.3',
    strength: 'check',
    worker: 'guarded',
    group: 'private',
    steps: [{ headers: FROM_PAGE, expect: { status: 401, absent: CORS_HEADERS } }],
  },
]
