/** A group in a node against the contract in a few lines: what is answered, how fresh, and at what cost. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeUtf8 } from '../../src/core/bytes.ts'
import type { Purge } from '../../src/core/entry/purge.ts'
import { OriginError } from '../../src/core/errors.ts'
import type { GroupOptions } from '../../src/core/group/group.ts'
import type { Loaded } from '../../src/core/load/loader.ts'
import { holds } from '../support/fuzz.ts'
import { createTestGroup, textOf } from '../support/group-factory.ts'
import { settle } from '../support/settle.ts'

type Life = Pick<
  GroupOptions,
  'ttlMs' | 'staleWhileRevalidateMs' | 'staleIfErrorMs' | 'negativeTtlMs'
>

/** What the origin has of a key: a text, nothing, or only failures, which a stale value stands in for or not. */
type Has = string | 'nothing' | 'failure' | 'refusal'

interface Held {
  /** `undefined`: known not to exist. */
  readonly text: string | undefined
  freshUntilMs: number
  failures: number
  restsUntilMs: number
}

const TAGS_OF: Readonly<Record<string, string[]>> = { a: ['x'], b: ['x', 'y'], c: ['y'] }
const KEYS = ['a', 'b', 'c', 'd']

/** What a reader of the contract would expect of one node without jitter. */
class NaiveGroup {
  nowMs = 0
  loads = 0
  readonly origin = new Map<string, Has>()
  private readonly held = new Map<string, Held>()
  private readonly life: Life

  constructor(life: Life) {
    this.life = life
  }

  get(key: string): string {
    const { staleWhileRevalidateMs, staleIfErrorMs } = this.life
    const held = this.held.get(key)
    const staleForMs =
      held === undefined ? Number.POSITIVE_INFINITY : this.nowMs - held.freshUntilMs
    if (held !== undefined && staleForMs < 0) return `fresh ${held.text ?? 'nothing'}`
    const stale = held?.text
    const isResting = held !== undefined && this.nowMs < held.restsUntilMs
    if (stale !== undefined && staleForMs < staleWhileRevalidateMs) {
      if (!isResting) this.load(key)
      return `stale ${stale}`
    }
    const mayCoverFailure = stale !== undefined && staleForMs < staleIfErrorMs
    if (mayCoverFailure && isResting) return `stale ${stale}`
    const loaded = this.load(key)
    if (loaded === 'refusal') return 'failure'
    if (loaded === 'failure') return mayCoverFailure ? `stale ${stale}` : 'failure'
    return `fresh ${loaded}`
  }

  set(key: string, text: string): void {
    this.hold(key, text, this.life.ttlMs)
  }

  purge(key: string, soft: boolean): void {
    const held = this.held.get(key)
    if (held === undefined) return
    held.freshUntilMs = Math.min(held.freshUntilMs, this.nowMs)
    // A soft purge ends the pause after refreshes that failed.
    held.restsUntilMs = 0
    held.failures = 0
    if (!soft || held.text === undefined) this.held.delete(key)
  }

  private load(key: string): Has {
    this.loads++
    const has = this.origin.get(key) ?? 'nothing'
    const held = this.held.get(key)
    if (has === 'refusal') this.held.delete(key)
    else if (has !== 'failure') {
      const isText = has !== 'nothing'
      this.hold(key, isText ? has : undefined, isText ? this.life.ttlMs : this.life.negativeTtlMs)
    } else if (held !== undefined) {
      held.failures++
      // A second, then twice as long each time, up to half a minute; by chance 0.5 a quarter less.
      held.restsUntilMs = this.nowMs + 0.75 * Math.min(30_000, 1_000 * 2 ** (held.failures - 1))
    }
    return has
  }

  private hold(key: string, text: string | undefined, ttlMs: number): void {
    this.held.set(key, { text, freshUntilMs: this.nowMs + ttlMs, failures: 0, restsUntilMs: 0 })
  }
}

/** The real group beside it. */
class Pair {
  readonly naive: NaiveGroup
  private readonly real
  private versions = 0

  constructor(life: Life) {
    this.naive = new NaiveGroup(life)
    const loader = async (key: string): Promise<Loaded> => {
      const has = this.naive.origin.get(key) ?? 'nothing'
      if (has === 'failure') throw new Error('down')
      if (has === 'refusal') throw new OriginError('no', { isRefusal: true })
      if (has !== 'nothing') return newValue(key, has)
      return { kind: 'not-found', tags: TAGS_OF[key] ?? [] }
    }
    this.real = createTestGroup({ loader, options: { ...life, expiryJitter: 0 } })
  }

