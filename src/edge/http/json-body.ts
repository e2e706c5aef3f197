/** Request bodies in JSON: their bound, and errors that name the field. */

import * as v from 'valibot'
import { problem } from './problem.ts'
import type { RequestBodies } from './request-body.ts'

/** The largest body: a thousand keys of the greatest length fit. */
const LARGEST_BYTES = 2 * 1024 * 1024

export interface JsonBodyOptions {
  /** Headers of a refusal. Default: none. */
  readonly headers?: Readonly<Record<string, string>>
  /** Whether the client has shown the token. Bodies of others share a small part of the memory. */
  readonly isTrusted: boolean
}

/** What the body says, or the answer that it does not say it well. */
export async function readJson<Schema extends v.GenericSchema>(
  request: Request,
  schema: Schema,
  bodies: RequestBodies,
  { headers = {}, isTrusted }: JsonBodyOptions,
): Promise<v.InferOutput<Schema> | Response> {
  const bytes = await bodies.read(request, {
    maxBytes: LARGEST_BYTES,
    tooLarge: () =>
      problem('body-too-large', `The body may have up to ${LARGEST_BYTES} bytes.`, { headers }),
    headers,
    isTrusted,
  })
  if (bytes instanceof Response) return bytes
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes))
  } catch {
    return problem('bad-request', 'The body is not JSON.', { headers })
  }
  const result = v.safeParse(schema, json, { abortEarly: true })
  if (result.success) return result.output
  return problem('bad-request', describeIssue(result.issues[0]), { headers })
}

/** Names the field, and says what it may be. @param whole What it is a field of. */
export function describeIssue(issue: v.BaseIssue<unknown>, whole = 'The body'): string {
  const field = (issue.path ?? []).map(({ key }) => String(key)).join('.')
  const allowed = issue.type === 'strict_object' ? strictness(issue) : issue.message
  return `${field === '' ? whole : field}: ${allowed}.`
}

function strictness({ expected, path }: v.BaseIssue<unknown>): string {
  if (path === undefined) return 'an object'
  return expected === 'never' ? 'no such field' : 'must be there'
}
