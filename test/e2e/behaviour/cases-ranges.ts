/** Behaviours of Range where there is a part to send (RFC 9110, section 14). */

import { part, WHOLE } from './expected.ts'
import type { Behaviour } from './run.ts'

export const RANGES: readonly Behaviour[] = [
  {
    id: 'range-first-to-last',
    rfc: 'RFC 9110, section 14.1.2',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=2-5' }, expect: part(2, 5) }],
  },
  {
    id: 'range-from-memory',
    rfc: 'RFC 9110, section 14.1.2',
    strength: 'required',
    originRequests: 1,
    steps: [{ expect: WHOLE }, { headers: { Range: 'bytes=2-5' }, expect: part(2, 5) }],
  },
  {
    id: 'range-open-end',
    rfc: 'RFC 9110, section 14.1.2',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=7-' }, expect: part(7, 9) }],
  },
  {
    id: 'range-suffix',
    rfc: 'RFC 9110, section 14.1.2',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=-3' }, expect: part(7, 9) }],
  },
  {
    id: 'range-suffix-longer-than-the-value',
    rfc: 'RFC 9110, section 14.1.2',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=-11' }, expect: part(0, 9) }],
  },
  {
    id: 'range-last-beyond-the-end',
    rfc: 'RFC 9110, section 14.1.2',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=8-10' }, expect: part(8, 9) }],
  },
  {
    id: 'range-last-beyond-any-number',
    rfc: 'RFC 9110, section 14.1.2',
    strength: 'required',
    steps: [{ headers: { Range: `bytes=8-${'9'.repeat(400)}` }, expect: part(8, 9) }],
  },
  {
    id: 'range-of-a-single-byte',
    rfc: 'RFC 9110, section 14.1.2',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=0-0' }, expect: part(0, 0) }],
  },
  {
    id: 'range-of-the-last-byte',
    rfc: 'RFC 9110, section 14.1.2',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=9-9' }, expect: part(9, 9) }],
  },
  {
    id: 'range-of-the-whole',
    rfc: 'RFC 9110, section 14.2',
    strength: 'check',
    steps: [{ headers: { Range: 'bytes=0-' }, expect: part(0, 9) }],
  },
  {
    id: 'range-unit-in-capitals',
    rfc: 'RFC 9110, section 14.1',
    strength: 'optimal',
    steps: [{ headers: { Range: 'Bytes=2-5' }, expect: part(2, 5) }],
  },
  {
    id: 'range-of-bytes-not-of-characters',
    rfc: 'RFC 9110, section 14.1.2',
    strength: 'required',
    origin: [{ body: 'лю' }],
    steps: [
      {
        headers: { Range: 'bytes=2-3' },
        expect: {
          status: 206,
          headers: { 'Content-Range': 'bytes 2-3/4', 'Content-Length': '2' },
          body: 'ю',
        },
      },
    ],
  },
]
