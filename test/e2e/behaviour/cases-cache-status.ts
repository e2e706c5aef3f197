/** Behaviours of Cache-Status (RFC 9211). */

import { OTHER_ETAG } from './expected.ts'
import type { Behaviour, Expected, Member } from './run.ts'

const ASKED: Member = { cache: 'edge', fwd: 'miss' }
const LOADED: readonly Member[] = [{ cache: 'node', fwd: 'miss', stored: true }, ASKED]
const NOT_KEPT: readonly Member[] = [{ cache: 'node', fwd: 'miss' }, ASKED]
const OWNER_HIT: readonly Member[] = [{ cache: 'node', hit: true, ttl: 'positive' }, ASKED]
const HOT_HIT: readonly Member[] = [{ cache: 'edge', hit: true, ttl: 'positive' }]

function says(cacheStatus: readonly Member[], status = 200): Expected {
  return { status, cacheStatus }
}

const FAILED: Expected = { status: 502, problem: 'load-failed', cacheStatus: NOT_KEPT }

export const CACHE_STATUS: readonly Behaviour[] = [
  {
    id: 'cache-status-cold-and-hot',
    rfc: 'RFC 9211, section 2',
    strength: 'required',
    steps: [{ expect: says(LOADED) }, { expect: says(HOT_HIT) }],
    originRequests: 1,
  },
  {
    id: 'cache-status-owner-hit',
    rfc: 'RFC 9211, section 2.1',
    strength: 'required',
    group: 'owned',
    steps: [{ expect: says(LOADED) }, { expect: says(OWNER_HIT) }, { expect: says(OWNER_HIT) }],
    originRequests: 1,
  },
  {
    id: 'cache-status-of-other-answers-about-a-value',
    rfc: 'RFC 9211, section 2',
    strength: 'required',
    steps: [
      { method: 'HEAD', expect: says(LOADED) },
      { method: 'HEAD', expect: says(HOT_HIT) },
      { headers: { Range: 'bytes=0-1' }, expect: says(HOT_HIT, 206) },
      { headers: { 'If-None-Match': '*' }, expect: says(HOT_HIT, 304) },
    ],
  },
  {
    id: 'cache-status-of-a-range-not-satisfiable',
    rfc: 'RFC 9211, section 2',
    strength: 'optimal',
    steps: [{ headers: { Range: 'bytes=99-' }, expect: says(LOADED, 416) }],
  },
  {
    id: 'cache-status-of-a-failed-precondition',
    rfc: 'RFC 9211, section 2',
    strength: 'optimal',
    steps: [{ headers: { 'If-Match': OTHER_ETAG }, expect: says(LOADED, 412) }],
  },
  {
    id: 'cache-status-ttl-is-what-is-left',
    rfc: 'RFC 9211, section 2.4',
    strength: 'required',
    group: 'owned',
    origin: [{ headers: { 'Cache-Control': 'max-age=1000' } }],
    steps: [
      { expect: says(LOADED) },
      {
        // Two: the node reads its clock before the edge does, and rounds up.
        until: ['Age', /^[2-9]$/],
        expect: { status: 200, headers: { 'Cache-Status': /^node-\d+; hit; ttl=99\d, edge/ } },
      },
    ],
  },
  {
    id: 'cache-status-not-kept',
    rfc: 'RFC 9211, section 2.5',
    strength: 'required',
    origin: [{ headers: { 'Cache-Control': 'no-store' } }],
    steps: [{ expect: says(NOT_KEPT) }, { expect: says(NOT_KEPT) }],
    originRequests: 2,
  },
  {
    id: 'cache-status-not-found',
    rfc: 'RFC 9211, section 2',
    strength: 'required',
    origin: [{ status: 404 }],
    steps: [{ expect: says(NOT_KEPT, 404) }, { expect: says(NOT_KEPT, 404) }],
    originRequests: 2,
  },
  {
    id: 'cache-status-not-found-and-remembered',
    rfc: 'RFC 9211, section 2',
    strength: 'required',
    group: 'mindful',
    origin: [{ status: 404 }],
    steps: [{ expect: says(LOADED, 404) }, { expect: says(OWNER_HIT, 404) }],
    originRequests: 1,
  },
  {
    id: 'cache-status-failed',
    rfc: 'RFC 9211, section 2',
    strength: 'required',
    group: 'failing',
    origin: [{ status: 500 }],
    steps: [{ expect: FAILED }, { expect: FAILED }],
    originRequests: 2,
  },
  {
    id: 'cache-status-collapsed',
    rfc: 'RFC 9211, section 2.6',
    strength: 'required',
    together: true,
    steps: [
      { expect: says(LOADED) },
      ...Array.from({ length: 3 }, () => ({
        expect: says([{ cache: 'node', fwd: 'miss', stored: true, collapsed: true }, ASKED]),
      })),
    ],
    originRequests: 1,
  },
  {
    id: 'cache-status-stale-while-revalidating',
    rfc: 'RFC 9211, section 2.4',
    strength: 'required',
    group: 'revalidated',
    origin: [{}, 'hangs'],
    steps: [
      { expect: says(LOADED) },
      {
        until: ['Cache-Status', /ttl=-/],
        expect: says([{ cache: 'node', fwd: 'stale', ttl: 'negative' }, ASKED]),
      },
      { expect: says([{ cache: 'node', hit: true, ttl: 'negative' }, ASKED]) },
    ],
    originRequests: 2,
  },
  {
    id: 'cache-status-stale-if-error',
    rfc: 'RFC 9211, section 2.4',
    strength: 'required',
    group: 'forgiving',
    origin: [{}, { status: 500 }],
    steps: [
      { expect: says(LOADED) },
      {
        until: ['Cache-Status', /ttl=-/],
        expect: says([{ cache: 'node', fwd: 'stale', ttl: 'negative' }, ASKED]),
      },
    ],
    originRequests: 2,
  },
  {
    id: 'cache-status-is-not-there-where-no-cache-was-asked',
    rfc: 'RFC 9211, section 2',
    strength: 'required',
    steps: ['/cache/pages/%zz', '/cache/nowhere/x', '/nowhere', '/healthz'].map((path) => ({
      path,
      expect: {
        status: path === '/healthz' ? 200 : path.endsWith('%zz') ? 400 : 404,
        absent: ['Cache-Status'],
      },
    })),
  },
]
