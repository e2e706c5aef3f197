/** Owns the clients of a simulation: each request, and that it ends within its bound. */

import type { CallOptions, Groupcache, ManyResult } from '../../src/core/group/api.ts'
import { inScope, type Life, type Scope } from './life.ts'
import type { LivingEdge } from './places.ts'
import type { Action, GroupPlan, Setup } from './plan.ts'
import type { SimulatedClock } from './simulated-clock.ts'
import { labelOf, type Truth } from './truth.ts'
import { asViolation, Violation } from './violation.ts'

type ClientAction = Extract<Action, { readonly edge: number }>

/** What calls of a client may add to its `timeout`: see `PEER_MARGIN_MS` in core/group. */
const PEER_MARGIN_MS = 8_000
/** The owner and its two guests. */
const PEERS = 3
/** Sets, purges and reports go out in stages; in each a node may be given up after 30 s. */
const STAGES_MS = 4 * 30_000 + 2_000

export interface RequestsParts {
  readonly setup: Setup
  readonly clock: SimulatedClock
  readonly truth: Truth
  readonly note: (line: string) => void
  readonly fail: (violation: Violation) => void
  /** Whether nodes and Workers disagree for now on who owns what, as a deployment spreads. */
  readonly isSpreading: () => boolean
  /** Whether an isolate has lately failed to reach a node, or waits for one in vain. */
  readonly hasTrouble: (life: Life) => boolean
}

export class Requests {
  /** Whether whatever fails is a violation. */
  mustSucceed: boolean
  /** Gets by edge isolate and group, as clients have made them. */
  readonly gets = new Map<string, number>()
  private readonly parts: RequestsParts
  private made = 0

  constructor(parts: RequestsParts) {
    this.parts = parts
    this.mustSucceed = parts.setup.isCalm
  }

  make(action: ClientAction, edge: LivingEdge): void {
    const { cache } = edge
    switch (action.kind) {
      case 'get':
      case 'leave':
        this.get(action, edge)
        break
      case 'getMany':
        this.getMany(action, edge)
        break
      case 'set':
        this.set(action, edge)
        break
      case 'purge':
        this.purge(action, edge)
        break
      case 'stats':
        this.begin(edge, 'stats', STAGES_MS, () => cache.stats())
    }
  }

  /** Gets a key where nothing is broken any more, and all has been purged. */
  getCurrent(group: string, key: string, number: number, edge: LivingEdge): void {
    this.get({ kind: 'get', edge: number, group, key }, edge, (text) => {
      const { isGone, text: current } = this.parts.truth.current(group, key)
      if (text === (isGone ? undefined : current)) return
      throw new Violation('too-old', `${group}/${key} is not current after a purge of all.`)
    })
  }

  private get(
    { edge: number, group, key, kind }: Extract<Action, { kind: 'get' | 'leave' }>,
    edge: LivingEdge,
    checkText: (text: string | undefined) => void = () => {},
  ) {
    this.count(edge, group, 1)
    const askedAtMs = this.parts.clock.now()
    const ask = () => edge.cache.get(group, key, this.optionsOf(number))
    const boundMs = this.getBoundMs(group)
    const check = (value: Awaited<ReturnType<Groupcache['get']>>) => {
      this.check(edge, group, key, askedAtMs, value ?? undefined)
      checkText(value === null ? undefined : new TextDecoder().decode(value.value))
    }
    this.begin(edge, `${kind} ${group}/${key}`, boundMs, ask, check, kind === 'leave')
  }

  private getMany(
    { edge: number, group, keys }: Extract<Action, { kind: 'getMany' }>,
    edge: LivingEdge,
  ) {
    this.count(edge, group, new Set(keys).size)
    const askedAtMs = this.parts.clock.now()
    const ask = () => edge.cache.getMany(group, keys, this.optionsOf(number))
    const check = (results: ManyResult[]) => {
      keys.forEach((key, i) => {
        const result = results[i] as ManyResult
        if (result?.key !== key) throw new Violation('never-current', `${key} is ${result?.key}.`)
        if (result.kind === 'value') this.check(edge, group, key, askedAtMs, result)
        if (result.kind === 'not-found') this.check(edge, group, key, askedAtMs, undefined)
        if (result.kind === 'failed') this.failed(`getMany ${group}/${key}: ${result.code}`)
      })
    }
    this.begin(edge, `getMany ${group}/${keys}`, 2 * this.getBoundMs(group), ask, check)
  }

  private set({ group, key, ttlMs }: Extract<Action, { kind: 'set' }>, edge: LivingEdge) {
    const { clock, isSpreading, truth } = this.parts
    const version = truth.newValue(group, key, ttlMs)
    const beganAtMs = clock.now()
    const isSure = !isSpreading()
    const options = { ttlMs, tags: version.tags }
    const ask = () => edge.cache.set(group, key, version.text, options)
    this.begin(edge, `set ${labelOf(version)}`, STAGES_MS, ask, () => {
      if (!isSure || isSpreading()) return
      const isMeant = (other: { readonly key: string }) => other.key === key
      const endedAtMs = clock.now()
      truth.purged({ group, isMeant, beganAtMs, endedAtMs, soft: false, spares: version })
    })
  }

