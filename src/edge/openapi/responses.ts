/** Owns what routes answer other than values and reports: their headers, and problems by name. */

import { type ProblemCode, statusOf, titleOf } from '../http/problem.ts'
import { type Json, type SchemaName, schema, text } from './schemas.ts'

/** Problems by the name of their response. Those of one response share a status. */
const PROBLEMS = {
  BadKey: ['bad-key'],
  BadRequest: ['bad-request', 'bad-key'],
  Unauthorized: ['unauthorized'],
  AdminDisabled: ['admin-disabled'],
  NoSuchGroup: ['no-such-group'],
  NotFound: ['not-found', 'no-such-group'],
  RequestTimeout: ['request-timeout'],
  PreconditionFailed: ['precondition-failed'],
  ValueTooLarge: ['value-too-large'],
  BodyTooLarge: ['body-too-large'],
  RangeNotSatisfiable: ['range-not-satisfiable'],
  Internal: ['internal'],
  LoadFailed: ['load-failed'],
  Overloaded: ['overloaded'],
  LoadTimeout: ['load-timeout'],
} as const satisfies Record<string, readonly [ProblemCode, ...ProblemCode[]]>

type ProblemName = keyof typeof PROBLEMS

export const DENIED = ['Unauthorized', 'AdminDisabled'] as const

/** What can be wrong with a body in JSON, beside what it says. */
export const BODY_PROBLEMS = ['RequestTimeout', 'BodyTooLarge', 'Overloaded'] as const

/** Of GET and HEAD alike. */
export const READ_PROBLEMS = [
  'BadKey',
  ...DENIED,
  'NotFound',
  'PreconditionFailed',
  'Internal',
  'LoadFailed',
  'Overloaded',
  'LoadTimeout',
] as const

const PROBLEM_HEADERS: Readonly<Partial<Record<ProblemName, Json>>> = {
  Unauthorized: headers('WWW-Authenticate'),
  NotFound: headers('Cache-Status', 'Server-Timing'),
  RangeNotSatisfiable: headers('Cache-Status', 'Server-Timing', 'Content-Range'),
  PreconditionFailed: headers('Cache-Status', 'Server-Timing'),
  LoadFailed: headers('Cache-Status', 'Server-Timing'),
  Overloaded: headers('Cache-Status', 'Server-Timing', 'Retry-After'),
  LoadTimeout: headers('Cache-Status', 'Server-Timing'),
}

const HEADERS = {
  'Accept-Ranges': '`bytes`; absent where a value is too large to be cached',
  Age: 'Whole seconds since the value was loaded',
  Allow: 'The methods that are allowed here',
  'Cache-Control': 'How long clients and CDNs may keep this',
  'Cache-Status': 'The caches on the way, the one nearest the origin first (RFC 9211)',
  'Content-Range': 'The part that this is, or `bytes */length` where there is no such part',
  ETag: 'Strong; depends on the bytes alone; absent where a value is too large to be cached',
  'Last-Modified': "The origin's, if it sent one",
  'Retry-After': 'Seconds to wait before the next attempt',
  'Server-Timing': 'Where the time went: `hot`, `peer`, `load`, in milliseconds',
  'WWW-Authenticate': '`Bearer`',
} as const

/** The components that `headers` and `problems` refer to. */
export const headerComponents = mapValues(HEADERS, (description) => ({ description, schema: text }))

export const problemComponents = mapValues(PROBLEMS, (codes, name) => ({
  description: codes.map((code) => `\`${code}\`: ${titleOf(code)}`).join('. '),
  headers: { ...headers('Cache-Control'), ...PROBLEM_HEADERS[name] },
  content: {
    'application/problem+json': {
      schema: { ...schema('Problem'), properties: { code: { enum: codes } } },
    },
  },
}))

const VALUE_HEADERS = [
  'Age',
  'Cache-Control',
  'Cache-Status',
  'ETag',
  'Last-Modified',
  'Server-Timing',
] as const
export const valueHeaders = headers(...VALUE_HEADERS, 'Accept-Ranges')
export const notModified = {
  description: 'The client has it already',
  headers: headers(...VALUE_HEADERS),
}

/** The operation that every path has which web pages may use. */
export const OPTIONS = {
  summary: 'Which methods are allowed, for CORS too',
  security: [],
  responses: { 204: { description: 'See `Allow`', headers: headers('Allow') } },
}

export function headers(...names: readonly (keyof typeof HEADERS)[]): Json {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}

/** A report, which nobody keeps. */
export function json(description: string, name: SchemaName): Json {
  const content = { 'application/json': { schema: schema(name) } }
  return { description, headers: headers('Cache-Control'), content }
}

export function problems(...names: readonly ProblemName[]): Json {
  return Object.fromEntries(
    names.map((name) => [statusOf(PROBLEMS[name][0]), { $ref: `#/components/responses/${name}` }]),
  )
}

function mapValues<Name extends string, In, Out>(
  table: Readonly<Record<Name, In>>,
  change: (value: In, name: Name) => Out,
): Record<Name, Out> {
  const entries = Object.entries(table) as [Name, In][]
  return Object.fromEntries(entries.map(([name, value]) => [name, change(value, name)])) as Record<
    Name,
    Out
  >
}
