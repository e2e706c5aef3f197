/** Owns the reading of all settings, once: the Worker's variables and the groups in code, or a `ConfigError`. */

import * as v from 'valibot'
import { describe, describeKind, describeName, describeUnknown } from '../core/describe.ts'
import type { KeyForm } from '../core/entry/key.ts'
import { ConfigError } from '../core/errors.ts'
import type { Eviction } from '../core/eviction/policies.ts'
import type { GroupOptions } from '../core/group/group.ts'
import type { Region } from '../core/ring/topology.ts'
import { parseBytes } from '../core/units.ts'
import type { Load } from '../loaders/function-loader.ts'
import type { HttpOrigin } from '../loaders/origin.ts'
import {
  describeOrigin,
  type FunctionGroup,
  functionGroupSchema,
  isTable,
  maxValueBytesOf,
  type OriginGroup,
  originGroupSchema,
  type ParsedCommonOptions,
} from './group-options.ts'

/** Groups by name, as a project's own code defines them. */
export type GroupDefinitions = Readonly<Record<string, FunctionGroup | OriginGroup>>

/** The Worker's variables and secrets, as far as they are settings. */
export type Settings = Readonly<Record<string, unknown>>

export interface Config {
  /** How many nodes each region has. */
  readonly nodes: number
  /** How many it had before, while that is being changed. */
  readonly nodesBefore: number | undefined
  /** Location hints, home first; none: one ring without a hint. */
  readonly regions: readonly Region[]
  readonly groups: ReadonlyMap<string, GroupConfig>
  /** The bound on what all nodes in one isolate hold together, in bytes. */
  readonly maxIsolateBytes: number
  /** Who has it may administer; without one, nobody may. */
  readonly adminToken: string | undefined
}

export interface GroupConfig {
  readonly name: string
  readonly source: Source
  readonly options: GroupOptions
  /** The group's share of one node's memory, in bytes. */
  readonly maxBytes: number
  /** Which entry gives way in a node when `maxBytes` is met. */
  readonly eviction: Eviction
  /** The group's hot copies in one edge isolate, in bytes. */
  readonly maxHotBytes: number
  /** The `max-age` given to browsers and CDNs. */
  readonly clientTtlMs: number
  /** Who may read: anyone, or only who has the token. */
  readonly access: Access
  /** Loads in flight at once, per node. */
  readonly maxLoads: number
  /** Whether its nodes keep entries on disk too. */
  readonly durable: boolean
  /** Whether traces may show keys. */
  readonly traceKeys: boolean
}

export type Access = 'public' | 'private'

/** Where a group's values come from, and what its keys are. */
export type Source =
  | { readonly kind: 'load'; readonly keyForm: KeyForm; readonly load: Load }
  | ({ readonly kind: 'origin'; readonly keyForm: KeyForm } & HttpOrigin)

const GROUP_NAME = /^[A-Za-z0-9_-]{1,64}$/

export const MOST_NODES = 512
const DEFAULT_NODES = 16

const MiB = 1024 * 1024
/** Half of what an isolate may have: the rest is for answers on their way, and what is not collected yet. */
const DEFAULT_ISOLATE_BYTES = 64 * MiB
const LEAST_ISOLATE_BYTES = MiB
/** The platform ends an isolate at 128 MB. */
const MOST_ISOLATE_BYTES = 100 * MiB

/** Throws `ConfigError`, which names the field, its value and what is allowed. */
export function readConfig(settings: Settings, definitions: GroupDefinitions): Config {
  const { NODES = DEFAULT_NODES, NODES_BEFORE, REGIONS } = settings
  return {
    nodes: readNodes('NODES', NODES),
    nodesBefore: NODES_BEFORE === undefined ? undefined : readNodes('NODES_BEFORE', NODES_BEFORE),
    regions: REGIONS === undefined ? [] : readRegions(REGIONS),
    groups: readGroups(settings, definitions),
    maxIsolateBytes: readIsolateBytes(settings.MAX_ISOLATE_BYTES),
    adminToken: readAdminToken(settings.ADMIN_TOKEN),
  }
}

