/** Owns what happens in a simulation from outside: how the cache is set up, who asks for what, and what breaks. */

import type { FunctionGroup } from '../../src/config/group-options.ts'
import type { Purge } from '../../src/core/entry/purge.ts'
import type { Eviction } from '../../src/core/eviction/policies.ts'
import { zipf } from '../support/zipf.ts'
import { type Chance, chanceOf } from './chance.ts'

/** A group's settings, without its loader; times in milliseconds. */
export interface GroupPlan
  extends Pick<FunctionGroup, 'maxBytes' | 'maxHotBytes' | 'maxValueBytes' | 'softTimeout'> {
  readonly ttl: number
  readonly staleWhileRevalidate: number
  readonly staleIfError: number
  readonly negativeTtl: number
  readonly timeout: number
  readonly hotTtl: number
  readonly maxLoads: number
  readonly expiryJitter: number
  readonly durable: boolean
  readonly eviction: Eviction
}

export interface Setup {
  readonly nodes: number
  readonly regions: readonly string[]
  readonly edges: number
  readonly keys: number
  readonly groups: Readonly<Record<string, GroupPlan>>
  /** Nodes whose number modulo this is the same share an isolate, and its memory. */
  readonly isolates: number
  /** The bound on what an isolate's nodes hold together, in bytes. */
  readonly isolateBytes: number
  /** Nothing breaks, and the network is quick: everything has to succeed. */
  readonly isCalm: boolean
}

export type OriginMood = 'well' | 'slow' | 'failing' | 'hanging'
export type NodeFault = 'abort' | 'hang' | 'overload' | 'throw' | 'disk'

export type Action =
  | { readonly kind: 'get'; readonly edge: number; readonly group: string; readonly key: string }
  /** A get whose client goes away, and takes along what belongs to the request. */
  | { readonly kind: 'leave'; readonly edge: number; readonly group: string; readonly key: string }
  | {
      readonly kind: 'getMany'
      readonly edge: number
      readonly group: string
      readonly keys: readonly string[]
    }
  | {
      readonly kind: 'set'
      readonly edge: number
      readonly group: string
      readonly key: string
      readonly ttlMs: number
    }
  | { readonly kind: 'purge'; readonly edge: number; readonly group: string; readonly purge: Purge }
  | { readonly kind: 'stats'; readonly edge: number }
  /** The origin's value of a key is another one from now on, or there is none. */
  | {
      readonly kind: 'change'
      readonly group: string
      readonly key: string
      readonly isGone: boolean
    }
  | { readonly kind: 'mood'; readonly mood: OriginMood; readonly forMs: number }
  | {
      readonly kind: 'fault'
      readonly node: number
      readonly fault: NodeFault
      readonly forMs: number
    }
  | { readonly kind: 'network'; readonly forMs: number }
  | { readonly kind: 'new-edge'; readonly edge: number }
  | { readonly kind: 'deploy'; readonly nodes: number; readonly nodesBefore?: number }

export interface Step {
  readonly atMs: number
  readonly action: Action
}

export interface Plan {
  readonly seed: number
  readonly setup: Setup
  readonly steps: readonly Step[]
}

const LENGTH_MS = 60_000
const STEPS = 160
const MOST_NODES = 6

