/** Behaviours of reading many keys at once: `POST /cache/<group>`. */

import { batch, DIGITS, ETAG, OTHER_ETAG } from './expected.ts'
import type { Behaviour, Expected } from './run.ts'

const POST = 'RFC 9110, section 9.3.3'
const VALUE = {
  status: 200,
  contentType: 'text/plain',
  etag: ETAG,
  value: Buffer.from(DIGITS).toString('base64'),
}
const OTHER_VALUE = { ...VALUE, etag: OTHER_ETAG, value: 'OTg3NjU0MzIxMA==' }

function entries(...list: readonly object[]): Expected {
  return {
    status: 200,
    headers: {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      'Access-Control-Allow-Origin': '*',
    },
    absent: ['ETag', 'Age'],
    json: { entries: list },
  }
}

const THOUSAND = Array.from({ length: 1_000 }, (_, i) => `key-${i}`)

export const BATCH: readonly Behaviour[] = [
  {
    id: 'batch-in-order',
    rfc: POST,
    strength: 'required',
    originAt: { b: { body: '9876543210' } },
    steps: [
      batch(
        { keys: ['c', 'a', 'b'].map((key) => `batch-in-order/${key}`) },
        entries(
          { key: 'batch-in-order/c', ...VALUE },
          { key: 'batch-in-order/a', ...VALUE },
          { key: 'batch-in-order/b', ...OTHER_VALUE },
        ),
      ),
    ],
    originRequests: 3,
  },
  {
    id: 'batch-twice',
    rfc: POST,
    strength: 'required',
    steps: [
      batch(
        { keys: Array(3).fill('batch-twice') },
        entries(...Array(3).fill({ key: 'batch-twice', ...VALUE })),
      ),
    ],
    originRequests: 1,
  },
  {
    id: 'batch-statuses',
    rfc: POST,
    strength: 'required',
    originAt: { gone: { status: 404 }, broken: { status: 500, body: 'secret of the origin' } },
    steps: [
      batch(
        { keys: ['gone', 'here', 'broken'].map((key) => `batch-statuses/${key}`) },
        entries(
          { key: 'batch-statuses/gone', status: 404, code: 'not-found' },
          { key: 'batch-statuses/here', ...VALUE },
          { key: 'batch-statuses/broken', status: 502, code: 'load-failed' },
        ),
        { path: '/cache/failing' },
      ),
    ],
    originRequests: 3,
  },
  {
    id: 'batch-with-a-bad-key',
    rfc: POST,
    strength: 'required',
    steps: ['', '%zz', '../admin', '..%2fadmin', 'a b', 'a\u0000', 'x'.repeat(1_025)].map((key) =>
      batch(
        { keys: [key, 'batch-with-a-bad-key'] },
        entries({ key, status: 400, code: 'bad-key' }, { key: 'batch-with-a-bad-key', ...VALUE }),
      ),
    ),
    originRequests: 1,
  },
  {
    id: 'batch-timeout',
    rfc: POST,
    strength: 'required',
    origin: ['hangs'],
    steps: [
      batch(
        { keys: ['batch-timeout'] },
        entries({ key: 'batch-timeout', status: 504, code: 'load-timeout' }),
        { path: '/cache/impatient' },
      ),
    ],
  },
  {
    id: 'batch-as-get',
    rfc: POST,
    strength: 'required',
    steps: [
      { expect: { status: 200, headers: { ETag: ETAG }, body: DIGITS } },
      batch({ keys: ['batch-as-get'] }, entries({ key: 'batch-as-get', ...VALUE })),
    ],
    originRequests: 1,
  },
  {
    id: 'batch-loads-what-get-then-finds',
    rfc: POST,
    strength: 'optimal',
    steps: [
      batch({ keys: ['batch-loads-what-get-then-finds'] }, { status: 200 }),
      { expect: { status: 200, body: DIGITS } },
    ],
    originRequests: 1,
  },
  {
    id: 'batch-of-no-keys',
    rfc: POST,
    strength: 'required',
    steps: [batch({ keys: [] }, entries())],
  },
  {
    id: 'batch-of-a-thousand-keys',
    rfc: POST,
    strength: 'required',
    steps: [
      batch(
        { keys: THOUSAND },
        entries(...THOUSAND.map((key) => ({ key, status: 200, value: btoa(key) }))),
        { path: '/cache/echo' },
      ),
    ],
  },
]
