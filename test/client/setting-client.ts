/** Owns a client whose server takes every value. */

import { createClient } from '../../src/client/client.ts'
import { fakeHttp, type SentRequest } from '../support/fake-http.ts'

export function clientOf(answer = answerSet) {
  const http = fakeHttp(answer)
  const client = createClient({ baseUrl: 'https://cache.test', fetch: http.fetch })
  const puts = () => http.requests.filter(({ method }) => method === 'PUT')
  const asks = () => http.requests.filter(({ method }) => method === 'POST')
  return { client, puts, asks, requests: http.requests }
}

/** The group "pages" has keys of the form `path`, every other of the form `text`. */
export function answerSet({ method, url }: SentRequest): Response {
  if (method === 'PUT') return new Response(null, { status: 204 })
  return Response.json({ entries: [], keyForm: url.endsWith('/pages') ? 'path' : 'text' })
}
