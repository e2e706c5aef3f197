/** Owns who may administer: whoever has the bearer token. */

import { problem } from './http/problem.ts'

/** The answer to a request that may not go on, or `undefined` when it may. */
export type Guard = (
  request: Request,
  /** Of a refusal: who may read that there is one. */
  cors: Readonly<Record<string, string>>,
) => Promise<Response | undefined>

const encoder = new TextEncoder()

/** With no token set, nobody may. */
export function createGuard(token: string | undefined): Guard {
  return async (request, cors) => {
    if (token === undefined) {
      const detail = 'Set the secret ADMIN_TOKEN to turn administration on.'
      return problem('admin-disabled', detail, { headers: cors })
    }
    const given = /^Bearer +(\S+) *$/i.exec(request.headers.get('authorization') ?? '')?.[1]
    if (given !== undefined && (await areEqual(given, token))) return undefined
    return problem('unauthorized', 'Send "Authorization: Bearer" with the token.', {
      headers: { ...cors, 'WWW-Authenticate': 'Bearer' },
    })
  }
}

/** Compares digests: their length says nothing of the token's, and their bytes nothing of its own. */
async function areEqual(a: string, b: string): Promise<boolean> {
  const [digestA, digestB] = await Promise.all([digest(a), digest(b)])
  return crypto.subtle.timingSafeEqual(digestA, digestB)
}

function digest(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', encoder.encode(text))
}
