/** Owns what an HTTP response says as a loader's answer. */

import { LoadError } from '../core/errors.ts'
import type { LoadedValue, NotFound } from '../core/loader.ts'
import { readBody } from './body.ts'

export const DEFAULT_CONTENT_TYPE = 'application/octet-stream'

/** Content codings that the runtime has decoded by the time a body is read. */
const DECODED_CODINGS = new Set(['', 'identity', 'gzip', 'x-gzip', 'br'])

/** 200 is a value, 404 and 410 are "not found". Throws `LoadError` for any other status. */
export async function answerFromResponse(response: Response): Promise<LoadedValue | NotFound> {
  if (response.status === 200) return valueFromResponse(response)
  await response.body?.cancel()
  if (response.status === 404 || response.status === 410) return { kind: 'not-found' }
  throw new LoadError(`The response's status is ${response.status}.`)
}

async function valueFromResponse(response: Response): Promise<LoadedValue> {
  const { headers } = response
  const coding = headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  if (!DECODED_CODINGS.has(coding)) {
    await response.body?.cancel()
    throw new LoadError('The response has a content coding that the runtime does not decode.')
  }
  const contentLanguage = headers.get('content-language')
  const lastModified = headers.get('last-modified')
  return {
    kind: 'value',
    value: await readBody(response),
    contentType: headers.get('content-type') ?? DEFAULT_CONTENT_TYPE,
    ...(contentLanguage === null ? {} : { contentLanguage }),
    ...(lastModified === null ? {} : { lastModified }),
  }
}
