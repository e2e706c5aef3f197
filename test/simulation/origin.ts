/** Owns the origin of a simulation: what it answers, how slowly, and which loads are under way there. */

import { LoadError } from '../../src/core/errors.ts'
import type { Load, LoadContext, Loaded } from '../../src/loaders/function-loader.ts'
import type { Chance } from './chance.ts'
import { currentScope, type Life } from './life.ts'
import type { OriginMood } from './plan.ts'
import type { SimulatedClock } from './simulated-clock.ts'
import { labelOf, type Truth, type Version } from './truth.ts'
import { Violation } from './violation.ts'

/** What a place brings to its loader, as its bindings. */
export interface Bindings {
  readonly life: Life
}

interface LoadUnderWay {
  readonly life: Life
  readonly signal: AbortSignal
  /** See `Scope`. */
  readonly since: number
}

export interface OriginParts {
  readonly clock: SimulatedClock
  readonly chance: Chance
  readonly truth: Truth
  readonly isCalm: boolean
  readonly note: (line: string) => void
  readonly fail: (violation: Violation) => void
  /** Told of each load, when it begins. */
  readonly onLoad: (request: number | undefined, life: Life, group: string, key: string) => void
}

export class Origin {
  mood: OriginMood = 'well'
  /** Whether it never fails by chance. */
  isFlawless: boolean
  private readonly parts: OriginParts
  private readonly underWay = new Map<string, Set<LoadUnderWay>>()
  private readonly counts = new Map<string, number>()
  /** Purges and sets that have come to nodes so far, and the latest of each key, or of all keys. */
  private changes = 0
  private readonly latestChange = new Map<string, number>()

  constructor(parts: OriginParts) {
    this.parts = parts
    this.isFlawless = parts.isCalm
  }

  /** How often a place has called its loader. */
  loadsOf(life: Life, group: string): number {
    return this.counts.get(`${life.name} ${group}`) ?? 0
  }

  /** A request comes to a node: purges and sets that come later part it from those who come after them. */
  arrives(): void {
    const scope = currentScope()
    if (scope !== undefined) scope.since = this.changes
  }

  /** A purge or a set has come to a node, of some keys or of all. */
  changed(life: Life, group: string, keys: readonly string[] = ['']): void {
    this.changes++
    for (const key of keys) this.latestChange.set(`${life.name} ${group}/${key}`, this.changes)
  }

  private isCurrent(life: Life, group: string, key: string, since: number): boolean {
    return ['', key].every((name) => {
      return (this.latestChange.get(`${life.name} ${group}/${name}`) ?? 0) <= since
    })
  }

  readonly load: Load<Bindings> = async (key, context) => {
    const { clock, note, onLoad, truth } = this.parts
    const { group, env } = context
    const { life } = env
    const name = `${life.name} ${group}`
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
    onLoad(currentScope()?.request, life, group, key)
    note(`${life.name} loads ${group}/${key}`)
    const load = this.begin(key, context)
    const ending = this.endingNow()
    const readAfterMs = this.parts.chance.between(0, ending.delayMs)
    await this.wait(life, readAfterMs)
    if (ending.kind === 'hangs') await new Promise(() => {})
    const version = truth.current(group, key)
    await this.wait(life, ending.delayMs - readAfterMs)
    load.delete()
    if (ending.kind === 'fails') throw this.failure()
    note(`${life.name} gets ${version.isGone ? 'nothing' : labelOf(version)}`)
    version.arrivedAtMs.push(clock.now())
    return answerOf(version)
  }

  /** While it keeps failing it asks for a pause, so that circuits open. */
  private failure(): LoadError {
    const isDown = this.mood === 'failing'
    return new LoadError('The origin is sick.', isDown ? { retryAfterMs: 1_500 } : {})
  }

  private begin(key: string, { group, signal, env }: LoadContext<Bindings>) {
    const name = `${group}/${key}`
    const loads = this.underWay.get(name) ?? new Set()
    this.underWay.set(name, loads)
    const load: LoadUnderWay = { life: env.life, signal, since: currentScope()?.since ?? 0 }
    const isOpen = ({ life, signal, since }: LoadUnderWay) =>
      life === env.life && !signal.aborted && this.isCurrent(life, group, key, since)
    const isNode = env.life.name.includes('node-')
    if (isNode && isOpen(load) && [...loads].some(isOpen)) {
      this.parts.fail(new Violation('one-load', `${env.life.name} loads ${name} twice at once.`))
    }
    loads.add(load)
    return { delete: () => loads.delete(load) }
  }

  private endingNow(): { kind: 'answers' | 'fails' | 'hangs'; delayMs: number } {
    const { chance } = this.parts
    const delayMs = chance.between(0, 60)
    switch (this.mood) {
      case 'well':
        return { kind: !this.isFlawless && chance.happens(0.02) ? 'fails' : 'answers', delayMs }
      case 'slow':
        return { kind: 'answers', delayMs: chance.between(0, 3_000) }
      case 'failing':
        return { kind: chance.happens(0.9) ? 'fails' : 'answers', delayMs }
      case 'hanging':
        return { kind: chance.happens(0.7) ? 'hangs' : 'answers', delayMs }
    }
  }

  /** The promise of a place that is over never settles. */
  private wait(life: Life, ms: number): Promise<void> {
    return new Promise((resolve) => this.parts.clock.after(ms, life.bind(resolve)))
  }
}

function answerOf({ isGone, tags, text }: Version): Loaded {
  if (isGone) return null
  return { value: text, tags }
}
