/** Behaviours of If-Modified-Since and If-Unmodified-Since (RFC 9110, sections 13.1.3 and 13.1.4). */

import {
  AFTER_MODIFIED,
  BEFORE_MODIFIED,
  DATED,
  MODIFIED,
  NOT_MODIFIED,
  PRECONDITION_FAILED,
  WHOLE,
} from './expected.ts'
import type { Behaviour, Expected } from './run.ts'

const NOT_MODIFIED_DATED: Expected = {
  ...NOT_MODIFIED,
  headers: { ...NOT_MODIFIED.headers, 'Last-Modified': MODIFIED },
}

export const DATE_CONDITIONS: readonly Behaviour[] = [
  {
    id: 'if-modified-since-the-very-second',
    rfc: 'RFC 9110, section 13.1.3',
    strength: 'required',
    origin: DATED,
    steps: [{ headers: { 'If-Modified-Since': MODIFIED }, expect: NOT_MODIFIED_DATED }],
  },
  {
    id: 'if-modified-since-a-later-second',
    rfc: 'RFC 9110, section 13.1.3',
    strength: 'required',
    origin: DATED,
    steps: [{ headers: { 'If-Modified-Since': AFTER_MODIFIED }, expect: NOT_MODIFIED_DATED }],
  },
  {
    id: 'if-modified-since-an-earlier-second',
    rfc: 'RFC 9110, section 13.1.3',
    strength: 'required',
    origin: DATED,
    steps: [{ headers: { 'If-Modified-Since': BEFORE_MODIFIED }, expect: WHOLE }],
  },
  {
    id: 'if-modified-since-on-head',
    rfc: 'RFC 9110, section 13.1.3',
    strength: 'required',
    origin: DATED,
    steps: [
      { method: 'HEAD', headers: { 'If-Modified-Since': MODIFIED }, expect: NOT_MODIFIED_DATED },
    ],
  },
  {
    id: 'if-modified-since-with-no-date-to-compare',
    rfc: 'RFC 9110, section 13.1.3',
    strength: 'required',
    steps: [{ headers: { 'If-Modified-Since': AFTER_MODIFIED }, expect: WHOLE }],
  },
  {
    id: 'if-modified-since-with-an-origin-date-that-is-none',
    rfc: 'RFC 9110, section 13.1.3',
    strength: 'required',
    origin: [{ headers: { 'Content-Type': 'text/plain', 'Last-Modified': 'yesterday' } }],
    steps: [{ headers: { 'If-Modified-Since': AFTER_MODIFIED }, expect: WHOLE }],
  },
  {
    id: 'if-modified-since-garbage',
    rfc: 'RFC 9110, section 13.1.3',
    strength: 'required',
    origin: DATED,
    steps: [{ headers: { 'If-Modified-Since': 'garbage' }, expect: WHOLE }],
  },
  {
    id: 'if-modified-since-an-iso-date',
    rfc: 'RFC 9110, section 13.1.3',
    strength: 'required',
    origin: DATED,
    steps: [{ headers: { 'If-Modified-Since': '2026-10-01' }, expect: WHOLE }],
  },
  {
    id: 'if-modified-since-a-number',
    rfc: 'RFC 9110, section 13.1.3',
    strength: 'required',
    origin: DATED,
    steps: [{ headers: { 'If-Modified-Since': '2027' }, expect: WHOLE }],
  },
  {
    id: 'if-modified-since-another-time-zone',
    rfc: 'RFC 9110, section 13.1.3',
    strength: 'required',
    origin: DATED,
    steps: [{ headers: { 'If-Modified-Since': 'Tue, 01 Sep 2026 13:00:00 +0200' }, expect: WHOLE }],
  },
  {
    id: 'if-modified-since-two-dates',
    rfc: 'RFC 9110, section 13.1.3',
    strength: 'required',
    origin: DATED,
    steps: [
      { headers: { 'If-Modified-Since': `${AFTER_MODIFIED}, ${AFTER_MODIFIED}` }, expect: WHOLE },
    ],
  },
  {
    id: 'if-modified-since-in-the-form-of-rfc-850',
    rfc: 'RFC 9110, section 5.6.7',
    strength: 'required',
    origin: DATED,
    steps: [
      {
        headers: { 'If-Modified-Since': 'Tuesday, 01-Sep-26 10:00:00 GMT' },
        expect: NOT_MODIFIED_DATED,
      },
    ],
  },
  {
    id: 'if-modified-since-in-the-form-of-asctime',
    rfc: 'RFC 9110, section 5.6.7',
    strength: 'required',
    origin: DATED,
    steps: [
      { headers: { 'If-Modified-Since': 'Tue Sep  1 10:00:00 2026' }, expect: NOT_MODIFIED_DATED },
    ],
  },
  {
    id: 'if-unmodified-since-the-very-second',
    rfc: 'RFC 9110, section 13.1.4',
    strength: 'required',
    origin: DATED,
    steps: [{ headers: { 'If-Unmodified-Since': MODIFIED }, expect: WHOLE }],
  },
  {
    id: 'if-unmodified-since-a-later-second',
    rfc: 'RFC 9110, section 13.1.4',
    strength: 'required',
    origin: DATED,
    steps: [{ headers: { 'If-Unmodified-Since': AFTER_MODIFIED }, expect: WHOLE }],
  },
  {
    id: 'if-unmodified-since-an-earlier-second',
    rfc: 'RFC 9110, section 13.1.4',
    strength: 'required',
    origin: DATED,
    steps: [{ headers: { 'If-Unmodified-Since': BEFORE_MODIFIED }, expect: PRECONDITION_FAILED }],
  },
  {
    id: 'if-unmodified-since-with-no-date-to-compare',
    rfc: 'RFC 9110, section 13.1.4',
    strength: 'required',
    steps: [{ headers: { 'If-Unmodified-Since': BEFORE_MODIFIED }, expect: WHOLE }],
  },
  {
    id: 'if-unmodified-since-garbage',
    rfc: 'RFC 9110, section 13.1.4',
    strength: 'required',
    origin: DATED,
    steps: [{ headers: { 'If-Unmodified-Since': 'garbage' }, expect: WHOLE }],
  },
  {
    id: 'if-unmodified-since-zero',
    rfc: 'RFC 9110, section 13.1.4',
    strength: 'required',
    origin: DATED,
    steps: [{ headers: { 'If-Unmodified-Since': '0' }, expect: WHOLE }],
  },
  {
    id: 'if-unmodified-since-an-iso-date',
    rfc: 'RFC 9110, section 13.1.4',
    strength: 'required',
    origin: DATED,
    steps: [{ headers: { 'If-Unmodified-Since': '2026-08-01' }, expect: WHOLE }],
  },
  {
    id: 'if-unmodified-since-comes-before-if-modified-since',
    rfc: 'RFC 9110, section 13.2.2',
    strength: 'required',
    origin: DATED,
    steps: [
      {
        headers: { 'If-Unmodified-Since': BEFORE_MODIFIED, 'If-Modified-Since': MODIFIED },
        expect: PRECONDITION_FAILED,
      },
    ],
  },
  {
    id: 'dates-do-not-matter-to-what-does-not-exist',
    rfc: 'RFC 9110, section 13.2.1',
    strength: 'required',
    origin: [{ status: 404, headers: { 'Last-Modified': MODIFIED } }],
    steps: [
      {
        headers: { 'If-Unmodified-Since': BEFORE_MODIFIED },
        expect: { status: 404, problem: 'not-found' },
      },
    ],
  },
]
