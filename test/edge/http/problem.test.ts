import { describe, expect, test } from 'vitest'
import { problem } from '../../../src/edge/http/problem.ts'

describe('a problem', () => {
  test('has all members of problem details, and a code (RFC 9457, section 3.1)', async () => {
    const response = problem('internal', 'The failure has been logged.')

    expect(response.status).toBe(500)
    expect(await response.json()).toEqual({
      type: 'urn:workers-groupcache:internal',
      title: 'Something went wrong here',
      status: 500,
      detail: 'The failure has been logged.',
      code: 'internal',
    })
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
  })

  test('names the caches that took part, and has the headers that it is given', () => {
    const { headers } = problem('overloaded', 'Too much.', {
      path: [
        { cache: 'node-7', fwd: 'miss' },
        { cache: 'edge', fwd: 'miss' },
      ],
      headers: { 'Retry-After': '1' },
    })

    expect(headers.get('cache-status')).toBe('node-7; fwd=miss, edge; fwd=miss')
    expect(headers.get('retry-after')).toBe('1')
  })
})
