/** Behaviours of Range where there is no part to send (RFC 9110, sections 14 and 15.5.17). */

import { WHOLE } from './expected.ts'
import type { Behaviour, Expected } from './run.ts'

function unsatisfiable(length: number): Expected {
  return {
    status: 416,
    headers: { 'Content-Range': `bytes */${length}` },
    problem: 'range-not-satisfiable',
  }
}

export const UNUSABLE_RANGES: readonly Behaviour[] = [
  {
    id: 'range-from-the-end-on',
    rfc: 'RFC 9110, section 15.5.17',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=10-' }, expect: unsatisfiable(10) }],
  },
  {
    id: 'range-far-beyond-the-end',
    rfc: 'RFC 9110, section 15.5.17',
    strength: 'required',
    steps: [{ headers: { Range: `bytes=${'9'.repeat(400)}-` }, expect: unsatisfiable(10) }],
  },
  {
    id: 'range-suffix-of-nothing',
    rfc: 'RFC 9110, section 15.5.17',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=-0' }, expect: unsatisfiable(10) }],
  },
  {
    id: 'range-from-an-empty-value',
    rfc: 'RFC 9110, section 15.5.17',
    strength: 'required',
    origin: [{ body: '' }],
    steps: [{ headers: { Range: 'bytes=0-' }, expect: unsatisfiable(0) }],
  },
  {
    id: 'range-suffix-of-an-empty-value',
    rfc: 'RFC 9110, section 14.1.2',
    strength: 'check',
    origin: [{ body: '' }],
    steps: [
      {
        headers: { Range: 'bytes=-5' },
        expect: {
          status: 200,
          headers: { 'Content-Length': '0' },
          absent: ['Content-Range'],
          body: '',
        },
      },
    ],
  },
  {
    id: 'range-several',
    rfc: 'RFC 9110, section 14.2',
    strength: 'check',
    steps: [{ headers: { Range: 'bytes=0-1,4-5' }, expect: WHOLE }],
  },
  {
    id: 'range-several-of-which-one-is-unsatisfiable',
    rfc: 'RFC 9110, section 14.2',
    strength: 'check',
    steps: [{ headers: { Range: 'bytes=0-1, 20-' }, expect: WHOLE }],
  },
  {
    id: 'range-of-another-unit',
    rfc: 'RFC 9110, section 14.2',
    strength: 'required',
    steps: [{ headers: { Range: 'items=0-1' }, expect: WHOLE }],
  },
  {
    id: 'range-without-a-unit',
    rfc: 'RFC 9110, section 14.2',
    strength: 'required',
    steps: [{ headers: { Range: '0-1' }, expect: WHOLE }],
  },
  {
    id: 'range-last-before-first',
    rfc: 'RFC 9110, section 14.1.1',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=5-2' }, expect: WHOLE }],
  },
  {
    id: 'range-without-numbers',
    rfc: 'RFC 9110, section 14.1.1',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=-' }, expect: WHOLE }],
  },
  {
    id: 'range-of-letters',
    rfc: 'RFC 9110, section 14.1.1',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=a-b' }, expect: WHOLE }],
  },
  {
    id: 'range-of-negative-numbers',
    rfc: 'RFC 9110, section 14.1.1',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=-5--2' }, expect: WHOLE }],
  },
  {
    id: 'range-in-hexadecimal',
    rfc: 'RFC 9110, section 14.1.1',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=0x0-0x5' }, expect: WHOLE }],
  },
  {
    id: 'range-with-fractions',
    rfc: 'RFC 9110, section 14.1.1',
    strength: 'required',
    steps: [{ headers: { Range: 'bytes=0.5-2.5' }, expect: WHOLE }],
  },
  {
    id: 'range-with-a-space-within',
    rfc: 'RFC 9110, section 14.2',
    strength: 'check',
    steps: [{ headers: { Range: 'bytes=2 -5' }, expect: WHOLE }],
  },
  {
    id: 'range-on-head',
    rfc: 'RFC 9110, section 14.2',
    strength: 'required',
    steps: [{ method: 'HEAD', headers: { Range: 'bytes=2-5' }, expect: { ...WHOLE, body: '' } }],
  },
  {
    id: 'range-on-head-that-get-could-not-satisfy',
    rfc: 'RFC 9110, section 14.2',
    strength: 'required',
    steps: [{ method: 'HEAD', headers: { Range: 'bytes=99-' }, expect: { ...WHOLE, body: '' } }],
  },
  {
    id: 'range-of-what-does-not-exist',
    rfc: 'RFC 9110, section 14.2',
    strength: 'required',
    origin: [{ status: 404 }],
    steps: [
      {
        headers: { Range: 'bytes=0-1' },
        expect: { status: 404, problem: 'not-found', absent: ['Content-Range'] },
      },
    ],
  },
]