  private purge({ group, purge }: Extract<Action, { kind: 'purge' }>, edge: LivingEdge) {
    const { clock, isSpreading, setup, truth } = this.parts
    const beganAtMs = clock.now()
    const isSure = !isSpreading()
    const ask = () => edge.cache.purge(group, purge)
    const what = `purge ${group} ${JSON.stringify(purge)}`
    this.begin(edge, what, STAGES_MS, ask, ({ ok, failed }) => {
      if (!ok) this.failed(`${what}: ${failed}`)
      if (!ok || !isSure || isSpreading()) return
      const { staleWhileRevalidate, staleIfError } = setup.groups[group] as GroupPlan
      const isSoft = purge.soft === true && staleWhileRevalidate + staleIfError > 0
      truth.purged({
        group,
        beganAtMs,
        endedAtMs: clock.now(),
        soft: isSoft,
        isMeant: ({ key, tags }) => {
          if ('keys' in purge) return purge.keys.includes(key)
          return 'all' in purge || purge.tags.some((tag) => tags.includes(tag))
        },
      })
    })
  }

  /** @param leaves Whether the client goes away at once, and with it what belongs to the request. */
  private begin<T>(
    edge: LivingEdge,
    what: string,
    boundMs: number,
    ask: () => Promise<T>,
    check: (result: T) => void = () => {},
    leaves = false,
  ): void {
    const { clock, fail, note } = this.parts
    const scope: Scope = { request: ++this.made, isOver: false, since: 0, pending: 0 }
    const cancel = clock.after(boundMs, () => {
      if (edge.life.isOver || leaves) return
      fail(new Violation('ends-in-time', `${what} has no answer after ${boundMs} ms.`))
    })
    note(`client -> ${edge.life.name}: ${what}`)
    const end = (outcome: string) => {
      cancel()
      note(`client <- ${edge.life.name}: ${what}: ${outcome}`)
      this.endScope(scope)
    }
    const asking = inScope(scope, async () => ask())
    if (leaves) clock.after(1, () => this.endScope(scope))
    asking.then(
      (result) => {
        end(shown(result))
        try {
          if (!edge.life.isOver && !leaves) check(result)
        } catch (error) {
          fail(asViolation(error))
        }
      },
      (error: unknown) => {
        const { code = 'no code', message } = error as { code?: string; message: string }
        end(`${code}: ${message}`)
        if (!CODES.includes(code)) fail(asViolation(error))
        if (!leaves) this.failed(`${what}: ${code}: ${message}`)
      },
    )
  }

  /** What a request of the edge has left behind is cut off, once its answer and what it waits for are done. */
  private endScope(scope: Scope): void {
    if (scope.pending === 0) scope.isOver = true
    else this.parts.clock.after(10, () => this.endScope(scope))
  }

  private check(
    edge: LivingEdge,
    group: string,
    key: string,
    askedAtMs: number,
    value: { value: Uint8Array; ageMs: number; status: string } | undefined,
  ): void {
    const { clock, hasTrouble, truth } = this.parts
    const { regions } = this.parts.setup
    const isLastResort = value !== undefined && /\bedge; hit; ttl=-/.test(value.status)
    if (isLastResort && !hasTrouble(edge.life)) {
      throw new Violation('too-old', `${group}/${key} is ${value.status}, though nodes are there.`)
    }
    truth.check({
      ...{ group, key, askedAtMs, isLastResort },
      isOfOwner: value !== undefined && !/\bedge; hit|detail=/.test(value.status),
      // "Not found" does not say.
      isJoined: value === undefined ? regions.length > 0 : /\bcollapsed\b/.test(value.status),
      answeredAtMs: clock.now(),
      text: value && new TextDecoder().decode(value.value),
      ...(value === undefined ? {} : { ageMs: value.ageMs }),
    })
  }

  private failed(what: string): void {
    if (this.mustSucceed) this.parts.fail(new Violation('calm', `Nothing is broken: ${what}`))
  }

  private getBoundMs(group: string): number {
    const { timeout } = this.parts.setup.groups[group] as GroupPlan
    return PEERS * (timeout + PEER_MARGIN_MS) + timeout
  }

  /** Each edge isolate is in one of the regions. */
  private optionsOf(edge: number): CallOptions {
    const { regions } = this.parts.setup
    const region = regions[edge % regions.length]
    return region === undefined ? {} : { region }
  }

  private count(edge: LivingEdge, group: string, gets: number): void {
    const name = `${edge.life.name} ${group}`
    this.gets.set(name, (this.gets.get(name) ?? 0) + gets)
  }
}

/** What a client may be told, when not all is well. */
const CODES = ['load-failed', 'load-timeout', 'overloaded']

function shown(result: unknown): string {
  if (result === null) return 'not found'
  const { value, status, ok } = (result ?? {}) as Record<string, unknown>
  if (value instanceof Uint8Array) {
    return `${labelOf({ text: new TextDecoder().decode(value) })}, ${status}`
  }
  return ok === undefined ? 'done' : `ok: ${ok}`
}
