/** Owns what an operator changes: values set, and purges. Whoever gets here has shown the token. */

import * as v from 'valibot'
import { collect } from '../core/bytes.ts'
import { deltaMs, parseCacheControl } from '../core/cache-control.ts'
import type { Life } from '../core/entry.ts'
import { PeerUnavailableError } from '../core/errors.ts'
import { canonicalKey, keyFromUrl } from '../core/key.ts'
import type { Purge, PurgeReport } from '../core/peers.ts'
import { isTag, parseTagHeader, TAG_FORM, TAGS_FORM } from '../core/tags.ts'
import type { CachePath } from './cache-route.ts'
import { problem } from './http/problem.ts'
import { checkedKey, type EdgeGroups, findGroup } from './requested-key.ts'

const LARGEST_JSON_BYTES = 1024 * 1024

/** `PUT /cache/<group>/<key>` */
export async function setValue(
  request: Request,
  path: CachePath,
  groups: EdgeGroups,
): Promise<Response> {
  const found = findGroup(groups, path.groupName)
  if (found instanceof Response) return found
  const { config, group } = found
  const key = checkedKey(() => keyFromUrl(config.source.keyForm, path.keyPath, path.query))
  if (key instanceof Response) return key

  const { headers } = request
  const contentType = headers.get('content-type') ?? 'application/octet-stream'
  if (!/^[\x20-\x7e]{1,255}$/.test(contentType)) {
    return problem('bad-request', 'Content-Type: up to 255 printable ASCII characters.')
  }
  const tags = parseTagHeader(headers.get('cache-tag') ?? '')
  if (tags === undefined) return problem('bad-request', `Cache-Tag: ${TAGS_FORM}.`)
  const life = lifeFrom(headers)

  const { maxValueBytes } = config.options
  const tooLarge = () =>
    problem('value-too-large', `Group ${config.name} holds values of up to ${maxValueBytes} bytes.`)
  if (Number(headers.get('content-length')) > maxValueBytes) return tooLarge()
  const value = await collect(request.body, maxValueBytes)
  if (value === undefined) return tooLarge()

  try {
    const stored = await group.set(key, { value, contentType, tags, ...life })
    // A value with no life was to be gone at once; any other that is not stored had no room.
    return stored || life.ttlMs === 0 ? new Response(null, { status: 204 }) : tooLarge()
  } catch (error) {
    if (!(error instanceof PeerUnavailableError)) throw error
    console.error(error)
    return problem('overloaded', 'The node that owns the key could not be reached.', {
      headers: { 'Retry-After': '1' },
    })
  }
}

/** Other directives say nothing here: what a client adds for its own caches must not make a value vanish. */
function lifeFrom(headers: Headers): Partial<Life> {
  const directives = parseCacheControl(headers.get('cache-control') ?? '')
  const ttlMs = deltaMs(directives.get('max-age'))
  const staleWhileRevalidateMs = deltaMs(directives.get('stale-while-revalidate'))
  const staleIfErrorMs = deltaMs(directives.get('stale-if-error'))
  return {
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(staleWhileRevalidateMs === undefined ? {} : { staleWhileRevalidateMs }),
    ...(staleIfErrorMs === undefined ? {} : { staleIfErrorMs }),
  }
}

/** `DELETE /cache/<group>/<key>` */
export async function purgeValue(path: CachePath, groups: EdgeGroups): Promise<Response> {
  const found = findGroup(groups, path.groupName)
  if (found instanceof Response) return found
  const { config, group } = found
  const key = checkedKey(() => keyFromUrl(config.source.keyForm, path.keyPath, path.query))
  if (key instanceof Response) return key
  return reportResponse(await group.purge({ keys: [key] }))
}

/** The body of `POST /admin/purge`. */
const purgeSchema = v.pipe(
  v.strictObject({
    group: v.string('the name of a group'),
    keys: v.optional(v.array(v.string('text'), 'a list of keys')),
    tags: v.optional(v.array(v.custom<string>(isTag, TAG_FORM), 'a list of tags')),
    all: v.optional(v.literal(true, 'true')),
    soft: v.optional(v.boolean('true or false'), false),
  }),
  v.check(
    ({ keys, tags, all }) => [keys, tags, all].filter((part) => part !== undefined).length === 1,
    'exactly one of "keys", "tags" and "all"',
  ),
)

/** `POST /admin/purge` */
export async function purge(request: Request, groups: EdgeGroups): Promise<Response> {
  const body = await readJson(request, purgeSchema)
  if (body instanceof Response) return body
  const found = findGroup(groups, body.group)
  if (found instanceof Response) return found
  const meant = checkedKey(() =>
    purgeFrom(body, (key) => canonicalKey(found.config.source.keyForm, key)),
  )
  return meant instanceof Response ? meant : reportResponse(await found.group.purge(meant))
}

function purgeFrom(
  { keys, tags, soft }: v.InferOutput<typeof purgeSchema>,
  canonical: (key: string) => string,
): Purge {
  if (keys !== undefined) return { keys: keys.map(canonical), soft }
  return tags === undefined ? { all: true, soft } : { tags, soft }
}

async function readJson<Schema extends v.GenericSchema>(
  request: Request,
  schema: Schema,
): Promise<v.InferOutput<Schema> | Response> {
  const bytes = await collect(request.body, LARGEST_JSON_BYTES)
  if (bytes === undefined) {
    return problem('body-too-large', `The body may have up to ${LARGEST_JSON_BYTES} bytes.`)
  }
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes))
  } catch {
    return problem('bad-request', 'The body is not JSON.')
  }
  const result = v.safeParse(schema, json, { abortEarly: true })
  if (result.success) return result.output
  const [issue] = result.issues
  const field = (issue.path ?? []).map(({ key }) => String(key)).join('.')
  const allowed = issue.type === 'strict_object' ? strictness(issue) : issue.message
  return problem('bad-request', field === '' ? `The body: ${allowed}.` : `${field}: ${allowed}.`)
}

function strictness(issue: v.BaseIssue<unknown>): string {
  return issue.expected === 'never' ? 'no such field' : 'must be there'
}

function reportResponse(report: PurgeReport): Response {
  return Response.json(report, {
    status: report.ok ? 200 : 502,
    headers: { 'Cache-Control': 'no-store' },
  })
}
