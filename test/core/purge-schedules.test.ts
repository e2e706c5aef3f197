import { expect, test } from 'vitest'
import type { Purge } from '../../src/core/entry/purge.ts'
import type { Loaded } from '../../src/core/load/loader.ts'
import type { Reply } from '../../src/core/peers/peers.ts'
import { text } from '../support/counting-loader.ts'
import { createDurableGroup } from '../support/durable-group.ts'
import { type Choose, everySchedule } from '../support/every-schedule.ts'
import { textOf } from '../support/group-factory.ts'
import { latchedLoader } from '../support/latched-loader.ts'
import { settle } from '../support/settle.ts'

const TIMEOUT_MS = 1_000
const TAGS = ['x', 'y']
const PURGES: [string, Purge | 'set'][] = [
  ['purges of the key', { keys: ['Tom'] }],
  ['soft purges of the key', { keys: ['Tom'], soft: true }],
  ['purges of a tag', { tags: ['y'] }],
  ['soft purges of a tag', { tags: ['y'], soft: true }],
  ['purges of everything', { all: true }],
  ['sets', 'set'],
]

/** What the loads and sets of one key bring: the number of the origin's state when they began. */
class Scenario {
  private readonly loader = latchedLoader()
  private readonly node = createDurableGroup({
    loader: this.loader.load,
    options: { timeoutMs: TIMEOUT_MS },
  })
  private readonly purge: Purge | 'set'
  private state = 0
  private purgedAt = 0
  /** The states that loads began with; `undefined` once they have answered. */
  private readonly loads: (number | undefined)[] = []
  private readonly left = { get: 3, purge: 2, timeOut: 1, write: 1 }

  constructor(purge: Purge | 'set') {
    this.purge = purge
  }

  async run(choose: Choose): Promise<void> {
    for (let steps = this.steps(); steps.length > 0; steps = this.steps()) {
      await steps[choose(steps.length)]?.()
      await settle()
      this.noteLoads()
    }
    // Whatever has happened: what is held now, in memory or on disk, is not older than the last purge.
    this.node.write()
    this.checkHeld()
    this.node.loseMemory()
    this.checkHeld()
  }

  private steps(): (() => unknown)[] {
    const { get, purge, timeOut, write } = this.left
    return [
      ...(get > 0 ? [() => this.get()] : []),
      ...(purge > 0 ? [() => this.purgeAll()] : []),
      ...(timeOut > 0 && this.loads.length > 0 ? [() => this.timeOut()] : []),
      ...(write > 0 && this.loads.length > 0 ? [() => this.write()] : []),
      ...this.loads.flatMap((state, i) => (state === undefined ? [] : [() => this.answer(i)])),
    ]
  }

  private get(): void {
    this.left.get--
    const { purgedAt } = this
    const reply = this.node.group.get('Tom')
    if (!(reply instanceof Promise)) this.check(reply, purgedAt)
    else void reply.then((late) => this.check(late, purgedAt))
    this.noteLoads()
  }

  private async purgeAll(): Promise<void> {
    this.left.purge--
    this.purgedAt = ++this.state
    const { group } = this.node
    if (this.purge !== 'set') group.purgeLocally(this.purge)
    else await group.setLocally('Tom', versionOf(this.state))
  }

  private timeOut(): void {
    this.left.timeOut--
    this.node.clock.advance(TIMEOUT_MS)
  }

  private write(): void {
    this.left.write--
    this.node.write()
  }

  private answer(load: number): void {
    const state = this.loads[load] as number
    this.loads[load] = undefined
    // Every third finds nothing: an answer that is not a value must not let an older one back in either.
    const nothing: Loaded = { kind: 'not-found', ttlMs: 0, tags: TAGS }
    this.loader.answer(load, load === 1 ? nothing : versionOf(state))
  }

  private noteLoads(): void {
    while (this.loads.length < this.loader.calls.length) this.loads.push(++this.state)
  }

  private check(reply: Reply, purgedAt: number): void {
    // Thrown in a promise that nobody waits for, it would be lost.
    if (reply.kind === 'value' && Number(textOf(reply)) < purgedAt) this.violations.push(reply)
    expect(this.violations).toEqual([])
  }

  private readonly violations: Reply[] = []

  private checkHeld(): void {
    const held = this.node.group.peek('Tom')
    if (held !== undefined) this.check(held, this.purgedAt)
    expect(this.violations).toEqual([])
  }
}

function versionOf(state: number) {
  return { ...text(`${state}`), tags: TAGS }
}

test.each(PURGES)(
  '%s, gets, answers, late ones too, and writes to disk, in any order: nothing purged comes back',
  { timeout: 120_000 },
  async (_, purge) => {
    const schedules = await everySchedule((choose) => new Scenario(purge).run(choose))

    expect(schedules).toBeGreaterThan(1_000)
  },
)
