/** Behaviours of what describes a value: its entity tag, type, language, date and coding (RFC 9110, section 8). */

import { gzipSync } from 'node:zlib'
import { DIGITS, MODIFIED, OTHER_ETAG, WHOLE } from './expected.ts'
import type { Behaviour } from './run.ts'

const OTHER = '9876543210'

export const REPRESENTATION: readonly Behaviour[] = [
  {
    id: 'entity-tag-is-strong',
    rfc: 'RFC 9110, section 8.8.3',
    strength: 'required',
    steps: [{ expect: { status: 200, headers: { ETag: /^"[\x21\x23-\x7e]+"$/ } } }],
  },
  {
    id: 'entity-tag-of-the-same-bytes-elsewhere',
    rfc: 'RFC 9110, section 8.8.3',
    strength: 'optimal',
    steps: [
      { expect: WHOLE },
      { key: 'other', expect: WHOLE },
      { group: 'owned', expect: WHOLE },
      { path: `/cache/echo/${DIGITS}`, expect: WHOLE },
    ],
    originRequests: 3,
  },
  {
    id: 'entity-tag-of-the-same-bytes-under-another-type',
    rfc: 'RFC 9110, section 8.8.3',
    strength: 'check',
    origin: [{ headers: { 'Content-Type': 'application/json' } }],
    steps: [{ expect: WHOLE }],
  },
  {
    id: 'entity-tag-of-other-bytes',
    rfc: 'RFC 9110, section 8.8.1',
    strength: 'required',
    originAt: { other: { body: OTHER } },
    steps: [
      { expect: WHOLE },
      { key: 'other', expect: { status: 200, headers: { ETag: OTHER_ETAG }, body: OTHER } },
    ],
  },
  {
    id: 'entity-tag-changes-with-the-bytes',
    rfc: 'RFC 9110, section 8.8.1',
    strength: 'required',
    group: 'unstored',
    origin: [{}, { body: OTHER }, {}],
    steps: [
      { expect: WHOLE },
      { expect: { status: 200, headers: { ETag: OTHER_ETAG }, body: OTHER } },
      { expect: WHOLE },
    ],
    originRequests: 3,
  },
  {
    id: 'entity-tag-is-not-the-one-of-the-origin',
    rfc: 'RFC 9110, section 8.8.3',
    strength: 'check',
    origin: [{ headers: { 'Content-Type': 'text/plain', ETag: '"of-the-origin"' } }],
    steps: [{ expect: WHOLE }, { headers: { 'If-None-Match': '"of-the-origin"' }, expect: WHOLE }],
  },
  {
    id: 'content-type-of-bytes-that-say-nothing',
    rfc: 'RFC 9110, section 8.3',
    strength: 'required',
    origin: [{ headers: {} }],
    steps: [{ expect: { status: 200, headers: { 'Content-Type': 'application/octet-stream' } } }],
  },
  {
    id: 'content-type-of-text-from-a-function',
    rfc: 'RFC 9110, section 8.3',
    strength: 'required',
    steps: [
      {
        path: '/cache/scores/Tom',
        expect: { status: 200, headers: { 'Content-Type': 'text/plain; charset=utf-8' } },
      },
    ],
  },
  {
    id: 'what-describes-a-value-is-passed-on',
    rfc: 'RFC 9110, section 8',
    strength: 'required',
    origin: [
      {
        headers: {
          'Content-Type': 'text/markdown; charset=utf-8; variant=CommonMark',
          'Content-Language': 'uk, en',
          'Last-Modified': MODIFIED,
        },
      },
    ],
    steps: ['GET', 'GET', 'HEAD'].map((method) => ({
      method,
      expect: {
        status: 200,
        headers: {
          'Content-Type': 'text/markdown; charset=utf-8; variant=CommonMark',
          'Content-Language': 'uk, en',
          'Last-Modified': MODIFIED,
        },
      },
    })),
    originRequests: 1,
  },
  {
    id: 'what-only-the-origin-knows-is-not-passed-on',
    rfc: 'RFC 9111, section 3.1',
    strength: 'check',
    origin: [
      {
        headers: {
          'Content-Disposition': 'attachment',
          Link: '</a>; rel=next',
          Server: 'origin/1',
          'X-Powered-By': 'origin',
          Vary: 'Accept',
        },
      },
    ],
    steps: [
      {
        expect: {
          status: 200,
          absent: ['Content-Disposition', 'Link', 'Server', 'X-Powered-By', 'Vary', 'Set-Cookie'],
        },
      },
    ],
  },
  {
    id: 'no-cookie-of-the-origin-reaches-a-client',
    rfc: 'RFC 9111, section 7.3',
    strength: 'required',
    origin: [{ headers: { 'Set-Cookie': 'session=1' } }],
    steps: [{ expect: { status: 200, absent: ['Set-Cookie'] } }],
  },
  {
    id: 'body-is-not-coded-for-a-client-that-takes-gzip',
    rfc: 'RFC 9110, section 8.4',
    strength: 'required',
    steps: ['gzip', 'gzip, deflate, br', 'identity', '*'].map((codings) => ({
      headers: { 'Accept-Encoding': codings },
      expect: {
        ...WHOLE,
        headers: { ...WHOLE.headers, 'Content-Encoding': 'identity' },
        absent: ['Transfer-Encoding', 'Vary'],
      },
    })),
    originRequests: 1,
  },
  {
    id: 'body-that-the-origin-coded-is-kept-decoded',
    rfc: 'RFC 9110, section 8.4',
    strength: 'required',
    origin: [
      {
        headers: { 'Content-Type': 'text/plain', 'Content-Encoding': 'gzip' },
        body: gzipSync(DIGITS),
      },
    ],
    steps: [
      { headers: { 'Accept-Encoding': 'gzip' }, expect: WHOLE },
      { headers: { Range: 'bytes=0-1' }, expect: { status: 206, body: '01' } },
    ],
    originRequests: 1,
  },
  {
    id: 'content-length-counts-bytes',
    rfc: 'RFC 9110, section 8.6',
    strength: 'required',
    origin: [{ body: 'ключ' }],
    steps: [{ expect: { status: 200, headers: { 'Content-Length': '8' }, body: 'ключ' } }],
  },
]
