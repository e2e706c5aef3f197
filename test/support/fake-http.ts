/** Owns a `fetch` for tests: it keeps what it is asked, and answers what the test says. */

export interface SentRequest {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly body: Uint8Array
}

export interface FakeHttp {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  /** Every request, in order. */
  readonly requests: readonly SentRequest[]
}

/** Throwing, or a rejected promise, stands for a network failure. */
export function fakeHttp(answer: (request: SentRequest) => Response | Promise<Response>): FakeHttp {
  const requests: SentRequest[] = []
  return {
    requests,
    fetch: async (url, init) => {
      // The platform's own Request takes what a real fetch would, and nothing else.
      const request = new Request(url, init)
      const { method, headers } = request
      const sent = { method, url: request.url, headers, body: await request.bytes() }
      requests.push(sent)
      return answer(sent)
    },
  }
}

export function textOf({ body }: SentRequest): string {
  return new TextDecoder().decode(body)
}

export function jsonOf(request: SentRequest): unknown {
  return JSON.parse(textOf(request))
}

/** An error as the Worker answers it. */
export function problemResponse(status: number, code: string, detail: string): Response {
  const body = { type: `urn:workers-groupcache:${code}`, title: 'A title', status, detail, code }
  return Response.json(body, { status, headers: { 'Content-Type': 'application/problem+json' } })
}
