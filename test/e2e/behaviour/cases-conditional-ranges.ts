/** Behaviours of Range together with conditions (RFC 9110, sections 13.1.5 and 13.2.2). */

import {
  AFTER_MODIFIED,
  BEFORE_MODIFIED,
  DATED,
  ETAG,
  MODIFIED,
  NOT_MODIFIED,
  OTHER_ETAG,
  PRECONDITION_FAILED,
  part,
  WHOLE,
} from './expected.ts'
import type { Behaviour } from './run.ts'

export const CONDITIONAL_RANGES: readonly Behaviour[] = [
  {
    id: 'if-range-exact',
    rfc: 'RFC 9110, section 13.1.5',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=2-5', 'If-Range': ETAG }, expect: part(2, 5) }],
  },
  {
    id: 'if-range-another-tag',
    rfc: 'RFC 9110, section 13.1.5',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=2-5', 'If-Range': OTHER_ETAG }, expect: WHOLE }],
  },
  {
    id: 'if-range-weak-form-of-the-tag',
    rfc: 'RFC 9110, section 13.1.5',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=2-5', 'If-Range': `W/${ETAG}` }, expect: WHOLE }],
  },
  {
    id: 'if-range-without-quotes',
    rfc: 'RFC 9110, section 13.1.5',
    strength: 'required',
    steps: [
      { headers: { Range: 'bytes=2-5', 'If-Range': ETAG.replaceAll('"', '') }, expect: WHOLE },
    ],
  },
  {
    id: 'if-range-date-of-the-value',
    rfc: 'RFC 9110, section 13.1.5',
    strength: 'check',
    origin: DATED,
    steps: [{ headers: { Range: 'bytes=2-5', 'If-Range': MODIFIED }, expect: WHOLE }],
  },
  {
    id: 'if-range-earlier-date',
    rfc: 'RFC 9110, section 13.1.5',
    strength: 'required',
    origin: DATED,
    steps: [{ headers: { Range: 'bytes=2-5', 'If-Range': BEFORE_MODIFIED }, expect: WHOLE }],
  },
  {
    id: 'if-range-later-date',
    rfc: 'RFC 9110, section 13.1.5',
    strength: 'required',
    origin: DATED,
    steps: [{ headers: { Range: 'bytes=2-5', 'If-Range': AFTER_MODIFIED }, expect: WHOLE }],
  },
  {
    id: 'if-range-date-with-none-to-compare',
    rfc: 'RFC 9110, section 13.1.5',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=2-5', 'If-Range': MODIFIED }, expect: WHOLE }],
  },
  {
    id: 'if-range-garbage',
    rfc: 'RFC 9110, section 13.1.5',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=2-5', 'If-Range': 'garbage' }, expect: WHOLE }],
  },
  {
    id: 'if-range-without-range',
    rfc: 'RFC 9110, section 13.1.5',
    strength: 'required',
    steps: [{ headers: { 'If-Range': OTHER_ETAG }, expect: WHOLE }],
  },
  {
    id: 'if-range-another-tag-and-a-range-beyond-the-end',
    rfc: 'RFC 9110, section 13.1.5',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=99-', 'If-Range': OTHER_ETAG }, expect: WHOLE }],
  },
  {
    id: 'if-range-exact-and-a-range-beyond-the-end',
    rfc: 'RFC 9110, section 13.1.5',
    strength: 'required',
    steps: [
      {
        headers: { Range: 'bytes=99-', 'If-Range': ETAG },
        expect: { status: 416, problem: 'range-not-satisfiable' },
      },
    ],
  },
  {
    id: 'if-none-match-comes-before-range',
    rfc: 'RFC 9110, section 14.2',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=2-5', 'If-None-Match': ETAG }, expect: NOT_MODIFIED }],
  },
  {
    id: 'if-none-match-comes-before-a-range-beyond-the-end',
    rfc: 'RFC 9110, section 14.2',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=99-', 'If-None-Match': ETAG }, expect: NOT_MODIFIED }],
  },
  {
    id: 'if-none-match-another-tag-with-a-range',
    rfc: 'RFC 9110, section 14.2',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=2-5', 'If-None-Match': OTHER_ETAG }, expect: part(2, 5) }],
  },
  {
    id: 'if-match-comes-before-range',
    rfc: 'RFC 9110, section 14.2',
    strength: 'required',
    steps: [
      { headers: { Range: 'bytes=2-5', 'If-Match': OTHER_ETAG }, expect: PRECONDITION_FAILED },
    ],
  },
  {
    id: 'if-match-exact-with-a-range',
    rfc: 'RFC 9110, section 14.2',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=2-5', 'If-Match': ETAG }, expect: part(2, 5) }],
  },
  {
    id: 'if-modified-since-comes-before-range',
    rfc: 'RFC 9110, section 14.2',
    strength: 'required',
    origin: DATED,
    steps: [
      { headers: { Range: 'bytes=2-5', 'If-Modified-Since': MODIFIED }, expect: NOT_MODIFIED },
    ],
  },
]
