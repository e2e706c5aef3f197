/** Behaviours of error answers: one for each code that can be provoked from outside (RFC 9457). */

import { OTHER_ETAG } from './expected.ts'
import type { Behaviour, Expected, Step } from './run.ts'

interface Problem extends Partial<Omit<Behaviour, 'steps'>> {
  readonly code: string
  readonly status: number
  readonly title: string
  readonly expect?: Partial<Expected>
  readonly asks: readonly Partial<Step>[]
}

function problem({ code, status, title, expect, asks, ...rest }: Problem): Behaviour {
  return {
    id: `problem-${code}`,
    rfc: 'RFC 9457, section 3.1',
    strength: 'required',
    ...rest,
    steps: asks.map((step) => ({ ...step, expect: { ...expect, status, problem: code, title } })),
  }
}

const SECRETIVE = { 'Content-Type': 'text/plain', 'X-Secret': 'secret of the origin' }

export const PROBLEMS: readonly Behaviour[] = [
  problem({
    code: 'bad-key',
    status: 400,
    title: 'The key is not valid',
    asks: [
      '/cache/pages',
      '/cache/pages/',
      '/cache/pages/%',
      '/cache/pages/%zz',
      '/cache/pages/%C0%AE',
      '/cache/pages/%00',
      '/cache/pages/..%2fadmin',
      `/cache/pages/${'x'.repeat(1_025)}`,
      '/cache/scores/',
      '/cache/scores/%E2%82',
      '/cache/scores/%1F',
      `/cache/scores/${'%C3%A9'.repeat(513)}`,
    ].map((path) => ({ path })),
  }),
  problem({
    code: 'bad-request',
    status: 400,
    title: 'The request is not valid',
    asks: [{ method: 'POST', path: '/cache/pages', body: 'keys=a' }],
  }),
  problem({
    code: 'unauthorized',
    status: 401,
    title: 'The bearer token is missing or wrong',
    worker: 'guarded',
    group: 'private',
    expect: { headers: { 'WWW-Authenticate': 'Bearer' } },
    asks: [
      {},
      { method: 'HEAD' },
      { method: 'PUT', body: 'x' },
      { method: 'DELETE' },
      { method: 'POST', path: '/cache/private', body: '{"keys":["a"]}' },
      { path: '/admin/stats' },
      ...['Bearer wrong', 'Bearer', 'Basic Y29ycmVjdC1ob3JzZQ==', 'correct-horse'].map(
        (Authorization) => ({ headers: { Authorization } }),
      ),
    ],
    originRequests: 0,
  }),
  problem({
    code: 'admin-disabled',
    status: 403,
    title: 'Administration is turned off',
    asks: [
      { method: 'PUT', body: 'x' },
      { method: 'DELETE' },
      { group: 'private' },
      { method: 'POST', path: '/admin/purge', body: '{}' },
      { path: '/admin/stats' },
      { path: '/admin/ring', headers: { Authorization: 'Bearer undefined' } },
    ],
    originRequests: 0,
  }),
  problem({
    code: 'no-such-group',
    status: 404,
    title: 'There is no such group',
    asks: [
      { path: '/cache/nowhere/x' },
      { path: '/cache/nowhere' },
      { path: '/cache/nowhere/x', method: 'HEAD' },
      { path: '/cache/constructor/x' },
      { path: '/cache/Pages/x' },
    ],
  }),
  problem({
    code: 'not-found',
    status: 404,
    title: 'The key does not exist',
    origin: [
      { status: 404, headers: SECRETIVE, body: 'secret of the origin' },
      { status: 410, headers: SECRETIVE, body: 'secret of the origin' },
    ],
    asks: [{}, {}, { path: '/cache/scores/nobody' }],
    originRequests: 2,
  }),
  problem({
    code: 'no-such-route',
    status: 404,
    title: 'There is nothing at this path',
    asks: ['/nowhere', '/cache', '/cache/', '/CACHE/pages/a', '//cache/pages/a'].map((path) => ({
      path,
    })),
  }),
  problem({
    code: 'method-not-allowed',
    status: 405,
    title: 'The method is not allowed here',
    expect: { headers: { Allow: 'GET, HEAD, PUT, DELETE, OPTIONS' } },
    asks: [{ method: 'POST' }, { method: 'PATCH' }],
    originRequests: 0,
  }),
  problem({
    code: 'precondition-failed',
    status: 412,
    title: 'The precondition does not hold',
    asks: [{ headers: { 'If-Match': OTHER_ETAG } }],
  }),
  problem({
    code: 'range-not-satisfiable',
    status: 416,
    title: 'The range is not within the value',
    expect: { headers: { 'Content-Range': 'bytes */10' } },
    asks: [{ headers: { Range: 'bytes=10-' } }],
  }),
  problem({
    code: 'load-failed',
    status: 502,
    title: 'The value could not be loaded',
    group: 'failing',
    origin: [500, 403, 503, 206, 302].map((status) => ({
      status,
      headers: SECRETIVE,
      body: 'secret of the origin\n    at load (/srv/origin.js:1:1)',
    })),
    asks: Array.from({ length: 5 }, () => ({})),
    originRequests: 5,
  }),
  problem({
    code: 'load-timeout',
    status: 504,
    title: 'The value took too long to load',
    group: 'impatient',
    origin: ['hangs'],
    asks: [{}],
    originRequests: 1,
  }),
]
