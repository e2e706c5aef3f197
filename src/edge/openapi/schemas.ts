/** Owns the forms of what is sent and answered as JSON. */

import { problemCodes } from '../http/problem.ts'

export type Json = Readonly<Record<string, unknown>>

export type SchemaName =
  | 'Problem'
  | 'PurgeReport'
  | 'Purge'
  | 'Keys'
  | 'Entries'
  | 'Ring'
  | 'Counters'
  | 'Stats'

export const text = { type: 'string' } as const
const count = { type: 'integer', minimum: 0 } as const
const number = { type: 'number' } as const
const texts = list(text)

export const schemas: Readonly<Record<SchemaName, Json>> = {
  Problem: object(
    {
      type: { type: 'string', format: 'uri' },
      title: text,
      status: count,
      detail: { type: 'string', description: 'For people; never a value or a secret' },
      code: { type: 'string', enum: problemCodes },
    },
    'type title status detail code',
  ),
  PurgeReport: object(
    {
      ok: { type: 'boolean', description: 'Whether every node concerned was reached' },
      nodes: { ...count, description: 'How many nodes have carried it out' },
      entries: { ...count, description: 'How many entries were dropped or made stale' },
      failed: { ...texts, description: 'The nodes that could not be reached' },
    },
    'ok nodes entries failed',
  ),
  Purge: {
    ...object(
      {
        group: text,
        keys: texts,
        tags: texts,
        all: { const: true },
        soft: { type: 'boolean', default: false, description: 'Make stale instead of dropping' },
      },
      'group',
    ),
    oneOf: ['keys', 'tags', 'all'].map((field) => ({ required: [field] })),
    additionalProperties: false,
  },
  Keys: { ...object({ keys: { ...texts, maxItems: 1000 } }, 'keys'), additionalProperties: false },
  Entries: object(
    {
      entries: list(
        object(
          {
            key: text,
            status: {
              ...count,
              description: '200; or the status of the problem that `code` names',
            },
            code: { type: 'string', enum: problemCodes },
            detail: text,
            contentType: text,
            etag: text,
            value: { type: 'string', contentEncoding: 'base64' },
            ageMs: count,
            expiresAtMs: { type: 'number', description: 'Since the epoch' },
            cacheStatus: text,
          },
          'key status',
        ),
      ),
      keyForm: { enum: ['text', 'path'], description: 'How the keys of this group are spelt' },
    },
    'entries keyForm',
  ),
  Ring: {
    oneOf: [
      object({ group: text, key: text, owner: text, guests: texts }, 'group key owner guests'),
      object(
        { nodes: list(object({ name: text, share: { type: 'number' } }, 'name share')) },
        'nodes',
      ),
    ],
  },
  Counters: {
    type: 'object',
    description: 'By group, then by name; since the node last lost its memory',
    additionalProperties: object(
      {
        gets: count,
        hits: count,
        bytes: count,
        items: count,
        maxBytes: count,
        durableBytes: count,
        durableItems: count,
        edge: {
          ...object({ gets: count, hits: count }, 'gets hits'),
          description: 'What edge isolates have reported to the node',
        },
        hotKeys: list(object({ key: text, gets: number, overcount: number }, 'key gets overcount')),
      },
      'gets hits bytes items maxBytes edge hotKeys',
    ),
  },
  Stats: object(
    {
      atMs: number,
      nodes: list(
        object(
          {
            node: text,
            sinceMs: number,
            groups: schema('Counters'),
            isolates: list({ type: 'object' }),
          },
          'node sinceMs groups isolates',
        ),
      ),
      sum: schema('Counters'),
      edge: object({ isolates: count, hot: { type: 'object' } }, 'isolates hot'),
      failed: { ...texts, description: 'The nodes that could not be reached' },
    },
    'atMs nodes sum edge failed',
  ),
}

export function schema(name: SchemaName): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` }
}

export function body(name: SchemaName): Json {
  return { required: true, content: { 'application/json': { schema: schema(name) } } }
}

export function parameter(
  where: 'path' | 'query' | 'header',
  name: string,
  description?: string,
): Json {
  return { in: where, name, required: where === 'path', schema: text, description }
}

function list(items: Json): Json {
  return { type: 'array', items }
}

/** `required`: names, with blanks between. */
function object(properties: Json, required: string): Json {
  return { type: 'object', properties, required: required.split(' ') }
}
