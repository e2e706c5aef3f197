/** Owns the places of a simulation: nodes that come and go with their memory, and edge isolates. */

import { isDeepStrictEqual } from 'node:util'
import { type Config, type GroupDefinitions, readConfig } from '../../src/config/config.ts'
import type { Groupcache } from '../../src/core/group/api.ts'
import type { Group } from '../../src/core/group/group.ts'
import { Groups } from '../../src/core/group/groups.ts'
import { murmur3 } from '../../src/core/hash.ts'
import { MemoryBudget } from '../../src/core/memory/memory-budget.ts'
import { survivorsOf } from '../../src/core/ring/resize.ts'
import { type RingSettings, Topology } from '../../src/core/ring/topology.ts'
import { createEdge } from '../../src/edge/edge.ts'
import { createGroupcache } from '../../src/edge/groupcache.ts'
import { type Disk, Node } from '../../src/node/node.ts'
import type { Platform } from '../../src/platform/platform.ts'
import { MemoryStore } from '../support/memory-store.ts'
import type { Chance } from './chance.ts'
import { currentScope, Life } from './life.ts'
import type { Network } from './network.ts'
import type { Bindings } from './origin.ts'
import type { Setup } from './plan.ts'
import type { SimulatedClock } from './simulated-clock.ts'

/** What is deployed. */
export interface Deployment {
  readonly config: Config
  readonly topology: Topology
}

export interface Place {
  readonly life: Life
  readonly groups: readonly Group[]
}

export interface LivingNode extends Place {
  readonly node: Node
  readonly deployment: Deployment
}

export interface LivingEdge extends Place {
  readonly cache: Groupcache
}

export interface PlacesParts {
  readonly setup: Setup
  readonly clock: SimulatedClock
  readonly chance: Chance
  readonly network: () => Network
  readonly definitions: GroupDefinitions
}

/** Of a durable group's rows, as in `NodeDisk`. */
const TIMES_MEMORY = 8

export class Places {
  /** Those that are over too, so that no budget forgets them when the engine happens to collect garbage. */
  readonly all: Place[] = []
  private readonly parts: PlacesParts
  private readonly disks = new Map<string, Map<string, MemoryStore>>()
  private readonly settings = new Map<string, RingSettings>()
  private readonly budgets = new Map<number, MemoryBudget>()
  private readonly edgeBudgets: MemoryBudget[] = []
  private born = 0

  constructor(parts: PlacesParts) {
    this.parts = parts
  }

  deploymentOf(nodes: number, nodesBefore?: number): Deployment {
    const { definitions, setup } = this.parts
    const settings = {
      NODES: nodes,
      ...(nodesBefore === undefined ? {} : { NODES_BEFORE: nodesBefore }),
      ...(setup.regions.length === 0 ? {} : { REGIONS: setup.regions.join() }),
    }
    const config = readConfig(settings, definitions)
    return { config, topology: new Topology(config) }
  }

  startNode(name: string, deployment: Deployment): LivingNode {
    const { config, topology } = deployment
    const life = this.beginLife(name)
    const groups = new Groups()
    const platform = this.platformOf(life, this.budgetOf(name))
    const node = new Node({
      ...{ name, id: name, config, topology, platform, groups },
      env: this.bindingsOf(life),
      disk: this.openDisk(name, deployment, platform),
    })
    const living = { life, node, deployment, groups: [...groups] }
    this.all.push(living)
    return living
  }

  startEdge(number: number, { config }: Deployment): LivingEdge {
    const life = this.beginLife(`edge-${number}`)
    const budget = new MemoryBudget(this.parts.setup.isolateBytes)
    this.edgeBudgets.push(budget)
    const edge = createEdge(config, this.bindingsOf(life), this.platformOf(life, budget))
    const groups = Array.from(edge.groups.values(), ({ group }) => group)
    const living = { life, groups, cache: createGroupcache(edge, (bytes) => bytes) }
    this.all.push(living)
    return living
  }

  /** A node's rows, by group. */
  disksOf(name: string): ReadonlyMap<string, MemoryStore> {
    const disks = this.disks.get(name) ?? new Map<string, MemoryStore>()
    this.disks.set(name, disks)
    return disks
  }

  get allBudgets(): Iterable<MemoryBudget> {
    return [...this.budgets.values(), ...this.edgeBudgets]
  }

  private beginLife(name: string): Life {
    return new Life(`${name}#${++this.born}`)
  }

  private bindingsOf(life: Life): Cloudflare.Env {
    const bindings: Bindings & { CACHE_NODE: unknown } = {
      life,
      CACHE_NODE: this.parts.network().namespaceOf(life),
    }
    return bindings as unknown as Cloudflare.Env
  }

  private budgetOf(name: string): MemoryBudget {
    const { isolateBytes, isolates } = this.parts.setup
    const isolate = murmur3(name) % isolates
    const budget = this.budgets.get(isolate) ?? new MemoryBudget(isolateBytes)
    this.budgets.set(isolate, budget)
    return budget
  }

  private platformOf(life: Life, budget: MemoryBudget): Platform {
    const { chance, clock } = this.parts
    return {
      clock: life.clockOf(clock),
      random: chance.random,
      uuid: () => life.name,
      // At once, as the real one does not: it would be done in another thread, whenever that likes.
      entityTag: (value) => `"${value.byteLength}"`,
      memory: () => budget,
      waitUntil: (work) => {
        const scope = currentScope()
        if (scope === undefined) return
        scope.pending++
        const done = () => {
          scope.pending--
        }
        work.then(done, done)
      },
      withSpan: (_name, _attributes, run) => run(),
      logError: () => {},
    }
  }

  /** In place of SQLite, with the fake that passes the same tests as the real store. */
  private openDisk(name: string, { topology }: Deployment, { clock }: Platform): Disk {
    const isOwned = topology.ownershipOf(name)
    const disks = this.disksOf(name) as Map<string, MemoryStore>
    const survives = survivorsOf(this.settings.get(name), topology, name)
    const isSame = isDeepStrictEqual(this.settings.get(name), topology.settings)
    for (const store of isSame ? [] : disks.values()) {
      for (const key of [...store.keysOf({ all: true })]) if (!survives(key)) store.delete({ key })
    }
    this.settings.set(name, topology.settings)
    return {
      partsOf: ({ durable, maxBytes, name: group }) => {
        if (!durable) return undefined
        const store = disks.get(group) ?? new MemoryStore()
        disks.set(group, store)
        const later = (run: () => void) => void clock.after(0, run)
        return { store, maxBytes: maxBytes * TIMES_MEMORY, isOwned, later, onWritten: () => {} }
      },
      sweepSome: () => {},
    }
  }
}
