/** Owns the JSON forms of answers: each is checked, since a proxy may have answered in the cache's place. */

import type { PurgeReport } from '../core/entry/purge.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { CachedValue, RingReport, StatsReport } from '../core/group/api.ts'

/** How a group's keys are spelt in a URL: any text, percent-encoded, or a path with its query, as it is. */
export type KeyForm = 'text' | 'path'

/** What became of one key of a batch. */
export type Outcome =
  | ({ readonly kind: 'value' } & CachedValue)
  | { readonly kind: 'not-found' }
  | {
      readonly kind: 'failed'
      readonly code: ErrorCode
      readonly message: string
      readonly httpStatus: number
    }

export interface BatchAnswer {
  readonly keyForm: KeyForm
  readonly outcomes: readonly Outcome[]
}

type Fields = Readonly<Record<string, unknown>>

/** The answer to `count` keys. Like the other readers, `undefined` where the JSON has another form. */
export function readBatchAnswer(json: unknown, count: number): BatchAnswer | undefined {
  if (!isObject(json)) return undefined
  const { keyForm, entries } = json
  if (keyForm !== 'text' && keyForm !== 'path') return undefined
  if (!Array.isArray(entries) || entries.length !== count) return undefined
  const outcomes = entries.map(readEntry).filter((outcome) => outcome !== undefined)
  return outcomes.length === count ? { keyForm, outcomes } : undefined
}

export function readPurgeReport(json: unknown): PurgeReport | undefined {
  const isReport = isObject(json) && typeof json.ok === 'boolean' && Array.isArray(json.failed)
  return isReport ? (json as unknown as PurgeReport) : undefined
}

export function readRingReport(json: unknown): RingReport | undefined {
  const isReport = isObject(json) && (typeof json.owner === 'string' || Array.isArray(json.nodes))
  return isReport ? (json as unknown as RingReport) : undefined
}

export function readStatsReport(json: unknown): StatsReport | undefined {
  const isReport = isObject(json) && Array.isArray(json.nodes) && isObject(json.sum)
  return isReport ? (json as unknown as StatsReport) : undefined
}

export function isObject(json: unknown): json is Fields {
  return typeof json === 'object' && json !== null
}

function readEntry(entry: unknown): Outcome | undefined {
  if (!isObject(entry)) return undefined
  const { status, code, detail } = entry
  if (status === 200) return readValue(entry)
  if (code === 'not-found') return { kind: 'not-found' }
  if (typeof status !== 'number' || typeof code !== 'string' || typeof detail !== 'string') {
    return undefined
  }
  return { kind: 'failed', code: code as ErrorCode, message: detail, httpStatus: status }
}

function readValue(entry: Fields): Outcome | undefined {
  const { contentType, etag, ageMs, expiresAtMs, cacheStatus } = entry
  const value = bytesOf(entry.value)
  const isValue =
    value !== undefined &&
    typeof contentType === 'string' &&
    typeof etag === 'string' &&
    typeof ageMs === 'number' &&
    typeof expiresAtMs === 'number' &&
    typeof cacheStatus === 'string'
  if (!isValue) return undefined
  return { kind: 'value', value, contentType, etag, ageMs, expiresAtMs, status: cacheStatus }
}

/** By `atob`: Node 24 has no `Uint8Array.fromBase64` yet. */
function bytesOf(base64: unknown): Uint8Array | undefined {
  if (typeof base64 !== 'string') return undefined
  let binary: string
  try {
    binary = atob(base64)
  } catch {
    return undefined
  }
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}
