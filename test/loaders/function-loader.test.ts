import { describe, expect, test } from 'vitest'
import type { ValueEntry } from '../../src/core/entry/entry.ts'
import { NotFoundError } from '../../src/core/errors.ts'
import { LONGEST_MS } from '../../src/core/units.ts'
import { MAX_WHOLE_BYTES } from '../../src/loaders/body.ts'
import { functionLoader, type Loaded, type StaleEntry } from '../../src/loaders/function-loader.ts'
import { ampleMemory } from '../support/load-memory.ts'

const SEEN = { signal: new AbortController().signal, group: 'scores' }
const context = () => ({ ...SEEN, memory: ampleMemory() })
const BYTES = new Uint8Array([1, 2, 3])

function load(loaded: Loaded) {
  return functionLoader(() => loaded, {})('Tom', context())
}

describe('what a load function may return', () => {
  test('a string is UTF-8 text', async () => {
    expect(await load('ключ')).toEqual({
      kind: 'value',
      value: new TextEncoder().encode('ключ'),
      contentType: 'text/plain; charset=utf-8',
    })
  })

  test.each([
    ['bytes', BYTES],
    ['a buffer', BYTES.buffer],
    ['described bytes', { value: BYTES }],
  ])('%s are of no known type', async (_, loaded) => {
    expect(await load(loaded)).toEqual({
      kind: 'value',
      value: BYTES,
      contentType: 'application/octet-stream',
    })
  })

  test('an empty string is a value', async () => {
    expect(await load('')).toMatchObject({ kind: 'value', value: new Uint8Array(0) })
  })

  test('a described value has its own type, life and tags', async () => {
    const described = {
      value: '{}',
      contentType: 'application/json',
      ttl: '5m',
      staleWhileRevalidate: 250,
      staleIfError: '1h',
      tags: ['a', 'b', 'a'],
    }

    expect(await load(described)).toEqual({
      kind: 'value',
      value: new TextEncoder().encode('{}'),
      contentType: 'application/json',
      ttlMs: 300_000,
      staleWhileRevalidateMs: 250,
      staleIfErrorMs: 3_600_000,
      tags: ['a', 'b'],
    })
  })

  test.each([
    { tags: ['a,b'] },
    { tags: ['a b'] },
    { tags: [''] },
    { tags: ['x'.repeat(1_025)] },
    { tags: ['é'] },
    { tags: [1] },
    { tags: 'a' },
    { tags: Array(1_001).fill('a') },
  ])('the tags of %j are refused', async ({ tags }) => {
    await expect(load({ value: 'x', tags: tags as string[] })).rejects.toThrow('tags')
  })

  test('null is "not found"', async () => {
    expect(await load(null)).toEqual({ kind: 'not-found' })
  })

  test("a Response is read as an origin's is", async () => {
    const page = new Response('<p>', { headers: { 'Content-Type': 'text/html' } })

    expect(await load(page)).toMatchObject({ contentType: 'text/html' })
    expect(await load(new Response('', { status: 404 }))).toEqual({ kind: 'not-found' })
    await expect(load(new Response('', { status: 500 }))).rejects.toThrow('status is 500')
  })

  test.each([undefined, 42, true, {}, [], { value: 42 }, { value: null }, Symbol('x')])(
    '%s is refused with a message that says what is allowed',
    async (loaded) => {
      await expect(load(loaded as never)).rejects.toThrow('null for "not found"')
    },
  )

  test.each(['', 'text/html\r\nSet-Cookie: a=b', 'ключ', 'a\u0000b', 42])(
    'the content type %j is refused: it is no header value',
    async (contentType) => {
      await expect(load({ value: 'x', contentType: contentType as string })).rejects.toThrow(
        'contentType',
      )
    },
  )

  test('the longest content type that is kept has 255 characters', async () => {
    const contentType = 'x'.repeat(255)

    expect(await load({ value: 'x', contentType })).toMatchObject({ contentType })
    await expect(load({ value: 'x', contentType: `${contentType}x` })).rejects.toThrow(
      'contentType',
    )
  })

  test.each(['ttl', 'staleWhileRevalidate', 'staleIfError'])(
    'a bad %s is refused, and named',
    async (field) => {
      await expect(load({ value: 'x', [field]: 'soon' })).rejects.toThrow(
        `a ${field} that is not a duration`,
      )
    },
  )

  test.each(['soon', '-1s', '1.5ms', '1 s', '1500.5', '3651d', Number.NaN, null, true])(
    'the ttl %j is refused',
    async (ttl) => {
      await expect(load({ value: 'x', ttl: ttl as string })).rejects.toThrow('ttl')
    },
  )

  test.each([
    [1_500.5, 1_500],
    [999.999, 999],
    [0.5, 0],
    [60, 60],
    [-0.5, 0],
    [-1_000, 0],
    [Number.NEGATIVE_INFINITY, 0],
    [Number.POSITIVE_INFINITY, LONGEST_MS],
    [Number.MAX_VALUE, LONGEST_MS],
    [LONGEST_MS + 0.5, LONGEST_MS],
  ])('a life of %d ms counts as %d, in every part of it', async (written, ms) => {
    const life = { ttl: written, staleWhileRevalidate: written, staleIfError: written }

    expect(await load({ value: 'x', ...life })).toMatchObject({
      ttlMs: ms,
      staleWhileRevalidateMs: ms,
      staleIfErrorMs: ms,
    })
  })

  test('a Response whose body has been read already still says "not found"', async () => {
    const response = new Response('gone', { status: 404 })
    await response.text()

    expect(await load(response)).toEqual({ kind: 'not-found' })
  })

  test('a value larger than a call can carry says so', async () => {
    const tooLarge = new Uint8Array(MAX_WHOLE_BYTES + 1)

    expect(await load(tooLarge)).toEqual({ kind: 'too-large' })
    expect(await load('x'.repeat(MAX_WHOLE_BYTES + 1))).toEqual({ kind: 'too-large' })
    expect(await load('é'.repeat(MAX_WHOLE_BYTES / 2 + 1))).toEqual({ kind: 'too-large' })
    expect(await load(new Response(tooLarge))).toEqual({ kind: 'too-large' })
    expect(await load({ value: tooLarge, ttl: 5 })).toEqual({ kind: 'too-large', ttlMs: 5 })
    expect(await load(tooLarge.subarray(1))).toMatchObject({ kind: 'value' })
  })
})

