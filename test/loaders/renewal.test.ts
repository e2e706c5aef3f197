/** What a 304 makes of a stored value, through a group with its loader (RFC 9111, sections 3.2 and 4.3.4). */

import { describe, expect, test } from 'vitest'
import type { StoredEntry } from '../../src/core/durable/entry-store.ts'
import type { ValueEntry } from '../../src/core/entry/entry.ts'
import type { GroupOptions } from '../../src/core/group/group.ts'
import { createDurableGroup } from '../support/durable-group.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { BASE, fakeOrigin } from '../support/fake-origin.ts'
import { createTestGroup, textOf } from '../support/group-factory.ts'
import { settle } from '../support/settle.ts'

const START = 'Tue, 01 Sep 2026 10:00:00 GMT'

type Headers = Record<string, string>

/** A group in front of an origin that answers with the headers given, one after the other. */
function cacheOf(
  answers: readonly (readonly [status: number, headers: Headers])[],
  options: Partial<GroupOptions> = {},
) {
  const clock = new FakeClock(Date.parse(START))
  let asked = 0
  const origin = fakeOrigin(
    {
      [`${BASE.href}a`]: () => {
        const [status, headers] = answers[Math.min(asked++, answers.length - 1)] ?? [500, {}]
        return new Response(status === 200 ? 'x' : null, { status, headers })
      },
    },
    { now: () => clock.now() },
  )
  const { group } = createTestGroup({ loader: origin.loader, clock, options })
  const get = async () => {
    const reply = await group.get('a')
    return { reply, entry: 'entry' in reply ? reply.entry : undefined, asked }
  }
  return { clock, get, group, origin }
}

/** The entry after it was loaded, was stale, and was renewed, 1.5 s later. */
async function renewedBy(first: Headers, second: Headers, options: Partial<GroupOptions> = {}) {
  const cache = cacheOf(
    [
      [200, { ETag: '"v"', ...first }],
      [304, second],
    ],
    options,
  )
  await cache.get()
  cache.clock.advance(1_500)
  const { entry } = await cache.get()
  // Behind a stale answer, if it may be answered.
  await settle()
  expect(cache.origin.requests).toHaveLength(2)
  const held = cache.group.peek('a')
  return { ...cache, entry: (held?.kind === 'value' ? held.entry : entry) as ValueEntry }
}