  async get(key: string): Promise<void> {
    const reply = await this.real.group.get(key)
    await settle()
    const { ttlMs = 1 } = reply.path[0] ?? {}
    const freshness = ttlMs > 0 ? 'fresh' : 'stale'
    const found = reply.kind === 'value' ? textOf(reply) : 'nothing'
    const expected = this.naive.get(key)
    expect(reply.kind === 'failed' ? 'failure' : `${freshness} ${found}`).toBe(expected)
    expect(this.real.group.stats.loads).toBe(this.naive.loads)
  }

  async set(key: string): Promise<void> {
    const text = `set-${this.versions++}`
    this.naive.set(key, text)
    await this.real.group.set(key, newValue(key, text))
  }

  change(key: string, has: Has | 'new'): void {
    this.naive.origin.set(key, has === 'new' ? `loaded-${this.versions++}` : has)
  }

  async purge(purge: Purge): Promise<void> {
    await this.real.group.purge(purge)
    for (const key of KEYS) {
      const isMeant =
        'keys' in purge
          ? purge.keys.includes(key)
          : 'all' in purge || purge.tags.some((tag) => TAGS_OF[key]?.includes(tag))
      if (isMeant) this.naive.purge(key, purge.soft === true)
    }
  }

  advance(ms: number): void {
    this.naive.nowMs += ms
    this.real.clock.advance(ms)
  }
}

function newValue(key: string, text: string) {
  const tags = TAGS_OF[key] ?? []
  return { kind: 'value' as const, value: encodeUtf8(text), contentType: 'text/plain', tags }
}

type Step = (pair: Pair) => void | Promise<void>

/** Each prints itself, so that a counterexample can be read. */
function named(name: string, step: Step): Step {
  return Object.assign(step, { toString: () => name })
}

const anyKey = fc.constantFrom(...KEYS)
const anyPurge: fc.Arbitrary<Purge> = fc.oneof(
  fc.record({ keys: fc.array(anyKey, { maxLength: 2 }), soft: fc.boolean() }),
  fc.record({ tags: fc.constantFrom(['x'], ['y'], ['x', 'y'], ['z']), soft: fc.boolean() }),
  fc.record({ all: fc.constant(true as const), soft: fc.boolean() }),
)
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: anyKey.map((key) => named(`get(${key})`, (pair) => pair.get(key))) },
  { weight: 3, arbitrary: anyKey.map((key) => named(`set(${key})`, (pair) => pair.set(key))) },
  {
    weight: 10,
    arbitrary: fc
      .tuple(
        anyKey,
        fc.constantFrom<(Has | 'new')[]>('new', 'new', 'nothing', 'failure', 'failure', 'refusal'),
      )
      .map(([key, has]) => named(`origin(${key}, ${has})`, (pair) => pair.change(key, has))),
  },
  {
    weight: 4,
    arbitrary: anyPurge.map((purge) =>
      named(`purge(${JSON.stringify(purge)})`, (pair) => pair.purge(purge)),
    ),
  },
  {
    weight: 12,
    arbitrary: fc
      .constantFrom(1, 250, 499, 500, 749, 750, 999, 1_000, 1_500)
      .map((ms) => named(`advance(${ms})`, (pair) => pair.advance(ms))),
  },
)
const anyLife: fc.Arbitrary<Life> = fc.record({
  ttlMs: fc.constantFrom(1_000, 1_500),
  staleWhileRevalidateMs: fc.constantFrom(0, 500, 3_000),
  staleIfErrorMs: fc.constantFrom(0, 500, 3_000, 10_000),
  negativeTtlMs: fc.constantFrom(0, 500),
})

test('a group answers what the contract says, as fresh as it says, with as many loads', async () => {
  const steps = fc.array(anyStep, { minLength: 1, maxLength: 60, size: 'max' })
  const property = fc.asyncProperty(anyLife, steps, async (life, run) => {
    const pair = new Pair(life)
    for (const step of run) await step(pair)
  })
  await holds(property, { seed: 141, numRuns: 2_000 })
})
