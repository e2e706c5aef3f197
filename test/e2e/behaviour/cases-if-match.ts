/** Behaviours of If-Match (RFC 9110, section 13.1.1). */

import {
  BEFORE_MODIFIED,
  DATED,
  ETAG,
  NOT_MODIFIED,
  OTHER_ETAG,
  PRECONDITION_FAILED,
  WHOLE,
} from './expected.ts'
import type { Behaviour } from './run.ts'

export const IF_MATCH: readonly Behaviour[] = [
  {
    id: 'if-match-exact',
    rfc: 'RFC 9110, section 13.1.1',
    strength: 'required',
    steps: [{ headers: { 'If-Match': ETAG }, expect: WHOLE }],
  },
  {
    id: 'if-match-in-a-list',
    rfc: 'RFC 9110, section 13.1.1',
    strength: 'required',
    steps: [{ headers: { 'If-Match': `${OTHER_ETAG}, ${ETAG}` }, expect: WHOLE }],
  },
  {
    id: 'if-match-any',
    rfc: 'RFC 9110, section 13.1.1',
    strength: 'required',
    steps: [{ headers: { 'If-Match': '*' }, expect: WHOLE }],
  },
  {
    id: 'if-match-another-tag',
    rfc: 'RFC 9110, section 13.1.1',
    strength: 'required',
    steps: [{ headers: { 'If-Match': OTHER_ETAG }, expect: PRECONDITION_FAILED }],
  },
  {
    id: 'if-match-weak-form-of-the-tag',
    rfc: 'RFC 9110, section 13.1.1',
    strength: 'required',
    steps: [{ headers: { 'If-Match': `W/${ETAG}` }, expect: PRECONDITION_FAILED }],
  },
  {
    id: 'if-match-garbage',
    rfc: 'RFC 9110, section 13.1.1',
    strength: 'required',
    steps: [{ headers: { 'If-Match': 'garbage' }, expect: PRECONDITION_FAILED }],
  },
  {
    id: 'if-match-on-head',
    rfc: 'RFC 9110, section 13.1.1',
    strength: 'required',
    steps: [{ method: 'HEAD', headers: { 'If-Match': OTHER_ETAG }, expect: PRECONDITION_FAILED }],
  },
  {
    id: 'if-match-comes-before-if-none-match',
    rfc: 'RFC 9110, section 13.2.2',
    strength: 'required',
    steps: [
      { headers: { 'If-Match': OTHER_ETAG, 'If-None-Match': ETAG }, expect: PRECONDITION_FAILED },
    ],
  },
  {
    id: 'if-match-and-if-none-match-both-hold',
    rfc: 'RFC 9110, section 13.2.2',
    strength: 'required',
    steps: [{ headers: { 'If-Match': ETAG, 'If-None-Match': ETAG }, expect: NOT_MODIFIED }],
  },
  {
    id: 'if-match-wins-over-if-unmodified-since',
    rfc: 'RFC 9110, section 13.2.2',
    strength: 'required',
    origin: DATED,
    steps: [
      { headers: { 'If-Match': ETAG, 'If-Unmodified-Since': BEFORE_MODIFIED }, expect: WHOLE },
    ],
  },
  {
    id: 'if-match-of-what-does-not-exist',
    rfc: 'RFC 9110, section 13.2.1',
    strength: 'required',
    origin: [{ status: 404 }],
    steps: [{ headers: { 'If-Match': OTHER_ETAG }, expect: { status: 404, problem: 'not-found' } }],
  },
  {
    id: 'if-match-of-what-cannot-be-loaded',
    rfc: 'RFC 9110, section 13.2.1',
    strength: 'required',
    group: 'failing',
    origin: [{ status: 500 }],
    steps: [
      { headers: { 'If-Match': OTHER_ETAG }, expect: { status: 502, problem: 'load-failed' } },
    ],
  },
]