function readNodes(field: string, value: unknown): number {
  const digits = typeof value === 'string' && /^\d{1,3}$/.test(value)
  const count = digits ? Number(value) : value
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1 || count > MOST_NODES) {
    throw new ConfigError(field, value, `a whole number from 1 to ${MOST_NODES}`)
  }
  return count
}

/** https://developers.cloudflare.com/durable-objects/reference/data-location/ */
const LOCATION_HINTS: readonly Region[] = [
  'wnam',
  'enam',
  'sam',
  'weur',
  'eeur',
  'apac',
  'apac-ne',
  'apac-se',
  'oc',
  'afr',
  'me',
]

function readRegions(value: unknown): Region[] {
  const regions = typeof value === 'string' ? value.split(',').map((part) => part.trim()) : []
  const areKnown = regions.every((region) => LOCATION_HINTS.includes(region))
  if (areKnown && regions.length > 0 && new Set(regions).size === regions.length) return regions
  const allowed = `at least one of ${LOCATION_HINTS.join(', ')}, each once, with commas between`
  throw new ConfigError('REGIONS', value, allowed)
}

function readIsolateBytes(value: unknown = DEFAULT_ISOLATE_BYTES): number {
  // A variable that was set in the dashboard is text, whatever it says.
  const plain = typeof value === 'string' && /^\d{1,9}$/.test(value)
  const bytes = parseBytes(plain ? Number(value) : value)
  if (bytes === undefined || bytes < LEAST_ISOLATE_BYTES || bytes > MOST_ISOLATE_BYTES) {
    throw new ConfigError(
      'MAX_ISOLATE_BYTES',
      value,
      'a size from "1MiB" to "100MiB", or a number of bytes',
    )
  }
  return bytes
}

/** Anything that a client can send as a bearer token (RFC 6750, section 2.1: no spaces). */
function readAdminToken(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)) return value
  const allowed = 'printable ASCII characters without space'
  throw new ConfigError('ADMIN_TOKEN', value, allowed, describeKind(value))
}

function readGroups(settings: Settings, definitions: GroupDefinitions): Map<string, GroupConfig> {
  const groups = new Map<string, GroupConfig>()
  for (const [name, definition] of Object.entries(readTable('groups', definitions))) {
    groups.set(name, readGroup('groups', name, definition, settings))
  }
  for (const [name, table] of Object.entries(readTable('GROUPS', settings.GROUPS ?? {}))) {
    if (groups.has(name)) {
      throw new ConfigError(within('GROUPS', name), table, 'a name that no group in code has')
    }
    groups.set(name, readOriginGroup(within('GROUPS', name), name, table, settings))
  }
  return groups
}

function readGroup(
  where: string,
  name: string,
  definition: unknown,
  settings: Settings,
): GroupConfig {
  const field = within(where, name)
  const options = readTable(field, definition)
  const hasLoad = options.load !== undefined
  if (hasLoad === (options.origin !== undefined)) {
    const [option, value] = hasLoad ? ['origin', options.origin] : ['load', undefined]
    const allowed = 'exactly one of "load" and "origin"'
    throw new ConfigError(`${field}.${option}`, value, allowed, describeKind(value))
  }
  if (!hasLoad) return readOriginGroup(field, name, options, settings)

  const { load, ...common } = parse(functionGroupSchema, field, name, options)
  return groupConfig(field, name, common, { kind: 'load', keyForm: 'text', load })
}

function readOriginGroup(
  field: string,
  name: string,
  table: unknown,
  settings: Settings,
): GroupConfig {
  const { origin, headers, ...common } = parse(
    originGroupSchema,
    field,
    name,
    readTable(field, table),
  )
  const baseUrl = new URL(origin.endsWith('/') ? origin : `${origin}/`)
  const resolved = readHeaders(`${field}.headers`, headers, settings)
  return groupConfig(field, name, common, {
    kind: 'origin',
    keyForm: 'path',
    baseUrl,
    headers: resolved,
  })
}