describe('a 304', () => {
  test('replaces what describes the value, for clients and for the next condition', async () => {
    const first = {
      'Cache-Control': 'max-age=1',
      'Content-Type': 'text/plain',
      'Content-Language': 'de',
      'Last-Modified': 'Mon, 31 Aug 2026 10:00:00 GMT',
    }
    const second = {
      'Content-Type': 'text/html',
      'Content-Language': 'en',
      'Last-Modified': 'Tue, 01 Sep 2026 09:00:00 GMT',
      ETag: 'W/"v"',
    }
    const { clock, entry, get, origin } = await renewedBy(first, second)
    clock.advance(1_000)
    await get()

    expect(entry).toMatchObject({
      contentType: 'text/html',
      contentLanguage: 'en',
      lastModified: second['Last-Modified'],
      originEtag: 'W/"v"',
    })
    expect(origin.requests.map(({ init }) => init.headers)).toEqual([
      { 'X-Key': 'secret' },
      {
        'X-Key': 'secret',
        'If-None-Match': '"v"',
        'If-Modified-Since': first['Last-Modified'],
      },
      {
        'X-Key': 'secret',
        'If-None-Match': 'W/"v"',
        'If-Modified-Since': second['Last-Modified'],
      },
    ])
  })

  test('leaves what it does not bring', async () => {
    const described = {
      'Cache-Control': 'max-age=1',
      'Content-Type': 'text/plain',
      'Content-Language': 'de',
      'Last-Modified': 'Mon, 31 Aug 2026 10:00:00 GMT',
    }
    const { entry } = await renewedBy(described, { 'Content-Language': '\x01' })

    expect(entry).toMatchObject({
      contentType: 'text/plain',
      contentLanguage: 'de',
      lastModified: described['Last-Modified'],
      originEtag: '"v"',
    })
  })

  const ALL = 'max-age=1, stale-while-revalidate=20, stale-if-error=30'
  const OFF = { staleWhileRevalidateMs: 0, staleIfErrorMs: 0 }
  const GROUP = { ttlMs: 60_000, staleWhileRevalidateMs: 7_000, staleIfErrorMs: 8_000 }
  const WINDOWS = { staleWhileRevalidateMs: 7_000, staleIfErrorMs: 8_000 }
  const SECOND = { 'Cache-Control': 'max-age=1' }

  test.each<[string, Headers, Headers, object]>([
    [
      'nothing: the stored policy holds, from now on',
      { 'Cache-Control': ALL },
      {},
      { ttlMs: 1_000, staleWhileRevalidateMs: 20_000, staleIfErrorMs: 30_000 },
    ],
    [
      'nothing, and the Age of the first response is over with it',
      { 'Cache-Control': 'max-age=11', Age: '10' },
      {},
      { ttlMs: 11_000 },
    ],
    [
      'an Age of its own',
      { 'Cache-Control': 'max-age=11', Age: '10' },
      { Age: '3' },
      { ttlMs: 8_000 },
    ],
    [
      'a Date of its own',
      { 'Cache-Control': 'max-age=61', Date: 'Tue, 01 Sep 2026 09:59:00 GMT', Age: '60' },
      { Date: 'Tue, 01 Sep 2026 09:59:50 GMT' },
      { ttlMs: 51_000 },
    ],
    ['another max-age', SECOND, { 'Cache-Control': 'max-age=60' }, { ttlMs: 60_000, ...WINDOWS }],
    [
      'a Cache-Control without the stored windows',
      { 'Cache-Control': ALL },
      SECOND,
      { ttlMs: 1_000, ...WINDOWS },
    ],
    [
      'a Cache-Control that says nothing of its life: the group does',
      { 'Cache-Control': ALL },
      { 'Cache-Control': 'public' },
      GROUP,
    ],
    ['must-revalidate', SECOND, { 'Cache-Control': 'max-age=60, must-revalidate' }, OFF],
    ['s-maxage', SECOND, { 'Cache-Control': 's-maxage=60' }, { ttlMs: 60_000, ...OFF }],
    [
      'nothing after must-revalidate',
      { 'Cache-Control': 'max-age=1, must-revalidate' },
      {},
      { ttlMs: 1_000, ...OFF },
    ],
    ['nothing after s-maxage', { 'Cache-Control': 's-maxage=1' }, {}, { ttlMs: 1_000, ...OFF }],
    [
      'max-age after s-maxage: the windows of the group are on again',
      { 'Cache-Control': 's-maxage=1' },
      { 'Cache-Control': 'max-age=60' },
      { ttlMs: 60_000, ...WINDOWS },
    ],
    [
      'Expires, which max-age still goes before',
      SECOND,
      { Expires: 'Tue, 01 Sep 2026 11:00:00 GMT' },
      { ttlMs: 1_000 },
    ],
    [
      'Expires in place of the stored one',
      { Expires: 'Tue, 01 Sep 2026 10:00:01 GMT' },
      { Expires: 'Tue, 01 Sep 2026 10:01:01 GMT' },
      { ttlMs: 59_500 },
    ],
    [
      'Expires, and a Cache-Control without max-age',
      SECOND,
      { 'Cache-Control': 'public', Expires: 'Tue, 01 Sep 2026 10:01:01 GMT' },
      { ttlMs: 59_500 },
    ],
  ])('that brings %s', async (_, first, second, life) => {
    const { entry } = await renewedBy(first, second, GROUP)

    expect(entry).toMatchObject(life)
    expect(entry.loadedAtMs).toBe(Date.parse(START) + 1_500)
    expect(entry.expiresAtMs).toBe(entry.loadedAtMs + entry.ttlMs)
  })

  test.each<Headers>([
    { 'Cache-Control': 'no-store' },
    { 'Cache-Control': 'private' },
    { 'Cache-Control': 'no-cache' },
    { 'Set-Cookie': 'session=1' },
    { Vary: '*' },
    { 'Cache-Tag': 'a b' },
  ])('that says %j is answered, and nothing is kept', async (second) => {
    const { entry, get, group } = await renewedBy({ 'Cache-Control': 'max-age=1' }, second)

    expect(entry.value).toEqual(new TextEncoder().encode('x'))
    expect(group.items).toBe(0)
    expect((await get()).asked).toBe(3)
  })

  test('leaves an Expires that is over as it is', async () => {
    const { entry, group } = await renewedBy({ Expires: 'Tue, 01 Sep 2026 10:00:01 GMT' }, {})

    expect(entry.ttlMs).toBe(-500)
    // It is stale, and stays to be confirmed again.
    expect(group.items).toBe(1)
  })

  test('that withdraws stale-if-error leaves nothing to answer when the origin fails', async () => {
    const { clock, get } = cacheOf([
      [200, { ETag: '"v"', 'Cache-Control': 'max-age=1, stale-if-error=600' }],
      [304, { 'Cache-Control': 'max-age=1' }],
      [503, {}],
    ])
    await get()
    clock.advance(1_250)
    await get()
    clock.advance(1_250)

    expect((await get()).reply).toMatchObject({ kind: 'failed', code: 'load-failed' })
  })

  test('after another 304 still goes by what the first response said', async () => {
    const { clock, get } = cacheOf([
      [200, { ETag: '"v"', 'Cache-Control': 'max-age=5', Age: '4' }],
      [304, {}],
    ])
    await get()
    clock.advance(1_000)
    const renewed = await get()
    clock.advance(5_000)
    const again = await get()

    expect([renewed, again].map(({ asked, entry }) => [asked, entry?.ttlMs])).toEqual([
      [2, 5_000],
      [3, 5_000],
    ])
  })
})

