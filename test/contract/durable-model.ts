/**
 * Owns a model of what a durable group may answer, and random runs against it: for any store, in any
 * runtime.
 */

import fc from 'fast-check'
import { expect } from 'vitest'
import { encodeUtf8 } from '../../src/core/bytes.ts'
import type { EntryStore } from '../../src/core/durable/entry-store.ts'
import { ENTRY_OVERHEAD_BYTES } from '../../src/core/entry/entry.ts'
import type { Purge } from '../../src/core/entry/purge.ts'
import type { Reply } from '../../src/core/peers/peers.ts'
import { createDurableGroupOn, type DurableGroup } from '../support/durable-group.ts'
import { settle } from '../support/settle.ts'

const TTL_MS = 1_000
const WINDOW_MS = 2_000
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f']
const TAGS_OF: Readonly<Record<string, string[]>> = { a: ['x'], b: ['x', 'y'], c: ['y'], d: ['x'] }
const ENTRY_BYTES = ENTRY_OVERHEAD_BYTES + 450
const MAX_DURABLE_BYTES = 5 * ENTRY_BYTES

/** A value that was loaded or set: all that is needed to say whether it may be answered. */
interface Version {
  readonly key: string
  readonly number: number
  readonly bornMs: number
  purgedSoftlyMs: number
  /** Purged, or replaced by what the loss of memory cannot take back. */
  isGone: boolean
}

class Model<Store extends EntryStore> {
  readonly node: DurableGroup<Store>
  private readonly versions: Version[] = []
  /** The number of the newest version of a key that was answered since memory was lost. */
  private readonly answered = new Map<string, number>()
  /** Versions from this number on wait to be written. */
  private written = 0
  private readonly recount: (store: Store) => number

  constructor(store: Store, recount: (store: Store) => number) {
    this.recount = recount
    this.node = createDurableGroupOn(store, {
      maxBytes: 2 * ENTRY_BYTES,
      maxDurableBytes: MAX_DURABLE_BYTES,
      options: { ttlMs: TTL_MS, staleWhileRevalidateMs: WINDOW_MS },
      entityTag: (value) => `"${new TextDecoder().decode(value).slice(0, 12)}"`,
      loader: async (key) => ({ kind: 'value', ...this.bear(key) }),
    })
  }

  async get(key: string): Promise<void> {
    const nowMs = this.node.clock.now()
    const isStored = this.isFreshOnDisk(key, nowMs)
    const { loads } = this.node.group.stats
    const reply = await this.node.group.get(key)
    const version = this.versionOf(reply)

    expect(version.key).toBe(key)
    expect(version.isGone).toBe(false)
    expect(version.number).toBeGreaterThanOrEqual(this.answered.get(key) ?? 0)
    this.answered.set(key, version.number)
    const ageMs = nowMs - version.bornMs
    const isStale = ageMs >= TTL_MS || version.purgedSoftlyMs !== Number.POSITIVE_INFINITY
    const endMs = Math.min(version.bornMs + TTL_MS, version.purgedSoftlyMs) + WINDOW_MS
    expect(nowMs).toBeLessThan(endMs)
    expect([isStale, reply.path[0]?.ttlMs ?? 1]).toEqual(
      isStale ? [true, endMs - WINDOW_MS - nowMs] : [false, expect.any(Number)],
    )
    if (isStored) expect(this.node.group.stats.loads).toBe(loads)
    // A refresh may run behind the answer.
    await settle()
  }

  async set(key: string): Promise<void> {
    const value = this.bear(key)
    await this.node.group.setLocally(key, value)
    this.endAllButNewest(key)
  }

  async purge(purge: Purge): Promise<void> {
    this.node.group.purgeLocally(purge)
    // Rows have to be there to be made stale.
    if (purge.soft) this.written = this.versions.length
    for (const version of this.versions) {
      const { key } = version
      const isMeant =
        'keys' in purge
          ? purge.keys.includes(key)
          : 'all' in purge || purge.tags.some((tag) => TAGS_OF[key]?.includes(tag))
      if (!isMeant) continue
      if (!purge.soft) version.isGone = true
      else version.purgedSoftlyMs = Math.min(version.purgedSoftlyMs, this.node.clock.now())
    }
  }

