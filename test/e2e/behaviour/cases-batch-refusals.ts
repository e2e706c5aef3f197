/** Behaviours of batch reads that are refused as a whole, and of who may have one. */

import { batch, ETAG, JSON_TYPE, WITH_TOKEN } from './expected.ts'
import type { Behaviour, Expected } from './run.ts'

const BAD_REQUEST = 'RFC 9110, section 15.5.1'
const badRequest = (detail: RegExp): Expected => ({ status: 400, problem: 'bad-request', detail })

export const BATCH_REFUSALS: readonly Behaviour[] = [
  {
    id: 'batch-of-a-thousand-and-one-keys',
    rfc: BAD_REQUEST,
    strength: 'required',
    steps: [
      batch({ keys: Array(1_001).fill('key') }, badRequest(/^keys\b.*1000/), {
        path: '/cache/echo',
      }),
    ],
  },
  {
    id: 'batch-that-is-no-json',
    rfc: BAD_REQUEST,
    strength: 'required',
    steps: ['', '{', '{"keys":["a"]', 'keys=a', '\u{feff}', "{'keys':['a']}"].map((body) =>
      batch(body, badRequest(/JSON/)),
    ),
    originRequests: 0,
  },
  {
    id: 'batch-that-is-no-list-of-keys',
    rfc: BAD_REQUEST,
    strength: 'required',
    steps: [
      batch('[]', badRequest(/^keys\b/)),
      batch('null', badRequest(/^The body\b/)),
      batch({}, badRequest(/^keys\b/)),
      batch({ keys: 'a' }, badRequest(/^keys\b/)),
      batch({ keys: ['a', 1] }, badRequest(/^keys\.1\b/)),
      batch({ keys: ['a'], group: 'scores' }, badRequest(/^group\b/)),
    ],
    originRequests: 0,
  },
  {
    id: 'batch-of-no-such-group',
    rfc: 'RFC 9110, section 15.5.5',
    strength: 'required',
    steps: [
      batch({ keys: ['a'] }, { status: 404, problem: 'no-such-group' }, { path: '/cache/nowhere' }),
    ],
  },
  {
    id: 'batch-private',
    rfc: 'RFC 9110, section 15.5.2',
    strength: 'required',
    worker: 'guarded',
    steps: [
      batch(
        { keys: ['batch-private'] },
        { status: 401, problem: 'unauthorized', headers: { 'WWW-Authenticate': 'Bearer' } },
        { path: '/cache/private' },
      ),
      batch(
        { keys: ['batch-private'] },
        {
          status: 200,
          headers: { 'Cache-Control': /no-store/ },
          absent: ['Access-Control-Allow-Origin'],
          json: { entries: [{ key: 'batch-private', status: 200, etag: ETAG }] },
        },
        { path: '/cache/private', headers: { ...JSON_TYPE, ...WITH_TOKEN } },
      ),
    ],
    originRequests: 1,
  },
]