describe('a value that was read back from disk', () => {
  const FIRST = { ETag: '"v"', 'Cache-Control': 'max-age=5, stale-if-error=9', Age: '4' }

  /** A durable group that has loaded the value, and has lost its memory and the value's freshness since. */
  async function afterLoss(second: () => Response) {
    const clock = new FakeClock(Date.parse(START))
    const origin = fakeOrigin(
      {
        [`${BASE.href}a`]: () =>
          origin.requests.length === 1 ? new Response('x', { headers: FIRST }) : second(),
      },
      { now: () => clock.now() },
    )
    const node = createDurableGroup({ loader: origin.loader, clock })
    await node.group.get('a')
    node.write()
    node.loseMemory()
    clock.advance(60_000)
    return { node, origin }
  }

  test('is renewed with the policy that was stored with it', async () => {
    const { node } = await afterLoss(() => new Response(null, { status: 304 }))

    expect(await node.group.get('a')).toMatchObject({
      entry: { ttlMs: 5_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 9_000 },
    })
  })

  test('of an earlier version, without a policy, keeps its life where a 304 says nothing of it', async () => {
    const { node } = await afterLoss(() => new Response(null, { status: 304 }))
    const stored = node.store.read('a', Date.parse(START)) as StoredEntry
    const { policy: _, ...entry } = stored.entry
    node.store.write('a', { ...stored, entry })

    expect(await node.group.get('a')).toMatchObject({
      entry: { ttlMs: 1_000, staleIfErrorMs: 9_000 },
    })
  })

  test('is loaded anew where the origin does not take its condition', async () => {
    const { node, origin } = await afterLoss(() => {
      const headers = new Headers(origin.requests.at(-1)?.init.headers)
      return headers.has('if-none-match') ? new Response('', { status: 416 }) : new Response('y')
    })

    expect(textOf(await node.group.get('a'))).toBe('y')
    expect(origin.requests).toHaveLength(3)
  })
})

describe('a value that has been stale for three seconds when it comes', () => {
  const AGED = { 'Cache-Control': 'max-age=10, stale-while-revalidate=4', Age: '13' }

  test('is answered stale for what is left of its window, and says so', async () => {
    const { get } = cacheOf([
      [200, AGED],
      [200, { 'Cache-Control': 'max-age=60' }],
    ])
    const cold = await get()
    const stale = await get()

    expect(cold.reply.path).toEqual([{ cache: 'node-0', fwd: 'miss', stored: true }])
    expect(stale.reply.path).toEqual([{ cache: 'node-0', fwd: 'stale', ttlMs: -3_000 }])
    await settle()
    expect((await get()).entry?.ttlMs).toBe(60_000)
  })

  test('is not answered once that is over, though nothing has refreshed it', async () => {
    const { clock, get } = cacheOf([[200, AGED]])
    await get()
    clock.advance(1_000)

    expect(await get()).toMatchObject({ asked: 2, reply: { path: [{ fwd: 'miss' }] } })
  })

  test.each(['stale-while-revalidate=3', 'stale-if-error=2', 'stale-if-error=3'])(
    'is not kept for a window that was over by then (%s)',
    async (window) => {
      const headers = { 'Cache-Control': `max-age=10, ${window}`, Age: '13' }
      const { get, group } = cacheOf([[200, headers]])
      await get()

      expect(group.items).toBe(0)
    },
  )

  test('gets no stale window from its group', async () => {
    const { get, group } = cacheOf([[200, { 'Cache-Control': 'max-age=10', Age: '13' }]], {
      staleWhileRevalidateMs: 60_000,
    })
    await get()

    expect(group.items).toBe(0)
  })
})

test('the whole life of a value that comes fresh is counted from its age', async () => {
  const headers = { 'Cache-Control': 'max-age=10, stale-if-error=4', Age: '8' }
  const { clock, get } = cacheOf([
    [200, headers],
    [503, {}],
  ])
  await get()

  clock.advance(5_999)
  expect((await get()).reply.kind).toBe('value')
  clock.advance(1)
  expect((await get()).reply.kind).toBe('failed')
})

test('s-maxage turns the stale windows of the group off', async () => {
  const { clock, get } = cacheOf(
    [
      [200, { 'Cache-Control': 's-maxage=1' }],
      [503, {}],
    ],
    { staleWhileRevalidateMs: 60_000, staleIfErrorMs: 60_000 },
  )
  await get()
  clock.advance(1_000)

  expect((await get()).reply.kind).toBe('failed')
})
