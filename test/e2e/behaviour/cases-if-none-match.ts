/** Behaviours of If-None-Match (RFC 9110, section 13.1.2). */

import {
  BEFORE_MODIFIED,
  DATED,
  ETAG,
  MODIFIED,
  NOT_MODIFIED,
  OTHER_ETAG,
  WHOLE,
} from './expected.ts'
import type { Behaviour } from './run.ts'

export const IF_NONE_MATCH: readonly Behaviour[] = [
  {
    id: 'if-none-match-exact',
    rfc: 'RFC 9110, section 13.1.2',
    strength: 'required',
    steps: [{ headers: { 'If-None-Match': ETAG }, expect: NOT_MODIFIED }],
  },
  {
    id: 'if-none-match-is-not-modified-from-memory-too',
    rfc: 'RFC 9110, section 13.1.2',
    strength: 'required',
    originRequests: 1,
    steps: [{ expect: WHOLE }, { headers: { 'If-None-Match': ETAG }, expect: NOT_MODIFIED }],
  },
  {
    id: 'if-none-match-weak-form-of-the-tag',
    rfc: 'RFC 9110, section 13.1.2',
    strength: 'required',
    steps: [{ headers: { 'If-None-Match': `W/${ETAG}` }, expect: NOT_MODIFIED }],
  },
  {
    id: 'if-none-match-in-a-list',
    rfc: 'RFC 9110, section 13.1.2',
    strength: 'required',
    steps: [{ headers: { 'If-None-Match': `${OTHER_ETAG}, ${ETAG}` }, expect: NOT_MODIFIED }],
  },
  {
    id: 'if-none-match-in-a-list-without-spaces-after-a-tag-with-a-comma',
    rfc: 'RFC 9110, section 13.1.2',
    strength: 'required',
    steps: [{ headers: { 'If-None-Match': `"a,b",W/"c",${ETAG}` }, expect: NOT_MODIFIED }],
  },
  {
    id: 'if-none-match-any',
    rfc: 'RFC 9110, section 13.1.2',
    strength: 'required',
    steps: [{ headers: { 'If-None-Match': '*' }, expect: NOT_MODIFIED }],
  },
  {
    id: 'if-none-match-another-tag',
    rfc: 'RFC 9110, section 13.1.2',
    strength: 'required',
    steps: [{ headers: { 'If-None-Match': OTHER_ETAG }, expect: WHOLE }],
  },
  {
    id: 'if-none-match-list-of-others',
    rfc: 'RFC 9110, section 13.1.2',
    strength: 'required',
    steps: [{ headers: { 'If-None-Match': `${OTHER_ETAG}, W/"a", ""` }, expect: WHOLE }],
  },
  {
    id: 'if-none-match-tag-named-like-any',
    rfc: 'RFC 9110, section 13.1.2',
    strength: 'required',
    steps: [{ headers: { 'If-None-Match': '"*"' }, expect: WHOLE }],
  },
  {
    id: 'if-none-match-garbage',
    rfc: 'RFC 9110, section 13.1.2',
    strength: 'required',
    steps: [{ headers: { 'If-None-Match': 'garbage, "open, W/' }, expect: WHOLE }],
  },
  {
    id: 'if-none-match-bytes-beyond-ascii',
    rfc: 'RFC 9110, section 8.8.3',
    strength: 'required',
    steps: [{ headers: { 'If-None-Match': '"\xe9\xff"' }, expect: WHOLE }],
  },
  {
    id: 'if-none-match-without-quotes',
    rfc: 'RFC 9110, section 13.1.2',
    strength: 'check',
    steps: [{ headers: { 'If-None-Match': ETAG.replaceAll('"', '') }, expect: WHOLE }],
  },
  {
    id: 'if-none-match-is-case-sensitive',
    rfc: 'RFC 9110, section 8.8.3.2',
    strength: 'required',
    steps: [{ headers: { 'If-None-Match': ETAG.toUpperCase() }, expect: WHOLE }],
  },
  {
    id: 'if-none-match-on-head',
    rfc: 'RFC 9110, section 13.1.2',
    strength: 'required',
    steps: [{ method: 'HEAD', headers: { 'If-None-Match': ETAG }, expect: NOT_MODIFIED }],
  },
  {
    id: 'if-none-match-after-the-value-changed',
    rfc: 'RFC 9110, section 13.1.2',
    strength: 'required',
    origin: [{ body: '9876543210' }],
    steps: [
      {
        headers: { 'If-None-Match': ETAG },
        expect: { status: 200, headers: { ETag: OTHER_ETAG }, body: '9876543210' },
      },
    ],
  },
  {
    id: 'if-none-match-wins-over-if-modified-since-when-it-matches',
    rfc: 'RFC 9110, section 13.1.2',
    strength: 'required',
    origin: DATED,
    steps: [
      {
        headers: { 'If-None-Match': ETAG, 'If-Modified-Since': BEFORE_MODIFIED },
        expect: NOT_MODIFIED,
      },
    ],
  },
  {
    id: 'if-none-match-wins-over-if-modified-since-when-it-does-not',
    rfc: 'RFC 9110, section 13.1.2',
    strength: 'required',
    origin: DATED,
    steps: [
      { headers: { 'If-None-Match': OTHER_ETAG, 'If-Modified-Since': MODIFIED }, expect: WHOLE },
    ],
  },
  {
    id: 'if-none-match-of-what-does-not-exist',
    rfc: 'RFC 9110, section 13.2.1',
    strength: 'required',
    origin: [{ status: 404 }],
    steps: [{ headers: { 'If-None-Match': '*' }, expect: { status: 404, problem: 'not-found' } }],
  },
]
