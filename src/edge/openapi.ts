/** Owns the description of every route for programs: an OpenAPI 3.1 document, built once. */

import {
  BODY_PROBLEMS,
  DENIED,
  headerComponents,
  headers,
  json,
  notModified,
  OPTIONS,
  problemComponents,
  problems,
  READ_PROBLEMS,
  valueHeaders,
} from './openapi/responses.ts'
import { body, parameter, schemas, text } from './openapi/schemas.ts'

const DESCRIPTION = `A distributed read-through cache.

A key is all of the path after the group: \`{key}\` may contain slashes. For groups in code it is \
percent-decoded once, and the query is ignored; for groups with an HTTP origin it is the path as it is \
spelt, with its query.

Any other method is answered 405 \`method-not-allowed\`, with \`Allow\`; any other path 404 \
\`no-such-route\`. Branch on a problem's \`code\`: it is stable, the words are not.`

const ADMIN = { security: [{ bearer: [] }] }
/** Groups with `access = "private"` need the token, others none. */
const READER = { security: [{}, { bearer: [] }] }

const group = parameter('path', 'group', 'The name of a group')
const key = parameter('path', 'key', 'May contain slashes, see the description above')

const value = { content: { '*/*': {} } }
/** Of a request for a value (RFC 9110, section 13.1). */
const CONDITIONS = ['If-Match', 'If-None-Match', 'If-Modified-Since', 'If-Unmodified-Since']

const purgeResponses = {
  200: json('Done everywhere', 'PurgeReport'),
  502: json('Some nodes could not be reached', 'PurgeReport'),
}

function dashboardFile(operationId: string, summary: string, mediaType: string) {
  const fileHeaders = headers('Cache-Control', 'ETag')
  const content = { [mediaType]: { schema: text } }
  return {
    get: {
      summary,
      operationId,
      security: [],
      responses: {
        200: { description: 'A file that is part of the Worker', headers: fileHeaders, content },
        304: { description: 'The client has it already', headers: fileHeaders },
        ...problems('PreconditionFailed', 'Internal'),
      },
    },
  }
}

export const openapi = {
  openapi: '3.1.0',
  info: {
    title: 'workers-groupcache',
    version: '0.1.0',
    description: DESCRIPTION,
    license: { name: 'MIT', identifier: 'MIT' },
  },
  servers: [{ url: '/' }],
  paths: {
    '/cache/{group}/{key}': {
      parameters: [group, key],
      get: {
        summary: 'Read a value',
        operationId: 'get',
        ...READER,
        parameters: [...CONDITIONS, 'Range', 'If-Range'].map((name) => parameter('header', name)),
        responses: {
          200: { description: 'The value', headers: valueHeaders, ...value },
          206: {
            description: 'A part of the value',
            headers: { ...valueHeaders, ...headers('Content-Range') },
            ...value,
          },
          304: notModified,
          ...problems(...READ_PROBLEMS, 'RangeNotSatisfiable'),
        },
      },
      head: {
        summary: 'Read what GET would say of a value',
        operationId: 'head',
        ...READER,
        parameters: CONDITIONS.map((name) => parameter('header', name)),
        responses: {
          200: { description: 'There is a value', headers: valueHeaders },
          304: notModified,
          ...problems(...READ_PROBLEMS),
        },
      },
      put: {
        summary: 'Set a value',
        operationId: 'set',
        ...ADMIN,
        parameters: [
          parameter('header', 'Cache-Control', 'Its life, as in `max-age=30`'),
          parameter('header', 'Cache-Tag', 'Names to purge it by, with commas between'),
        ],
        requestBody: { required: true, ...value },
        responses: {
          204: { description: 'Set' },
          ...problems(
            'BadRequest',
            ...DENIED,
            'NoSuchGroup',
            'RequestTimeout',
            'PreconditionFailed',
            'ValueTooLarge',
            'Internal',
            'Overloaded',
          ),
        },
      },
      delete: {
        summary: 'Purge a value',
        operationId: 'purgeKey',
        ...ADMIN,
        responses: {
          ...purgeResponses,
          ...problems('BadKey', ...DENIED, 'NoSuchGroup', 'Internal'),
        },
      },
      options: OPTIONS,
    },
    '/cache/{group}': {
      description: 'With no key, the methods of a value are answered 400 `bad-key`.',
      parameters: [group],
      post: {
        summary: 'Read many values of a group',
        operationId: 'getMany',
        ...READER,
        requestBody: body('Keys'),
        responses: {
          200: json('One entry per key, in the order asked', 'Entries'),
          ...problems('BadRequest', ...DENIED, 'NoSuchGroup', ...BODY_PROBLEMS, 'Internal'),
        },
      },
      options: OPTIONS,
    },
    '/admin/purge': {
      post: {
        summary: 'Purge keys, tags, or a whole group',
        operationId: 'purge',
        ...ADMIN,
        requestBody: body('Purge'),
        responses: {
          ...purgeResponses,
          ...problems('BadRequest', ...DENIED, 'NoSuchGroup', ...BODY_PROBLEMS, 'Internal'),
        },
      },
      options: OPTIONS,
    },
    '/admin/ring': {
      get: {
        summary: "Which node owns a key, or every node's share of the keys",
        operationId: 'ring',
        ...ADMIN,
        parameters: [
          parameter('query', 'group', 'With `key`, or not at all'),
          parameter('query', 'key', 'With `group`, or not at all'),
        ],
        responses: {
          200: json('The owner and its guests, or all nodes', 'Ring'),
          ...problems('BadRequest', ...DENIED, 'NoSuchGroup', 'Internal'),
        },
      },
      options: OPTIONS,
    },
    '/admin/stats': {
      get: {
        summary: "Every node's counters, and their sum",
        operationId: 'stats',
        ...ADMIN,
        responses: { 200: json('Counters', 'Stats'), ...problems(...DENIED, 'Internal') },
      },
      options: OPTIONS,
    },
    '/metrics': {
      get: {
        summary: 'The same counters for Prometheus',
        operationId: 'metrics',
        ...ADMIN,
        responses: {
          200: {
            description: 'Prometheus text, version 0.0.4',
            headers: headers('Cache-Control'),
            content: { 'text/plain': { schema: text } },
          },
          ...problems(...DENIED, 'Internal'),
        },
      },
      options: OPTIONS,
    },
    '/': dashboardFile(
      'dashboard',
      'The dashboard: open, but its figures need the token',
      'text/html',
    ),
    '/dashboard.js': dashboardFile('dashboardScript', 'Its script', 'text/javascript'),
    '/dashboard.css': dashboardFile('dashboardStyle', 'Its style sheet', 'text/css'),
    '/healthz': {
      get: {
        summary: 'Whether the Worker runs; asks no node',
        operationId: 'healthz',
        security: [],
        responses: { 200: { description: '`ok`', content: { 'text/plain': { schema: text } } } },
      },
    },
    '/openapi.json': {
      get: {
        summary: 'This document',
        operationId: 'openapi',
        security: [],
        responses: {
          200: {
            description: 'An OpenAPI 3.1 document',
            headers: headers('Cache-Control'),
            content: { 'application/json': { schema: { type: 'object' } } },
          },
        },
      },
      options: OPTIONS,
    },
  },
  components: {
    schemas,
    responses: problemComponents,
    headers: headerComponents,
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer', description: 'The secret `ADMIN_TOKEN`' },
    },
  },
}