export function planOf(seed: number): Plan {
  const chance = chanceOf(seed, 'plan')
  const setup = setupOf(chance)
  const rank = zipf(setup.keys, chance.random)
  const names = Object.keys(setup.groups)
  const steps: Step[] = []
  let nodes = setup.nodes
  let isChanging = false
  let atMs = 0
  while (steps.length < STEPS) {
    // Bursts, so that things meet, with pauses between, so that they end.
    atMs += chance.happens(0.7) ? chance.between(0, 40) : chance.between(0, (4 * LENGTH_MS) / STEPS)
    const { action, nodesNow } = actionOf()
    nodes = nodesNow
    steps.push({ atMs, action })
    if (action.kind === 'change' && chance.happens(0.6)) publish(action.group, action.key, atMs)
    // What races: several ask for one key at once.
    while (action.kind === 'get' && chance.happens(0.4) && steps.length < STEPS) {
      const edge = chance.between(0, setup.edges - 1)
      steps.push({ atMs: atMs + chance.between(0, 30), action: { ...action, edge } })
    }
  }
  return { seed, setup, steps: steps.sort((a, b) => a.atMs - b.atMs) }

  /** As an editor does it: what has changed is purged, or set, while others ask for it; then, and later. */
  function publish(group: string, key: string, fromMs: number): void {
    const at = () => ({ edge: chance.between(0, setup.edges - 1), group, key })
    const isSet = chance.happens(0.3)
    const change: Action = isSet
      ? { kind: 'set', ...at(), ttlMs: 20_000 }
      : { kind: 'purge', ...at(), purge: purgeOf(key) }
    const { hotTtl } = setup.groups[group] as GroupPlan
    const gets = [chance.between(-40, 40), chance.between(0, 150), hotTtl + chance.between(0, 120)]
    steps.push({ atMs: fromMs + chance.between(0, 20), action: change })
    for (const afterMs of gets) {
      steps.push({ atMs: Math.max(0, fromMs + afterMs), action: { kind: 'get', ...at() } })
    }
  }

  function actionOf(): { action: Action; nodesNow: number } {
    const edge = chance.between(0, setup.edges - 1)
    const group = chance.oneOf(names)
    const key = `k${rank()}`
    const at = { edge, group, key }
    const still = (action: Action) => ({ action, nodesNow: nodes })
    const dice = chance.random()
    if (dice < 0.5) return still({ kind: 'get', ...at })
    if (dice < 0.54) return still({ kind: 'leave', ...at })
    if (dice < 0.59) {
      const keys = Array.from({ length: chance.between(1, 6) }, () => `k${rank()}`)
      return still({ kind: 'getMany', edge, group, keys })
    }
    if (dice < 0.65) {
      const ttlMs = chance.oneOf([0, 500, 4_000, 20_000])
      return still({ kind: 'set', ...at, ttlMs })
    }
    if (dice < 0.74) return still({ kind: 'purge', edge, group, purge: purgeOf(key) })
    if (dice < 0.76) return still({ kind: 'stats', edge })
    if (dice < 0.86 || setup.isCalm) {
      return still({ kind: 'change', group, key, isGone: chance.happens(0.15) })
    }
    const forMs = chance.between(100, 6_000)
    if (dice < 0.89) {
      const mood = chance.oneOf(['slow', 'failing', 'hanging'] as const)
      return still({ kind: 'mood', mood, forMs })
    }
    if (dice < 0.96) {
      const faults = ['abort', 'hang', 'overload', 'throw', 'disk'] as const
      const node = chance.between(0, MOST_NODES * Math.max(1, setup.regions.length) - 1)
      return still({ kind: 'fault', node, fault: chance.oneOf(faults), forMs })
    }
    if (dice < 0.97) return still({ kind: 'network', forMs })
    if (dice < 0.975) return still({ kind: 'new-edge', edge })
    return deploy()
  }

  /** As docs/scaling has it: a change is over before the next one begins. */
  function deploy(): { action: Action; nodesNow: number } {
    if (isChanging) {
      isChanging = false
      return { action: { kind: 'deploy', nodes }, nodesNow: nodes }
    }
    const nodesNow = chance.between(2, MOST_NODES)
    isChanging = chance.happens(0.8)
    const before = isChanging ? { nodesBefore: nodes } : {}
    return { action: { kind: 'deploy', nodes: nodesNow, ...before }, nodesNow }
  }

  function purgeOf(key: string): Purge {
    const soft = chance.happens(0.25) ? { soft: true } : {}
    const dice = chance.random()
    if (dice < 0.6) return { keys: [key], ...soft }
    if (dice < 0.85) return { tags: [`t${chance.between(0, 2)}`], ...soft }
    return { all: true, ...soft }
  }
}

function setupOf(chance: Chance): Setup {
  const isCalm = chance.happens(0.2)
  const groups = Array.from({ length: chance.between(1, 3) }, (_, i) => {
    const group = groupOf(chance)
    // Not even a burst may wait too long for its turn.
    return [`g${i}`, isCalm ? { ...group, timeout: 2_000, maxLoads: 128 } : group] as const
  })
  return {
    nodes: chance.between(1, MOST_NODES),
    regions: chance.happens(0.3) ? ['weur', 'enam'] : [],
    edges: chance.between(1, 4),
    keys: chance.oneOf([2, 6, 20]),
    groups: Object.fromEntries(groups),
    isolates: chance.between(1, 3),
    isolateBytes: chance.oneOf([12_000, 40_000, 1_000_000]),
    isCalm,
  }
}

function groupOf(chance: Chance): GroupPlan {
  return {
    ttl: chance.oneOf([0, 300, 2_000, 10_000]),
    staleWhileRevalidate: chance.oneOf([0, 0, 1_000, 5_000]),
    staleIfError: chance.oneOf([0, 0, 2_000, 15_000]),
    negativeTtl: chance.oneOf([0, 1_500]),
    timeout: chance.oneOf([400, 2_000]),
    ...(chance.happens(0.3) ? { softTimeout: 100 } : {}),
    hotTtl: chance.oneOf([0, 250, 1_000, 3_000]),
    maxBytes: chance.oneOf([6_000, 20_000, 200_000]),
    maxValueBytes: 3_000,
    maxHotBytes: chance.oneOf([5_000, 200_000]),
    maxLoads: chance.oneOf([2, 128, 128]),
    expiryJitter: chance.oneOf([0, 0.1]),
    durable: chance.happens(0.35),
    eviction: chance.oneOf(['lru', 's3-fifo'] as const),
  }
}
