/** Owns one request and its answer: the token, and every failure as a `GroupcacheError`. */

import { GroupcacheError } from './groupcache-error.ts'
import { isObject } from './wire.ts'

/** The part of `fetch` that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export interface ClientOptions {
  /** The Worker's http or https URL, with a path or not, with a slash at its end or not. */
  readonly baseUrl: string | URL
  /** The bearer token, sent with every request. Default: none, which is enough to read public groups. */
  readonly token?: string | undefined
  /** Default: the global `fetch`. Another one may add a time-out, which there is none of here. */
  readonly fetch?: Fetch | undefined
}

export interface Content {
  readonly body?: string | Uint8Array<ArrayBuffer>
  readonly headers?: Readonly<Record<string, string>>
}

/** Takes JSON apart; `undefined` where it has another form than it should. */
export type Reader<T> = (json: unknown) => T | undefined

export class Http {
  /** With a slash at its end. */
  readonly baseHref: string
  readonly #authorization: Readonly<Record<string, string>>
  readonly #fetch: Fetch

  constructor({ baseUrl, token, fetch }: ClientOptions) {
    this.baseHref = baseHref(baseUrl)
    this.#authorization = token === undefined ? {} : { Authorization: `Bearer ${checked(token)}` }
    // Not kept as it is: called as a method of another object, a browser's fetch throws.
    this.#fetch = fetch ?? ((url, init) => globalThis.fetch(url, init))
  }

  /** The answer, whatever its status. */
  async send(method: string, path: string, content: Content = {}): Promise<Response> {
    const headers = headersOf({ ...content.headers, ...this.#authorization })
    const init = content.body === undefined ? { method } : { method, body: content.body }
    try {
      return await this.#fetch(this.baseHref + path, { ...init, headers })
    } catch (cause) {
      throw networkFailure(cause)
    }
  }

  async get<T>(path: string, read: Reader<T>): Promise<T> {
    return readJson(await this.send('GET', path), read, [200])
  }

  /** An answer with one of `statuses` is a result, any other a failure. Default: 200 alone. */
  async postJson<T>(
    path: string,
    json: unknown,
    read: Reader<T>,
    statuses: readonly number[] = [200],
  ): Promise<T> {
    const headers = { 'Content-Type': 'application/json' }
    const body = JSON.stringify(json)
    return readJson(await this.send('POST', path, { headers, body }), read, statuses)
  }
}

/** The failure that an answer reports, in problem details (RFC 9457) where it is one of the cache's. */
export async function failureOf(response: Response): Promise<GroupcacheError> {
  const { status } = response
  if (mediaTypeOf(response) === 'application/problem+json') {
    const problem = parse(await textOf(response))
    if (isObject(problem)) {
      const { code, detail } = problem
      if (typeof code === 'string' && typeof detail === 'string') {
        return new GroupcacheError(detail, { code, status })
      }
    }
  } else {
    // Nobody will read it; its connection can be used again.
    await response.body?.cancel().catch(() => {})
  }
  return unexpectedAnswer(status)
}

async function readJson<T>(
  response: Response,
  read: Reader<T>,
  statuses: readonly number[],
): Promise<T> {
  const isResult =
    statuses.includes(response.status) && mediaTypeOf(response) === 'application/json'
  if (!isResult) throw await failureOf(response)
  const result = read(parse(await textOf(response)))
  if (result === undefined) throw unexpectedAnswer(response.status)
  return result
}

async function textOf(response: Response): Promise<string> {
  try {
    return await response.text()
  } catch (cause) {
    throw networkFailure(cause)
  }
}

/** The parser's own error is dropped: it quotes what it could not read. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function mediaTypeOf(response: Response): string | undefined {
  return response.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
}

function networkFailure(cause: unknown): GroupcacheError {
  return new GroupcacheError('No answer came, or it broke off.', { code: 'network', cause })
}

function unexpectedAnswer(status: number): GroupcacheError {
  return new GroupcacheError(
    `What answered with status ${status} does not seem to be the cache: check baseUrl.`,
    { code: 'unexpected-answer', status },
  )
}

/** The platform's own error is dropped: it quotes the header. */
function headersOf(headers: Readonly<Record<string, string>>): Headers {
  try {
    return new Headers(headers)
  } catch {
    const names = Object.keys(headers).join(', ')
    throw new GroupcacheError(`A header cannot carry what it should: one of ${names}.`, {
      code: 'bad-request',
    })
  }
}

function baseHref(baseUrl: string | URL): string {
  const url = URL.parse(String(baseUrl)) ?? undefined
  const isBase =
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    `${url.username}${url.password}${url.search}${url.hash}` === ''
  if (!isBase) {
    throw new TypeError(
      'baseUrl must be an absolute http or https URL, without credentials, query and fragment.',
    )
  }
  const href = url.origin + url.pathname
  return href.endsWith('/') ? href : `${href}/`
}

function checked(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw new TypeError(
    'token must have printable ASCII characters without spaces, and at least one.',
  )
}
