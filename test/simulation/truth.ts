/**
 * Owns what may be answered: what was current when, what has arrived where, and what has been purged. It
 * knows nothing of how the cache works, only what it promises (README, "What is promised").
 */

import type { GroupPlan } from './plan.ts'
import { Violation } from './violation.ts'

/** One value of a key: a version of the origin's, or a value set; `isGone`: that there is none. */
export interface Version {
  readonly group: string
  readonly key: string
  readonly text: string
  readonly tags: readonly string[]
  readonly isGone: boolean
  /** From this moment on the origin has another one. `Infinity`: it has this one. Of values set: see `setAtMs`. */
  supersededAtMs: number
  /** When it came to a place that keeps it: from the origin, or by a set. */
  readonly arrivedAtMs: number[]
  /** The latest moment at which a set has brought it. */
  setAtMs?: number
  /** Its own, where it has one. */
  readonly ttlMs?: number
}

interface Purged {
  readonly group: string
  readonly isMeant: (version: Version) => boolean
  readonly beganAtMs: number
  readonly endedAtMs: number
  readonly soft: boolean
  /** A set is a purge of everything but what it sets. */
  readonly spares?: Version
}

/** A version in few characters. */
export function labelOf({ text }: Pick<Version, 'text'>): string {
  return text.replace(/ .*/, '')
}

/** How long an answer may be on its way from another region. */
const LONGEST_WAY_MS = 1_500

/** An answer to a get. */
export interface Answered {
  readonly group: string
  readonly key: string
  /** `undefined`: not found. */
  readonly text: string | undefined
  readonly askedAtMs: number
  readonly answeredAtMs: number
  readonly ageMs?: number
  /** That its owner has answered, and no copy on top of the owner's. */
  readonly isOfOwner: boolean
  /** That it joined a call under way: what another region has answered to that may be on its way already. */
  readonly isJoined: boolean
  /** That an isolate which reaches no node may go on with its own copy, and has. */
  readonly isLastResort: boolean
}

export class Truth {
  private readonly groups: Readonly<Record<string, GroupPlan>>
  private readonly versions = new Map<string, Version[]>()
  private readonly byText = new Map<string, Version>()
  private readonly purges: Purged[] = []
  private numbered = 0

  constructor(groups: Readonly<Record<string, GroupPlan>>) {
    this.groups = groups
  }

  /** The origin's value of a key at this moment. */
  current(group: string, key: string): Version {
    return this.versionsOf(group, key).at(-1) ?? this.change(group, key, false, 0)
  }

  /** The origin has another value of the key from now on. */
  change(group: string, key: string, isGone: boolean, nowMs: number): Version {
    const versions = this.versionsOf(group, key)
    const latest = versions.at(-1)
    if (latest !== undefined) latest.supersededAtMs = nowMs
    const version = this.create(group, key, { isGone })
    versions.push(version)
    return version
  }

  /** A value that a client is about to set. */
  newValue(group: string, key: string, ttlMs: number): Version {
    return this.create(group, key, { ttlMs, supersededAtMs: Number.NEGATIVE_INFINITY })
  }

  /** A set has come to a node. */
  wasSet(text: string, nowMs: number): void {
    const version = this.byText.get(text) as Version
    version.setAtMs = nowMs
    version.arrivedAtMs.push(nowMs)
  }

  purged(purge: Purged): void {
    this.purges.push(purge)
  }

  /** Throws `Violation`. */
  check(answered: Answered): void {
    const { group, key, text, askedAtMs, ageMs, answeredAtMs } = answered
    if (text === undefined) {
      this.checkNotFound(answered)
      return
    }
    const version = this.byText.get(text)
    const what = `${group}/${key}, asked at ${askedAtMs}: ${labelOf({ text })}`
    if (version?.group !== group || version.key !== key || version.arrivedAtMs.length === 0) {
      throw new Violation('never-current', `${what} is no value of this key.`)
    }
    const loadedAtMs = answeredAtMs - (ageMs ?? 0)
    if (!version.arrivedAtMs.includes(loadedAtMs)) {
      throw new Violation('never-current', `${what} says that it is of ${loadedAtMs}.`)
    }
    const { ttl, staleWhileRevalidate, staleIfError } = this.groups[group] as GroupPlan
    const ttlMs = version.ttlMs ?? ttl
    const staleMs = ttlMs === 0 ? 0 : Math.max(staleWhileRevalidate, staleIfError)
    this.checkAge(what, loadedAtMs, answered, ttlMs + staleMs)
    for (const purge of this.purges) checkPurge(what, purge, version, answered, this.groups)
  }