function groupConfig(
  field: string,
  name: string,
  options: ParsedCommonOptions,
  source: Source,
): GroupConfig {
  const maxValueBytes = maxValueBytesOf(options)
  if (maxValueBytes > options.maxBytes) {
    throw new ConfigError(
      `${field}.maxValueBytes`,
      maxValueBytes,
      `at most maxBytes, ${options.maxBytes}`,
    )
  }
  return {
    name,
    source,
    options: {
      ttlMs: options.ttl,
      staleWhileRevalidateMs: options.staleWhileRevalidate,
      staleIfErrorMs: options.staleIfError,
      negativeTtlMs: options.negativeTtl,
      timeoutMs: options.timeout,
      softTimeoutMs: options.softTimeout ?? Number.POSITIVE_INFINITY,
      hotTtlMs: options.hotTtl,
      expiryJitter: options.expiryJitter,
      maxValueBytes,
    },
    maxBytes: options.maxBytes,
    eviction: options.eviction,
    maxHotBytes: options.maxHotBytes,
    clientTtlMs: options.clientTtl,
    access: options.access,
    maxLoads: options.maxLoads,
    durable: options.durable,
    traceKeys: options.traceKeys,
  }
}

/** What a header may have (RFC 9110, section 5.5). */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

function readHeaders(
  field: string,
  headers: Readonly<Record<string, string>>,
  settings: Settings,
): Record<string, string> {
  const resolved: Record<string, string> = Object.create(null)
  for (const [header, value] of Object.entries(headers)) {
    const reference = /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(value)?.[1]
    const text = reference === undefined ? value : settings[reference]
    const isMeant = reference !== undefined || !/\$[A-Za-z_]/.test(value)
    if (!isMeant || typeof text !== 'string' || !HEADER_VALUE.test(text)) {
      const place = within(field, header)
      throw new ConfigError(place, value, allowedHeader(reference, settings), describeKind(value))
    }
    resolved[header] = text
  }
  return resolved
}

/** A password may begin with "$" too: the name is shown only if it is that of a setting, or looks like one. */
function allowedHeader(reference: string | undefined, settings: Settings): string {
  if (reference === undefined) {
    return 'printable characters, or "$NAME" alone for the value of a secret or var'
  }
  const isName = /^[A-Z][A-Z0-9_]*$/.test(reference) || Object.hasOwn(settings, reference)
  return `"$NAME" of a secret or var ${isName ? `${reference} ` : ''}that is set to a header value`
}

function parse<Schema extends v.GenericSchema>(
  schema: Schema,
  field: string,
  name: string,
  options: Readonly<Record<string, unknown>>,
): v.InferOutput<Schema> {
  if (!GROUP_NAME.test(name)) {
    throw new ConfigError(field, name, 'a group name of 1 to 64 letters, digits, "_" and "-"')
  }
  const result = v.safeParse(schema, options, { abortEarly: true })
  if (result.success) return result.output
  throw configError(schema, field, options, result.issues[0])
}

function configError(
  schema: v.GenericSchema,
  field: string,
  options: Readonly<Record<string, unknown>>,
  issue: v.BaseIssue<unknown>,
): ConfigError {
  const path = (issue.path ?? []).map((item) => String(item.key))
  const place = path.reduce(within, field)
  const [option = ''] = path
  if (issue.type === 'strict_object' && options[option] === undefined) {
    return new ConfigError(place, undefined, 'a value, as it has no default')
  }
  if (issue.type === 'strict_object') {
    const names = Object.keys((schema as unknown as { entries: object }).entries).sort()
    const allowed = `only the options ${names.join(', ')}`
    return new ConfigError(place, options[option], allowed, describeUnknown(options[option]))
  }
  return new ConfigError(place, issue.input, issue.message, describeOption(option, issue.input))
}

/** URLs and headers carry secrets, and no text is a loader: nothing of them is shown. */
function describeOption(option: string, value: unknown): string {
  if (option === 'origin') return describeOrigin(value)
  return option === 'headers' || option === 'load' ? describeKind(value) : describe(value)
}

function within(field: string, name: string): string {
  return `${field}.${describeName(name)}`
}

function readTable(field: string, value: unknown): Record<string, unknown> {
  // What stands in the place of a table may be a secret.
  if (!isTable(value)) throw new ConfigError(field, value, 'a table', describeKind(value))
  return value
}
