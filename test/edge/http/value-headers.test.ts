import { describe, expect, test } from 'vitest'
import { encodeUtf8 } from '../../../src/core/bytes.ts'
import { systemClock } from '../../../src/core/clock.ts'
import type { ValueEntry } from '../../../src/core/entry/entry.ts'
import { WholePayload } from '../../../src/edge/http/payload.ts'
import { valueResponse } from '../../../src/edge/http/value-response.ts'

const NOW_MS = 1_700_000_000_000
const ENTRY: ValueEntry = {
  kind: 'value',
  value: encodeUtf8('630'),
  contentType: 'text/x-score',
  contentLanguage: 'uk',
  lastModified: 'Tue, 01 Sep 2026 10:00:00 GMT',
  etag: '"1"',
  tags: [],
  ttlMs: 60_000,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  loadedAtMs: NOW_MS - 52_999,
  expiresAtMs: NOW_MS + 7_001,
}

function responseOf(
  entry: ValueEntry,
  access: 'public' | 'private' = 'public',
  method = 'GET',
  headers: Record<string, string> = {},
) {
  const path = [{ cache: 'edge', hit: true, ttlMs: 7_001 }]
  const timing = 'hot'
  const payload = new WholePayload(entry, () => undefined, systemClock)
  const answer = { entry, payload, path, timing, access, clientTtlMs: 30_000, nowMs: NOW_MS }
  return valueResponse(new Request('https://host/', { method, headers }), answer)
}

describe('the headers of a value', () => {
  test('say all that is known of it, and no more than is true', async () => {
    const response = responseOf(ENTRY)

    expect(await response.text()).toBe('630')
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/x-score',
      'content-language': 'uk',
      'content-length': '3',
      'content-encoding': 'identity',
      'last-modified': 'Tue, 01 Sep 2026 10:00:00 GMT',
      etag: '"1"',
      age: '52',
      // Clients may keep it for 30 s, but it is fresh for only 7 more.
      'cache-control': 'public, max-age=7',
      'cache-status': 'edge; hit; ttl=8',
      'server-timing': 'hot',
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': '*',
    })
  })

  test.each([
    [206, { Range: 'bytes=0-1' }],
    [304, { 'If-None-Match': '"1"' }],
    [412, { 'If-Match': '"2"' }],
    [416, { Range: 'bytes=9-' }],
  ])('tell of the time with %i too', (status, headers) => {
    const response = responseOf(ENTRY, 'public', 'GET', headers)

    expect(response.status).toBe(status)
    expect(response.headers.get('server-timing')).toBe('hot')
  })

  test('never say an Age below 0, though the clock of another machine may be ahead', () => {
    const { headers } = responseOf({ ...ENTRY, loadedAtMs: NOW_MS + 5_000 })

    expect(headers.get('age')).toBe('0')
  })

  test('open a private value to no page', () => {
    const { headers } = responseOf(ENTRY, 'private')

    expect(headers.get('access-control-allow-origin')).toBeNull()
    expect(headers.get('cache-control')).toBe('private, no-store')
  })

  test('are the same for HEAD, which has no body', async () => {
    const head = responseOf(ENTRY, 'public', 'HEAD')

    expect(await head.text()).toBe('')
    expect([...head.headers]).toEqual([...responseOf(ENTRY).headers])
  })

  test.each([
    'text/html; charset=utf-8',
    'application/xhtml+xml',
    'image/svg+xml',
    'Text/HTML',
    'application/xml',
    'text/xsl',
    'multipart/x-mixed-replace; boundary=a',
    'text/x-unknown',
    'text/plainer',
    'image/svg+xml; charset=utf-8',
    'text/plain; charset=utf-8, text/html',
    'image/png;,image/svg+xml',
    'image/x-unknown+xml',
  ])('put a page of type %s into an origin of its own', (contentType) => {
    const policy = responseOf({ ...ENTRY, contentType }).headers.get('content-security-policy')

    expect(policy).toMatch(/^sandbox /)
    expect(policy).toContain('allow-scripts')
    expect(policy).not.toContain('allow-same-origin')
  })

  test.each([
    'text/plain; charset=utf-8',
    'application/json',
    'application/problem+json',
    'application/octet-stream',
    'application/pdf',
    'image/png',
    'image/vnd.microsoft.icon',
    'video/mp4',
  ])('leave what runs nothing alone: %s', (contentType) => {
    const { headers } = responseOf({ ...ENTRY, contentType })

    expect(headers.get('content-security-policy')).toBeNull()
  })
})