  write(): void {
    this.node.write()
    this.written = this.versions.length
    for (const key of KEYS) this.endAllButNewest(key)
  }

  /** What was not written is lost, and what it would have replaced may be there again. */
  loseMemory(): void {
    this.answered.clear()
    for (const version of this.versions.slice(this.written)) version.isGone = true
    this.written = this.versions.length
    this.node.loseMemory()
  }

  check(): void {
    const { group, store } = this.node
    expect(group.durableBytes).toBeLessThanOrEqual(MAX_DURABLE_BYTES)
    expect(group.durableBytes).toBe(this.recount(store))
    expect([...store.keysOf({ all: true })]).toHaveLength(group.durableItems)
  }

  private endAllButNewest(key: string): void {
    const all = this.versions.filter((version) => version.key === key && !version.isGone)
    for (const version of all.slice(0, -1)) version.isGone = true
  }

  /** A new version of a key. */
  private bear(key: string) {
    const number = this.versions.length
    this.versions.push({
      key,
      number,
      bornMs: this.node.clock.now(),
      purgedSoftlyMs: Number.POSITIVE_INFINITY,
      isGone: false,
    })
    return {
      value: encodeUtf8(`${number} `.padEnd(20, '.')),
      contentType: 'text/plain',
      tags: TAGS_OF[key] ?? [],
    }
  }

  private versionOf(reply: Reply): Version {
    if (reply.kind !== 'value') throw new Error(`The reply is ${reply.kind}, not a value.`)
    const number = Number.parseInt(new TextDecoder().decode(reply.entry.value), 10)
    return this.versions[number] as Version
  }

  private isFreshOnDisk(key: string, nowMs: number): boolean {
    const stored = this.node.store.read(key, nowMs)
    return stored !== undefined && !stored.isPurgedSoftly && nowMs < stored.entry.expiresAtMs
  }
}

type Step = (model: Model<EntryStore>) => void | Promise<void>

/** Each prints itself, so that a counterexample can be read. */
function named(name: string, step: Step): Step {
  return Object.assign(step, { toString: () => name })
}

const anyKey = fc.constantFrom(...KEYS)
const anyPurge: fc.Arbitrary<Purge> = fc.oneof(
  fc.record({ keys: fc.array(anyKey, { maxLength: 2 }), soft: fc.boolean() }),
  fc.record({ tags: fc.constantFrom(['x'], ['y'], ['x', 'y']), soft: fc.boolean() }),
  fc.record({ all: fc.constant(true as const), soft: fc.boolean() }),
)
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: anyKey.map((key) => named(`get(${key})`, (model) => model.get(key))) },
  { weight: 4, arbitrary: anyKey.map((key) => named(`set(${key})`, (model) => model.set(key))) },
  {
    weight: 5,
    arbitrary: anyPurge.map((purge) =>
      named(`purge(${JSON.stringify(purge)})`, (model) => model.purge(purge)),
    ),
  },
  { weight: 8, arbitrary: fc.constant(named('write', (model) => model.write())) },
  { weight: 5, arbitrary: fc.constant(named('loseMemory', (model) => model.loseMemory())) },
  {
    weight: 5,
    arbitrary: fc
      .constantFrom(1, 300, 999, 1_000, 2_000)
      .map((ms) => named(`advance(${ms})`, ({ node }) => node.clock.advance(ms))),
  },
  {
    weight: 1,
    arbitrary: fc.constant(
      named('sweep', ({ node }) => void node.group.sweep(node.clock.now(), 10)),
    ),
  },
)

/**
 * Runs random steps: no answer is purged, replaced, or older than it may be; what is fresh on disk costs
 * no load; and the bytes on disk are within their bound, and those that a recount finds.
 */
export async function runDurableModel<Store extends EntryStore>(
  createStore: () => Store,
  recount: (store: Store) => number,
  numRuns: number,
): Promise<void> {
  const steps = fc.array(anyStep, { minLength: 1, maxLength: 60, size: 'max' })
  const property = fc.asyncProperty(steps, async (run) => {
    const model = new Model(createStore(), recount)
    for (const step of run) {
      await step(model as unknown as Model<EntryStore>)
      model.check()
    }
  })
  await fc.assert(property, { seed: 11, numRuns })
}
