import { describe, expect, test, vi } from 'vitest'
import type { ValueEntry } from '../../src/core/entry/entry.ts'
import { answerFromResponse, contentTypeOf } from '../../src/loaders/from-response.ts'
import { ampleMemory } from '../support/load-memory.ts'

/** A response whose body has not ended, and whether anyone has ended its transfer. */
function openResponse(status: number, headers: Record<string, string> = {}) {
  const cancel = vi.fn()
  return { cancel, response: new Response(new ReadableStream({ cancel }), { status, headers }) }
}

describe('a response', () => {
  test.each(['', 'identity', 'Identity', 'gzip', 'br', ' gzip '])(
    'with the coding %j has been decoded by the time it is read',
    async (coding) => {
      const headers = { 'Content-Encoding': coding }

      expect(
        await answerFromResponse(new Response('A', { headers }), undefined, ampleMemory()),
      ).toMatchObject({
        kind: 'value',
        value: new TextEncoder().encode('A'),
      })
    },
  )

  // As the runtime hands them over: see test/e2e/origin-answers.test.ts.
  test.each([
    'x-gzip',
    'GZip',
    'BR',
    'deflate',
    'zstd',
    'compress',
    'gzip, gzip',
    'br, gzip',
    'gzip, identity',
    'identity, gzip',
    ',gzip',
    'gzip,',
    'gzip;q=1',
    '"gzip"',
  ])('with the coding %j is still encoded: a failure, ended unread', async (coding) => {
    const { cancel, response } = openResponse(200, { 'Content-Encoding': coding })

    await expect(answerFromResponse(response, undefined, ampleMemory())).rejects.toThrow(
      'content coding',
    )
    expect(cancel).toHaveBeenCalledTimes(1)
  })

  test('keeps a header of up to 255 characters', async () => {
    const etag = `"${'x'.repeat(253)}"`
    const response = new Response('A', { headers: { ETag: etag } })

    expect(await answerFromResponse(response, undefined, ampleMemory())).toMatchObject({
      originEtag: etag,
    })
  })

  test('with an empty content type is of no known type', async () => {
    const response = new Response('A', { headers: { 'Content-Type': '', ETag: '' } })

    const answer = await answerFromResponse(response, undefined, ampleMemory())

    expect(answer).toMatchObject({ contentType: 'application/octet-stream' })
    expect(answer).not.toHaveProperty('originEtag')
  })

  test.each([404, 410, 500])('of status %i has its transfer ended, unread', async (status) => {
    const { cancel, response } = openResponse(status)

    await answerFromResponse(response, undefined, ampleMemory()).catch(() => {})

    expect(cancel).toHaveBeenCalledTimes(1)
  })
})

describe('a header that is kept', () => {
  const NAMES = ['Content-Type', 'Content-Language', 'Last-Modified', 'ETag']
  const DESCRIPTION = {
    contentType: 'text/plain',
    contentLanguage: 'text/plain',
    lastModified: 'text/plain',
    originEtag: 'text/plain',
  }
  const stale = { kind: 'value' } as ValueEntry

  function headersWith(value: string): Headers {
    return new Headers(NAMES.map((name): [string, string] => [name, value]))
  }

  test.each(['\x01', '\b', '\v', '\f', '\x1f', '\x7f', '\x80', '\x85', '\x9f'])(
    'is dropped with the control character %j, on 200 and on 304',
    async (character) => {
      const headers = headersWith(`text${character}plain`)
      const value = await answerFromResponse(
        new Response('A', { headers }),
        undefined,
        ampleMemory(),
      )
      const renewed = await answerFromResponse(
        new Response(null, { status: 304, headers }),
        stale,
        ampleMemory(),
      )

      expect(value).toEqual({
        kind: 'value',
        value: new TextEncoder().encode('A'),
        contentType: 'application/octet-stream',
      })
      expect(renewed).toEqual({ kind: 'not-modified' })
      expect(contentTypeOf(headers)).toBe('application/octet-stream')
    },
  )

  test.each(['text/plain;\tcharset=utf-8', 'text/\xa0', 'text/é'])(
    'is kept as %j',
    async (text) => {
      const headers = headersWith(text)

      expect(
        await answerFromResponse(new Response('A', { headers }), undefined, ampleMemory()),
      ).toMatchObject({ contentType: text, contentLanguage: text, lastModified: text })
    },
  )

  test('comes with a 304 too', async () => {
    const response = new Response(null, { status: 304, headers: headersWith('text/plain') })

    expect(await answerFromResponse(response, stale, ampleMemory())).toEqual({
      kind: 'not-modified',
      ...DESCRIPTION,
    })
  })
})