describe('a load function', () => {
  test('may write to its buffer after it has returned it', async () => {
    for (const reused of [new Uint8Array([1]), new Uint8Array([1]).buffer]) {
      const loaded = await load(reused)
      new Uint8Array(reused)[0] = 2
      if (reused instanceof Uint8Array) reused[0] = 2

      expect(loaded).toMatchObject({ value: new Uint8Array([1]) })
    }
  })

  test('is told the key, the group, the bindings and the signal', async () => {
    const env = { DB: 'a database' }
    const seen: unknown[] = []

    await functionLoader((key, context) => {
      seen.push(key, context)
      return 'x'
    }, env)('Tom', context())

    expect(seen).toEqual(['Tom', { ...SEEN, env }])
  })

  test('sees the stale entry, but cannot write to what may still be answered', async () => {
    const stale = {
      value: new Uint8Array([1]),
      contentType: 'text/plain',
      etag: '"1"',
      tags: ['a'],
      loadedAtMs: 5,
      lastModified: 'yesterday',
      sequence: 9,
    } as unknown as ValueEntry
    let seen: StaleEntry | undefined

    await functionLoader((_, context) => {
      seen = context.stale
      if (context.stale) context.stale.value[0] = 2
      return 'x'
    }, {})('Tom', { ...context(), stale })

    expect(seen).toEqual({
      value: new Uint8Array([1]),
      contentType: 'text/plain',
      etag: '"1"',
      tags: ['a'],
      loadedAtMs: 5,
      lastModified: 'yesterday',
    })
    expect(stale.value).toEqual(new Uint8Array([1]))
  })

  test('may renew the stale entry with a Response of status 304, but only if there is one', async () => {
    const loader = functionLoader(() => new Response(null, { status: 304 }), {})

    expect(await loader('Tom', { ...context(), stale: { value: BYTES } as ValueEntry })).toEqual({
      kind: 'not-modified',
    })
    await expect(loader('Tom', context())).rejects.toThrow('304')
  })

  test.each([
    ['é'.repeat(50), 100],
    [new Uint8Array(70), 70],
  ])('that returns bytes has the copy that is made of them counted', async (value, bytes) => {
    const { memory, ...seen } = context()

    await functionLoader(() => value, {})('Tom', { ...seen, memory })

    expect(memory.bytes).toBe(bytes)
  })

  test('that throws at once rejects, as one that rejects does', async () => {
    const loader = functionLoader(() => {
      throw new NotFoundError('no such player')
    }, {})

    await expect(loader('Tom', context())).rejects.toThrow(NotFoundError)
  })
})
