/** Behaviours of freshness as clients see it (RFC 9111, sections 4.2, 5.1 and 5.2). */

import { DIGITS, WHOLE, WITH_TOKEN } from './expected.ts'
import type { Behaviour, Expected, Step } from './run.ts'

const REVALIDATE: Expected = { status: 200, headers: { 'Cache-Control': 'public, no-cache' } }

function withHeaders(headers: Step['headers'] = {}): Step {
  return { headers, expect: { ...WHOLE, headers: { 'Cache-Status': /^edge; hit/ } } }
}

/** What a client says of its own wishes, or of itself, neither loads anew nor chooses other bytes. */
function indifferentTo(
  id: string,
  rfc: string,
  ...variants: readonly Step['headers'][]
): Behaviour {
  return {
    id,
    rfc,
    strength: 'required',
    steps: [
      { expect: { ...WHOLE, absent: ['Vary'] } },
      ...variants.map((headers) => withHeaders(headers)),
    ],
    originRequests: 1,
  }
}

export const FRESHNESS: readonly Behaviour[] = [
  {
    id: 'client-ttl-of-nothing',
    rfc: 'RFC 9111, section 5.2.2.4',
    strength: 'required',
    steps: [{ expect: REVALIDATE }, { expect: REVALIDATE }],
  },
  {
    id: 'client-ttl-within-what-is-left',
    rfc: 'RFC 9111, section 5.2.2.1',
    strength: 'required',
    group: 'lent',
    steps: [{ expect: { status: 200, headers: { 'Cache-Control': 'public, max-age=30' } } }],
  },
  {
    id: 'client-ttl-beyond-what-is-left',
    rfc: 'RFC 9111, section 4.2',
    strength: 'required',
    group: 'lentLong',
    steps: [
      { expect: { status: 200, headers: { 'Cache-Control': /^public, max-age=(59|60)$/ } } },
      {
        until: ['Age', /^[1-9]$/],
        expect: { status: 200, headers: { 'Cache-Control': /^public, max-age=5\d$/ } },
      },
    ],
    originRequests: 1,
  },
  {
    id: 'client-ttl-of-a-part-and-of-not-modified',
    rfc: 'RFC 9110, section 15.4.5',
    strength: 'required',
    group: 'lent',
    steps: [
      {
        headers: { Range: 'bytes=0-1' },
        expect: { status: 206, headers: { 'Cache-Control': 'public, max-age=30' } },
      },
      {
        headers: { 'If-None-Match': '*' },
        expect: { status: 304, headers: { 'Cache-Control': 'public, max-age=30' } },
      },
    ],
  },
  {
    id: 'client-ttl-of-what-is-not-kept-here',
    rfc: 'RFC 9111, section 5.2.2.5',
    strength: 'required',
    group: 'lent',
    origin: [{ headers: { 'Cache-Control': 'no-store' } }],
    steps: [{ expect: REVALIDATE }, { expect: REVALIDATE }],
    originRequests: 2,
  },
  {
    id: 'client-ttl-of-a-value-that-the-origin-lets-live-briefly',
    rfc: 'RFC 9111, section 5.2.2.10',
    strength: 'required',
    group: 'lent',
    origin: [{ headers: { 'Cache-Control': 'max-age=300, s-maxage=20' } }],
    steps: [{ expect: { status: 200, headers: { 'Cache-Control': /^public, max-age=(19|20)$/ } } }],
  },
  {
    id: 'client-ttl-of-a-stale-value',
    rfc: 'RFC 9111, section 4.2.4',
    strength: 'required',
    group: 'lent',
    origin: [{ headers: { 'Cache-Control': 'max-age=0, stale-while-revalidate=60' } }],
    steps: [{ expect: REVALIDATE }, { expect: REVALIDATE }],
  },
  {
    id: 'age-grows',
    rfc: 'RFC 9111, section 5.1',
    strength: 'required',
    steps: [
      { expect: { status: 200, headers: { Age: '0' } } },
      { until: ['Age', /^(?!0$)/], expect: { status: 200, headers: { Age: '1' } } },
      { until: ['Age', /^(?!1$)/], expect: { status: 200, headers: { Age: '2' } } },
    ],
    originRequests: 1,
  },
  {
    id: 'age-of-not-modified',
    rfc: 'RFC 9111, section 5.1',
    strength: 'required',
    steps: [{ headers: { 'If-None-Match': '*' }, expect: { status: 304, headers: { Age: '0' } } }],
  },
  {
    id: 'what-is-private-is-kept-by-nobody',
    rfc: 'RFC 9111, section 5.2.2.5',
    strength: 'required',
    worker: 'guarded',
    group: 'private',
    steps: [
      {
        headers: WITH_TOKEN,
        expect: { status: 200, headers: { 'Cache-Control': 'private, no-store' }, body: DIGITS },
      },
      {
        headers: { ...WITH_TOKEN, 'If-None-Match': '*' },
        expect: { status: 304, headers: { 'Cache-Control': 'private, no-store' } },
      },
      {
        headers: { ...WITH_TOKEN, Range: 'bytes=0-1' },
        expect: { status: 206, headers: { 'Cache-Control': 'private, no-store' } },
      },
    ],
    originRequests: 1,
  },
  {
    id: 'only-if-cached-loads-all-the-same',
    rfc: 'RFC 9111, section 5.2.1.7',
    strength: 'check',
    steps: [{ headers: { 'Cache-Control': 'only-if-cached' }, expect: WHOLE }],
    originRequests: 1,
  },
  indifferentTo(
    'wishes-of-a-client-are-ignored',
    'RFC 9111, section 5.2.1',
    { 'Cache-Control': 'no-cache' },
    { 'Cache-Control': 'no-store' },
    { 'Cache-Control': 'max-age=0' },
    { 'Cache-Control': 'min-fresh=3600' },
    { 'Cache-Control': 'only-if-cached' },
    { Pragma: 'no-cache' },
    { 'Cache-Control': 'no-cache', Pragma: 'no-cache' },
  ),
  indifferentTo(
    'one-representation-for-all-clients',
    'RFC 9110, section 12.5.5',
    { Accept: 'application/json' },
    { Accept: 'image/*;q=0.1' },
    { 'Accept-Encoding': 'gzip, br' },
    { 'Accept-Encoding': 'identity' },
    { 'Accept-Language': 'uk' },
    { Cookie: 'session=1' },
    { Authorization: 'Bearer of-another-service' },
    { 'User-Agent': 'curl/8.0' },
    { Origin: 'https://page.example', Referer: 'https://page.example/a' },
    { 'X-Forwarded-For': '192.0.2.1', 'X-Forwarded-Host': 'page.example' },
  ),
]
