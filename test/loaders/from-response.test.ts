import { describe, expect, test, vi } from 'vitest'
import { answerFromResponse } from '../../src/loaders/from-response.ts'
import { ampleMemory } from '../support/load-memory.ts'

/** A response whose body has not ended, and whether anyone has ended its transfer. */
function openResponse(status: number, headers: Record<string, string> = {}) {
  const cancel = vi.fn()
  return { cancel, response: new Response(new ReadableStream({ cancel }), { status, headers }) }
}

describe('a response', () => {
  test.each(['identity', 'gzip', 'x-gzip', 'br', ' GZIP '])(
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

  test('in a coding that nobody decodes has its transfer ended, unread', async () => {
    const { cancel, response } = openResponse(200, { 'Content-Encoding': 'zstd' })

    await expect(answerFromResponse(response, undefined, ampleMemory())).rejects.toThrow(
      'content coding',
    )
    expect(cancel).toHaveBeenCalledTimes(1)
  })
})
