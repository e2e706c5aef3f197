/** Owns how the dashboard is served: three files that are part of the Worker, to anyone. */

import { encodeUtf8 } from '../../core/bytes.ts'
import { entityTag } from '../../core/entry/entity-tag.ts'
import { evaluatePreconditions } from '../http/preconditions.ts'
import { problem } from '../http/problem.ts'
import { script, style } from './assets.ts'
import { dashboardPage } from './page.tsx'

interface DashboardFile {
  readonly contentType: string
  readonly content: () => string
}

/** By path. None of them has a secret: the figures come with the operator's token. */
export const dashboardFiles: Readonly<Record<string, DashboardFile>> = {
  '/': { contentType: 'text/html; charset=utf-8', content: dashboardPage },
  '/dashboard.js': { contentType: 'text/javascript; charset=utf-8', content: () => script },
  '/dashboard.css': { contentType: 'text/css; charset=utf-8', content: () => style },
}

/**
 * What the page may load and do: nothing but its own script, style sheet and requests to this Worker.
 * 'self' includes the values that this Worker serves, scripts among them: so text is not taken for markup
 * at all (Trusted Types), where a browser knows how to hold that.
 */
const SECURITY_HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
}

/** Answers GET and HEAD. */
export async function dashboardResponse(
  request: Request,
  { contentType, content }: DashboardFile,
): Promise<Response> {
  const body = encodeUtf8(content())
  const etag = await entityTag(body)
  // A deployment may change the files, and each goes with the others: clients ask whether theirs is current.
  const headers = { 'Cache-Control': 'no-cache', ETag: etag, ...SECURITY_HEADERS }
  const verdict = evaluatePreconditions(request.headers, { etag }, Date.now())
  if (verdict === 'failed') {
    return problem('precondition-failed', 'The file is not the one that the request is about.')
  }
  if (verdict === 'not-modified') return new Response(null, { status: 304, headers })
  return new Response(body, { headers: { ...headers, 'Content-Type': contentType } })
}
