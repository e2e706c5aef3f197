/**
 * Owns the cache over HTTP, for programs that are no Worker next to it: Node, browsers. Web standards
 * only, and nothing of the rest of this project but types. No retries: whether a failed call may be
 * made again, and when, its caller knows.
 */

import type { Purge } from '../core/entry/purge.ts'
import type { Groupcache, ManyResult, SetOptions } from '../core/group/api.ts'
import { GroupcacheError } from './groupcache-error.ts'
import { type ClientOptions, failureOf, Http } from './http.ts'
import { inPieces } from './in-pieces.ts'
import { batchPath, ringPath, valuePath } from './paths.ts'
import { setHeaders } from './set-headers.ts'
import {
  type BatchAnswer,
  type KeyForm,
  type Outcome,
  readBatchAnswer,
  readPurgeReport,
  readRingReport,
  readStatsReport,
} from './wire.ts'

export type { Purge, PurgeReport } from '../core/entry/purge.ts'
export type * from '../core/group/api.ts'
export { GroupcacheError, type GroupcacheErrorCode } from './groupcache-error.ts'
export type { ClientOptions, Fetch } from './http.ts'

/** The server takes so many keys in one request; a browser has six connections to one origin. */
const BATCHES = { mostItems: 1000, mostAtOnce: 4 }

const encoder = new TextEncoder()

/** Throws `TypeError` for options that cannot be used. All methods throw `GroupcacheError`. */
export function createClient(options: ClientOptions): Groupcache {
  return new Client(new Http(options))
}

class Client implements Groupcache {
  readonly #http: Http
  /** What the newest answer, or one under way, says of each group. */
  readonly #keyForms = new Map<string, Promise<KeyForm>>()

  constructor(http: Http) {
    this.#http = http
  }

  /** A batch of one key, so that no key needs to be spelt in a URL. */
  async get(group: string, key: string) {
    const { outcomes } = await this.#readBatch(group, [key])
    const outcome = outcomes[0] as Outcome
    if (outcome.kind === 'not-found') return null
    if (outcome.kind === 'failed') {
      const { code, message, httpStatus: status } = outcome
      throw new GroupcacheError(message, { code, status })
    }
    const { kind: _, ...value } = outcome
    return value
  }

  /** Asks nothing for no keys. Where one of several requests fails as a whole, so does the call. */
  async getMany(group: string, keys: readonly string[]) {
    return inPieces(keys, BATCHES, async (piece) => {
      const outcomes = await this.#readAll(group, piece)
      return piece.map((key, i) => manyResult(key, outcomes[i] as Outcome))
    })
  }

  async set(group: string, key: string, value: string | Uint8Array, options: SetOptions = {}) {
    const isText = typeof value === 'string'
    // A copy, as the caller may use its buffer again while the group's form of keys is asked for.
    const body = new Uint8Array(isText ? encoder.encode(value) : value)
    const defaultType = isText ? 'text/plain; charset=utf-8' : 'application/octet-stream'
    const headers = setHeaders(defaultType, options)

    const form = await this.#keyForm(group)
    const path = valuePath(this.#http.baseHref, group, form, key)
    const response = await this.#http.send('PUT', path, { headers, body })
    if (response.status !== 204) throw await failureOf(response)
  }

  /** A report of nodes that could not be reached is returned too: see its `ok`. */
  async purge(group: string, purge: Purge) {
    return this.#http.postJson('admin/purge', { ...purge, group }, readPurgeReport, [200, 502])
  }

  async ring(group?: string, key?: string) {
    return this.#http.get(ringPath(group, key), readRingReport)
  }

  async stats() {
    return this.#http.get('admin/stats', readStatsReport)
  }

  /** An answer has room for so much: what has had none is asked for again, alone in the end. */
  async #readAll(group: string, keys: readonly string[]): Promise<Outcome[]> {
    const outcomes = [...(await this.#readBatch(group, keys)).outcomes]
    const leftOut = [...outcomes.keys()].filter((i) => isLeftOut(outcomes[i] as Outcome))
    if (keys.length === 1) return outcomes
    const together = leftOut.length < keys.length ? leftOut.length : 1
    for (let start = 0; start < leftOut.length; start += together) {
      const part = leftOut.slice(start, start + together)
      const again = await this.#readAll(
        group,
        part.map((i) => keys[i] as string),
      )
      part.forEach((index, i) => {
        outcomes[index] = again[i] as Outcome
      })
    }
    return outcomes
  }

  async #readBatch(group: string, keys: readonly string[]): Promise<BatchAnswer> {
    const answer = await this.#http.postJson(batchPath(group), { keys }, (json) =>
      readBatchAnswer(json, keys.length),
    )
    // Always the newest: a deployment may have changed it.
    this.#keyForms.set(group, Promise.resolve(answer.keyForm))
    return answer
  }

  #keyForm(group: string): Promise<KeyForm> {
    const known = this.#keyForms.get(group)
    if (known !== undefined) return known
    const asked = this.#readBatch(group, []).then(({ keyForm }) => keyForm)
    this.#keyForms.set(group, asked)
    // A failure is not remembered; it reaches the callers by the promise that they have.
    asked.catch(() => {
      if (this.#keyForms.get(group) === asked) this.#keyForms.delete(group)
    })
    return asked
  }
}

function isLeftOut(outcome: Outcome): boolean {
  return outcome.kind === 'failed' && outcome.code === 'no-room'
}

/** Under the key as it was asked for, whatever spelling the server prefers. */
function manyResult(key: string, outcome: Outcome): ManyResult {
  if (outcome.kind !== 'failed') return { key, ...outcome }
  const { kind, code, message } = outcome
  return { key, kind, code, message }
}
