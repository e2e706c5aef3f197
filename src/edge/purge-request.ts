/** Owns the form in which a purge is asked for, over HTTP and by other Workers alike. */

import * as v from 'valibot'
import type { GroupConfig } from '../config/config.ts'
import { canonicalKey } from '../core/entry/key.ts'
import type { Purge } from '../core/entry/purge.ts'
import { isTag, TAG_FORM } from '../core/entry/tags.ts'
import { BadRequestError } from '../core/errors.ts'
import { describeIssue } from './http/json-body.ts'

const purgeFields = {
  keys: v.optional(v.array(v.string('text'), 'a list of keys')),
  tags: v.optional(v.array(v.custom<string>(isTag, TAG_FORM), 'a list of tags')),
  all: v.optional(v.literal(true, 'true')),
  soft: v.optional(v.boolean('true or false'), false),
}

type PurgeFields = v.InferOutput<v.StrictObjectSchema<typeof purgeFields, undefined>>

const ONE_THING = 'exactly one of "keys", "tags" and "all"'

function namesOneThing({ keys, tags, all }: PurgeFields): boolean {
  return [keys, tags, all].filter((part) => part !== undefined).length === 1
}

const purgeSchema = v.pipe(
  v.strictObject(purgeFields),
  v.check((purge) => namesOneThing(purge), ONE_THING),
)

/** The body of `POST /admin/purge`. */
export const purgeRequestSchema = v.pipe(
  v.strictObject({ group: v.string('the name of a group'), ...purgeFields }),
  v.check((purge) => namesOneThing(purge), ONE_THING),
)

/** What another Worker asks for. Throws `BadRequestError` and `BadKeyError`. */
export function parsePurge(config: GroupConfig, purge: unknown): Purge {
  const result = v.safeParse(purgeSchema, purge, { abortEarly: true })
  if (!result.success) throw new BadRequestError(describeIssue(result.issues[0], 'purge'))
  return canonicalPurge(config, result.output)
}

/** With its keys in their canonical spelling. Throws `BadKeyError`. */
export function canonicalPurge({ source }: GroupConfig, { keys, tags, soft }: PurgeFields): Purge {
  if (keys !== undefined)
    return { keys: keys.map((key) => canonicalKey(source.keyForm, key)), soft }
  return tags === undefined ? { all: true, soft } : { tags, soft }
}
