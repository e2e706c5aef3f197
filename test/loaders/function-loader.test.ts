import { describe, expect, test } from 'vitest'
import { NotFoundError } from '../../src/core/errors.ts'
import { MAX_ANSWER_BYTES } from '../../src/loaders/body.ts'
import { functionLoader, type Loaded } from '../../src/loaders/function-loader.ts'

const CONTEXT = { signal: new AbortController().signal, group: 'scores' }
const BYTES = new Uint8Array([1, 2, 3])

function load(loaded: Loaded) {
  return functionLoader(() => loaded, {})('Tom', CONTEXT)
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

  test('a described value has its own type and life', async () => {
    const described = { value: '{}', contentType: 'application/json', ttl: '5m' }

    expect(await load(described)).toMatchObject({ contentType: 'application/json', ttlMs: 300_000 })
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

  test.each(['soon', -1, 1.5, '1 s'])('the ttl %j is refused', async (ttl) => {
    await expect(load({ value: 'x', ttl })).rejects.toThrow('ttl')
  })

  test('a value larger than can be answered is refused, without a copy of it', async () => {
    await expect(load(new Uint8Array(MAX_ANSWER_BYTES + 1))).rejects.toThrow('larger than')
    await expect(load(new Response(new Uint8Array(MAX_ANSWER_BYTES + 1)))).rejects.toThrow(
      'larger than',
    )
    expect(await load(new Uint8Array(MAX_ANSWER_BYTES))).toMatchObject({ kind: 'value' })
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
    }, env)('Tom', CONTEXT)

    expect(seen).toEqual(['Tom', { ...CONTEXT, env }])
  })

  test('that throws at once rejects, as one that rejects does', async () => {
    const loader = functionLoader(() => {
      throw new NotFoundError('no such player')
    }, {})

    await expect(loader('Tom', CONTEXT)).rejects.toThrow(NotFoundError)
  })
})