  private checkNotFound(answered: Answered): void {
    const { group, key, askedAtMs } = answered
    const what = `${group}/${key}, asked at ${askedAtMs}: not found`
    const gone = this.versionsOf(group, key).filter(({ isGone }) => isGone)
    if (gone.length === 0) throw new Violation('never-current', `${what}, which it never was.`)
    const { negativeTtl } = this.groups[group] as GroupPlan
    const wayMs = answered.isJoined ? LONGEST_WAY_MS : 0
    const recent = gone.filter(({ arrivedAtMs }) => {
      return arrivedAtMs.some((atMs) => askedAtMs < atMs + negativeTtl + wayMs || atMs >= askedAtMs)
    })
    if (recent.length === 0) throw new Violation('too-old', `${what}, which it is not any more.`)
    const failures = recent.map((version) => {
      try {
        for (const purge of this.purges) checkPurge(what, purge, version, answered, this.groups)
        return undefined
      } catch (error) {
        return error
      }
    })
    if (failures.every((failure) => failure !== undefined)) throw failures[0]
  }

  private checkAge(what: string, loadedAtMs: number, answered: Answered, lifeMs: number) {
    const { askedAtMs, isJoined } = answered
    const wayMs = isJoined ? LONGEST_WAY_MS : 0
    if (askedAtMs < loadedAtMs + lifeMs + wayMs || loadedAtMs >= askedAtMs) return
    throw new Violation('too-old', `${what} is of ${loadedAtMs}, and lives for ${lifeMs} ms.`)
  }

  private versionsOf(group: string, key: string): Version[] {
    const name = `${group}/${key}`
    const versions = this.versions.get(name) ?? []
    this.versions.set(name, versions)
    return versions
  }

  private create(group: string, key: string, parts: Partial<Version>): Version {
    const number = ++this.numbered
    const text = `${group}/${key}@${number} ${'.'.repeat((number * 397) % 1_500)}`
    const version: Version = {
      group,
      key,
      text,
      // That there is nothing has no tag.
      tags: parts.isGone ? [] : [`t${number % 3}`],
      isGone: false,
      supersededAtMs: Number.POSITIVE_INFINITY,
      arrivedAtMs: [],
      ...parts,
    }
    this.byText.set(text, version)
    return version
  }
}

function checkPurge(
  what: string,
  purge: Purged,
  version: Version,
  { askedAtMs, isLastResort, isOfOwner }: Answered,
  groups: Readonly<Record<string, GroupPlan>>,
): void {
  const { beganAtMs, endedAtMs, group, isMeant, soft, spares } = purge
  if (group !== version.group || version === spares || isLastResort) return
  const { hotTtl, staleIfError, staleWhileRevalidate } = groups[group] as GroupPlan
  // What was purged softly is stale from then on, and may be answered as such.
  const graceMs = soft ? Math.max(staleWhileRevalidate, staleIfError) : 0
  const endMs = endedAtMs + graceMs + (isOfOwner ? 0 : hotTtl)
  if (askedAtMs < endMs || !isMeant(version)) return
  // It may have been loaded, or set, again: then it is not the old one.
  if (version.supersededAtMs > beganAtMs || (version.setAtMs ?? 0) >= beganAtMs) return
  const by = spares === undefined ? 'purged' : 'replaced by a set'
  throw new Violation('too-old', `${what} was ${by} from ${beganAtMs} to ${endedAtMs}.`)
}
