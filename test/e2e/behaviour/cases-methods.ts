/** Behaviours of methods (RFC 9110, sections 9.3 and 15.5.6). */

import { DIGITS, ETAG, MODIFIED, WHOLE } from './expected.ts'
import type { Behaviour, Expected } from './run.ts'

const DESCRIBED: Expected = {
  status: 200,
  headers: {
    'Content-Type': 'text/markdown; charset=utf-8',
    'Content-Language': 'uk',
    'Content-Length': '10',
    'Content-Encoding': 'identity',
    'Last-Modified': MODIFIED,
    ETag: ETAG,
    Age: /^\d+$/,
    'Cache-Control': 'public, no-cache',
    'Cache-Status': /^edge; hit; ttl=\d+$/,
    'Accept-Ranges': 'bytes',
    'X-Content-Type-Options': 'nosniff',
    'Access-Control-Allow-Origin': '*',
  },
  absent: ['Transfer-Encoding'],
}

const VALUE_METHODS = 'GET, HEAD, PUT, DELETE, OPTIONS'

function notAllowed(allow: string | RegExp): Expected {
  return { status: 405, problem: 'method-not-allowed', headers: { Allow: allow } }
}

const DISABLED: Expected = { status: 403, problem: 'admin-disabled' }

export const METHODS: readonly Behaviour[] = [
  {
    id: 'head-has-the-headers-of-get',
    rfc: 'RFC 9110, section 9.3.2',
    strength: 'required',
    origin: [
      {
        headers: {
          'Content-Type': 'text/markdown; charset=utf-8',
          'Content-Language': 'uk',
          'Last-Modified': MODIFIED,
        },
      },
    ],
    steps: [
      { expect: { status: 200 } },
      { expect: { ...DESCRIBED, body: DIGITS } },
      { method: 'HEAD', expect: { ...DESCRIBED, body: '' } },
    ],
    originRequests: 1,
  },
  {
    id: 'head-loads-what-get-then-finds',
    rfc: 'RFC 9110, section 9.3.2',
    strength: 'optimal',
    steps: [{ method: 'HEAD', expect: { ...WHOLE, body: '' } }, { expect: WHOLE }],
    originRequests: 1,
  },
  {
    id: 'head-of-an-empty-value',
    rfc: 'RFC 9110, section 9.3.2',
    strength: 'required',
    origin: [{ body: '' }],
    steps: [{ method: 'HEAD', expect: { status: 200, headers: { 'Content-Length': '0' } } }],
  },
  {
    id: 'head-of-what-does-not-exist',
    rfc: 'RFC 9110, section 9.3.2',
    strength: 'required',
    origin: [{ status: 404 }],
    steps: [{ method: 'HEAD', expect: { status: 404, problem: 'not-found', body: '' } }],
  },
  {
    id: 'head-of-what-cannot-be-loaded',
    rfc: 'RFC 9110, section 9.3.2',
    strength: 'required',
    group: 'failing',
    origin: [{ status: 500 }],
    steps: [{ method: 'HEAD', expect: { status: 502, problem: 'load-failed', body: '' } }],
  },
  {
    id: 'options-of-a-value',
    rfc: 'RFC 9110, section 9.3.7',
    strength: 'required',
    steps: [
      {
        method: 'OPTIONS',
        expect: { status: 204, headers: { Allow: VALUE_METHODS }, absent: ['Content-Length'] },
      },
    ],
    originRequests: 0,
  },
  {
    id: 'options-of-a-group-names-each-method-once',
    rfc: 'RFC 9110, section 10.2.1',
    strength: 'optimal',
    steps: [
      {
        method: 'OPTIONS',
        path: '/cache/pages',
        expect: {
          status: 204,
          headers: { Allow: /^(?=.*\bPOST\b)(?=.*\bOPTIONS\b)(?!.*\b([A-Z]+)\b.*\b\1\b)[A-Z, ]+$/ },
        },
      },
    ],
  },
  ...['POST', 'PATCH', 'REPORT'].map(
    (method): Behaviour => ({
      id: `${method.toLowerCase()}-of-a-value`,
      rfc: 'RFC 9110, section 15.5.6',
      strength: 'required',
      steps: [{ method, body: '{}', expect: notAllowed(VALUE_METHODS) }],
      originRequests: 0,
    }),
  ),
  {
    id: 'patch-of-a-group',
    rfc: 'RFC 9110, section 15.5.6',
    strength: 'required',
    steps: [{ method: 'PATCH', path: '/cache/pages', expect: notAllowed(/\bPOST\b/) }],
  },
  {
    id: 'post-to-the-health-check',
    rfc: 'RFC 9110, section 15.5.6',
    strength: 'required',
    steps: [{ method: 'POST', path: '/healthz', expect: notAllowed('GET, HEAD') }],
  },
  ...['PUT', 'DELETE'].map(
    (method): Behaviour => ({
      id: `${method.toLowerCase()}-with-no-token-configured`,
      rfc: 'RFC 9110, section 15.5.4',
      strength: 'required',
      steps: [
        { method, expect: DISABLED },
        { method, headers: { Authorization: 'Bearer undefined' }, expect: DISABLED },
      ],
      originRequests: 0,
    }),
  ),
]
