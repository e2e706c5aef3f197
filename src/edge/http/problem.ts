/** Owns error answers: problem details (RFC 9457), and the one table of status codes. */

import type { CacheStatusMember } from '../../core/peers/peers.ts'
import { cacheStatus } from './cache-status.ts'

/** The status and the title of each code. The title says what kind of problem, the detail which. */
const PROBLEMS = {
  'bad-key': [400, 'The key is not valid'],
  'bad-request': [400, 'The request is not valid'],
  unauthorized: [401, 'The bearer token is missing or wrong'],
  'admin-disabled': [403, 'Administration is turned off'],
  'no-such-group': [404, 'There is no such group'],
  'not-found': [404, 'The key does not exist'],
  'no-such-route': [404, 'There is nothing at this path'],
  'method-not-allowed': [405, 'The method is not allowed here'],
  'request-timeout': [408, 'The request body took too long'],
  'precondition-failed': [412, 'The precondition does not hold'],
  'value-too-large': [413, 'The value is too large'],
  'body-too-large': [413, 'The request body is too large'],
  'range-not-satisfiable': [416, 'The range is not within the value'],
  internal: [500, 'Something went wrong here'],
  'load-failed': [502, 'The value could not be loaded'],
  overloaded: [503, 'There is too much to do at the moment'],
  'load-timeout': [504, 'The value took too long to load'],
} as const satisfies Record<string, readonly [status: number, title: string]>

export type ProblemCode = keyof typeof PROBLEMS

export const problemCodes = Object.keys(PROBLEMS) as readonly ProblemCode[]

export function statusOf(code: ProblemCode): number {
  return PROBLEMS[code][0]
}

export function titleOf(code: ProblemCode): string {
  return PROBLEMS[code][1]
}

export interface ProblemExtras {
  readonly headers?: Readonly<Record<string, string>>
  /** The caches that took part before it failed. */
  readonly path?: readonly CacheStatusMember[]
}

/** `detail` is shown to clients: it must hold neither a value nor a secret, nor an internal address. */
export function problem(code: ProblemCode, detail: string, extras: ProblemExtras = {}): Response {
  const [status, title] = PROBLEMS[code]
  const body = JSON.stringify({
    type: `urn:workers-groupcache:${code}`,
    title,
    status,
    detail,
    code,
  })
  return new Response(body, {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      ...(extras.path === undefined ? {} : { 'Cache-Status': cacheStatus(extras.path) }),
      ...extras.headers,
    },
  })
}
