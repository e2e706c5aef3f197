/** Owns what each key's value was and when, and whether an answer may have been given. */

import { createHash } from 'node:crypto'

/** What a group promises, in milliseconds, and how large its values are. */
export interface Promises {
  readonly ttlMs: number
  readonly staleMs: number
  readonly hotTtlMs: number
  readonly timeoutMs: number
  readonly bytes: number
}

/** What was answered, as far as it says which value it is. */
export interface Seen {
  readonly group: string
  readonly key: string
  /** When the request was sent, and when its answer had come. */
  readonly askedAtMs: number
  readonly answeredAtMs: number
  readonly etag: string
  /** What `Age` says; default: nothing. */
  readonly ageMs?: number
  /** All of the body; `undefined` where there is none, as of HEAD and 304. */
  readonly body?: string | undefined
  /** Whether the edge may have been unable to reach the owner, and may have gone on with what it had. */
  readonly mayBeCutOff?: boolean
  /** Where in the value the body begins and ends, both included; default: it is all of it. */
  readonly range?: readonly [first: number, last: number] | undefined
}

interface History {
  /** When each version became current. The index is the version. */
  readonly fromMs: number[]
  readonly etags: Map<string, number>
  /** Purges and sets that were answered with success: older versions than `least` are gone from `fromMs` on. */
  readonly bounds: { readonly fromMs: number; readonly least: number }[]
}

/** For timers and sockets that are late on a busy machine. */
export const MARGIN_MS = 1_500
/** Two clocks of one machine, read one after the other, differ by less. */
export const MOMENT_MS = 5

export class Truth {
  private readonly histories = new Map<string, History>()
  private readonly groups: Readonly<Record<string, Promises>>

  constructor(groups: Readonly<Record<string, Promises>>) {
    this.groups = groups
  }

  version(group: string, key: string): number {
    return this.of(group, key).fromMs.length - 1
  }

  change(group: string, key: string, nowMs: number): void {
    this.of(group, key).fromMs.push(nowMs)
  }

  /** A purge or a set that was answered at `nowMs`; `least` was the version when it was sent. */
  forgotten(group: string, key: string, least: number, nowMs: number): void {
    const { bounds } = this.of(group, key)
    const fromMs = nowMs + this.promisesOf(group).hotTtlMs
    if (bounds.some((bound) => bound.least >= least && bound.fromMs <= fromMs)) return
    bounds.push({ fromMs, least })
  }

  /** A purge of `keys` is sent. Returns what is to be called once it has been answered with success. */
  purging(group: string, keys: readonly string[]): (nowMs: number) => void {
    const versions = keys.map((key) => [key, this.version(group, key)] as const)
    return (nowMs) => {
      for (const [key, least] of versions) {
        if (least > 0) this.forgotten(group, key, least, nowMs)
      }
    }
  }

  body(group: string, key: string, version = this.version(group, key)): string {
    const head = `${group}/${key}#${version}\n`
    const sum = createHash('sha256').update(head).digest('hex')
    const { bytes } = this.promisesOf(group)
    return (head + sum.repeat(Math.ceil(bytes / sum.length))).slice(0, Math.max(bytes, head.length))
  }

  /** What is wrong with an answer, or `undefined`. */
  check(seen: Seen): string | undefined {
    const { group, key, etag, body, range } = seen
    const history = this.of(group, key)
    const known = history.etags.get(etag)
    const version = body === undefined || range ? known : versionIn(body)
    // Of a tag that has not come with a whole value yet nothing is known.
    if (version === undefined) return body === undefined || range ? undefined : 'no version in it'
    if (history.fromMs[version] === undefined) return `version ${version} has never been`
    if (body !== undefined) {
      const whole = this.body(group, key, version)
      const expected = range ? whole.slice(range[0], range[1] + 1) : whole
      if (body !== expected) return body.length < expected.length ? 'short' : 'not the bytes of it'
    }
    if (known !== undefined && known !== version) return 'the tag of another version'
    for (const [other, of] of history.etags) {
      if (of === version && other !== etag) return 'two tags for the same bytes'
    }
    history.etags.set(etag, version)
    return this.tooOld(seen, history, version)
  }

  private tooOld(seen: Seen, history: History, version: number): string | undefined {
    const { group, askedAtMs, answeredAtMs } = seen
    const from = history.fromMs[version] as number
    if (from > answeredAtMs) return `version ${version} is from the future`
    const replacedAtMs = history.fromMs[version + 1] ?? Number.POSITIVE_INFINITY
    const { ageMs = Math.max(0, askedAtMs - replacedAtMs) } = seen
    if (ageMs > answeredAtMs - from) return `loaded ${ageMs} ms ago, and newer than that`
    const { ttlMs, staleMs, hotTtlMs, timeoutMs } = this.promisesOf(group)
    const mostMs = ttlMs + staleMs + hotTtlMs + timeoutMs + MARGIN_MS
    if (ageMs < askedAtMs - replacedAtMs - timeoutMs - MARGIN_MS) {
      return `loaded ${ageMs} ms ago, though replaced before`
    }
    if (askedAtMs - replacedAtMs > mostMs) {
      return `version ${version} was replaced ${askedAtMs - replacedAtMs} ms before, allowed ${mostMs}`
    }
    const cutOffMs = seen.mayBeCutOff ? staleMs : 0
    const bound = history.bounds.find(
      ({ fromMs, least }) => askedAtMs > fromMs + cutOffMs + MOMENT_MS && version < least,
    )
    return bound && `version ${version} although purged up to ${bound.least}`
  }

  private of(group: string, key: string): History {
    const name = `${group}/${key}`
    const known = this.histories.get(name)
    if (known !== undefined) return known
    const history = { fromMs: [0], etags: new Map(), bounds: [] }
    this.histories.set(name, history)
    return history
  }

  promisesOf(group: string): Promises {
    const promises = this.groups[group]
    if (promises === undefined) throw new Error(`no group ${group}`)
    return promises
  }
}

function versionIn(body: string): number | undefined {
  const version = /^\S+#(\d+)\n/.exec(body)?.[1]
  return version === undefined ? undefined : Number(version)
}
