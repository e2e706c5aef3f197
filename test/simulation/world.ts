/** Owns one simulation: places, network and origin on one clock, and what has to hold after each step. */

import type { NodeCalls, PurgeMessage, SetMessage } from '../../src/core/peers/messages.ts'
import type { Duration, Load } from '../../src/loaders/function-loader.ts'
import { chanceOf } from './chance.ts'
import { checkPlace } from './invariants.ts'
import type { Life } from './life.ts'
import { type Answer, type Delivery, Network, type Receiver } from './network.ts'
import { Origin } from './origin.ts'
import { type Deployment, type LivingEdge, type LivingNode, Places } from './places.ts'
import type { Action, GroupPlan, NodeFault, Plan } from './plan.ts'
import { Requests } from './requests.ts'
import { SimulatedClock } from './simulated-clock.ts'
import { Truth } from './truth.ts'
import { asViolation, Violation } from './violation.ts'

/** How long it takes until all places run what was deployed. */
const SPREAD_MS = 2_000
/** Longer than any request may take, and any pause after failures. */
const SETTLE_MS = 130_000

export interface WorldOptions {
  /** Told each thing that happens. */
  readonly note?: (line: string) => void
}

export class World implements Receiver {
  private readonly plan: Plan
  private readonly clock = new SimulatedClock()
  private readonly truth: Truth
  private readonly origin: Origin
  private readonly network: Network
  private readonly places: Places
  private readonly requests: Requests
  private readonly note: (line: string) => void
  private readonly chance
  private readonly nodes = new Map<string, LivingNode>()
  private readonly deployed = new Map<string, Deployment>()
  private readonly faults = new Map<string, NodeFault>()
  private readonly edges: LivingEdge[] = []
  /** What has been answered to requests as data. */
  private readonly final = new Set<string>()
  private latest: Deployment
  private spreadUntilMs = 0
  private violation: Violation | undefined

  constructor(plan: Plan, { note = () => {} }: WorldOptions = {}) {
    const { seed, setup } = plan
    const { clock } = this
    const startMs = clock.now()
    this.plan = plan
    this.note = (line) => note(`${String(clock.now() - startMs).padStart(6)} ${line}`)
    this.chance = chanceOf(seed, 'world')
    this.truth = new Truth(setup.groups)
    const fail = (violation: Violation) => this.fail(violation)
    this.origin = new Origin({
      ...{ clock, truth: this.truth, isCalm: setup.isCalm, note: this.note, fail },
      chance: chanceOf(seed, 'origin'),
      onLoad: (...load) => this.loads(...load),
    })
    this.network = new Network({
      ...{ clock, receiver: this, note: this.note },
      chance: chanceOf(seed, 'network'),
      onCall: (delivery) => this.calls(delivery),
      onAnswer: (delivery, answer) => this.answered(delivery, answer),
    })
    const { load } = this.origin
    const definitions = Object.entries(setup.groups).map(([name, group]) => {
      return [name, { ...group, ...durationsOf(group), load: load as unknown as Load }] as const
    })
    this.places = new Places({
      ...{ setup, clock, network: () => this.network },
      chance: chanceOf(seed, 'places'),
      definitions: Object.fromEntries(definitions),
    })
    this.requests = new Requests({
      ...{ setup, clock, truth: this.truth, note: this.note, fail },
      isSpreading: () => clock.now() < this.spreadUntilMs,
      hasTrouble: (life) => this.network.hasTrouble(life),
    })
    this.latest = this.places.deploymentOf(setup.nodes)
    for (let i = 0; i < setup.edges; i++) this.edges.push(this.places.startEdge(i, this.latest))
  }

  /** Runs all of it. Returns the first violation, if there is one. */
  async run(): Promise<Violation | undefined> {
    const startMs = this.clock.now()
    for (const { atMs, action } of this.plan.steps) {
      await this.runUntil(startMs + atMs)
      if (this.violation !== undefined) return this.violation
      this.act(action)
      await drained()
      this.check()
    }
    await this.heal()
    await this.recover()
    return this.violation
  }

  wake(name: string): Life | undefined {
    const fault = this.faults.get(name)
    if (fault === 'hang') return undefined
    if (fault === 'overload') throw Object.assign(new Error('Too much.'), { overloaded: true })
    if (fault === 'throw') throw new Error('The constructor throws.')
    return this.nodeNamed(name).life
  }

  deliver({ from, to, method, message }: Delivery): unknown {
    const { life, node } = this.nodeNamed(to)
    this.origin.arrives()
    if (method === 'set') this.setComes(life, message as SetMessage)
    if (method === 'purge') this.purgeComes(life, message as PurgeMessage)
    this.note(`${to} is asked to ${method} by ${from.name}`)
    const call = node[method] as (message: unknown) => ReturnType<NodeCalls[typeof method]>
    return call.call(node, message)
  }

  private setComes(life: Life, { group, key, value }: SetMessage): void {
    this.truth.wasSet(new TextDecoder().decode(value.value), this.clock.now())
    this.origin.changed(life, group, [key])
  }

  private purgeComes(life: Life, { group, purge }: PurgeMessage): void {
    this.origin.changed(life, group, 'keys' in purge ? purge.keys : undefined)
  }

  private act(action: Action): void {
    const { clock, network, origin } = this
    if ('edge' in action && action.kind !== 'new-edge') {
      this.requests.make(action, this.edges[action.edge] as LivingEdge)
      return
    }
    this.note(`-- ${JSON.stringify(action)}`)
    switch (action.kind) {
      case 'change':
        this.truth.current(action.group, action.key)
        this.truth.change(action.group, action.key, action.isGone, clock.now())
        return
      case 'mood':
        origin.mood = action.mood
        clock.after(action.forMs, () => {
          origin.mood = 'well'
        })
        return
      case 'network':
        network.isBad = true
        clock.after(action.forMs, () => {
          network.isBad = false
        })
        return
      case 'new-edge':
        this.restartEdge(action.edge)
        return
      case 'deploy':
        this.deploy(this.places.deploymentOf(action.nodes, action.nodesBefore))
        return
      case 'fault': {
        const names = this.latest.topology.allNodes()
        const name = names[action.node % names.length] as string
        this.breakNode(name, action.fault, action.forMs)
      }
    }
  }

  private breakNode(name: string, fault: NodeFault, forMs: number): void {
    if (fault === 'abort') {
      this.endNode(name)
      return
    }
    if (fault === 'disk') {
      for (const { broken } of this.places.disksOf(name).values()) {
        for (const call of ['read', 'write', 'delete'] as const) broken.add(call)
      }
    } else this.faults.set(name, fault)
    this.clock.after(forMs, () => this.mend(name))
  }

  private mend(name: string): void {
    const disks = [...this.places.disksOf(name).values()]
    // A disk that has failed is tried again only by a node that starts.
    if (disks.some(({ broken }) => broken.size > 0)) this.endNode(name)
    for (const { broken } of disks) broken.clear()
    this.faults.delete(name)
  }

  private endNode(name: string): void {
    this.nodes.get(name)?.life.end()
    this.nodes.delete(name)
  }

  private restartEdge(number: number): void {
    this.edges[number]?.life.end()
    this.edges[number] = this.places.startEdge(number, this.latest)
  }

  /** Each place changes over at a moment of its own. */
  private deploy(deployment: Deployment): void {
    const { chance, clock } = this
    const names = new Set([...this.latest.topology.allNodes(), ...deployment.topology.allNodes()])
    this.latest = deployment
    this.spreadUntilMs = clock.now() + SPREAD_MS + 1
    for (const name of names) {
      clock.after(chance.between(0, SPREAD_MS), () => {
        if (this.latest !== deployment) return
        this.deployed.set(name, deployment)
        this.mend(name)
        this.endNode(name)
        // It wakes: what it does not own any more has to be gone before the next change (docs/scaling).
        this.nodeNamed(name)
      })
    }
    this.edges.forEach((_, number) => {
      clock.after(chance.between(0, SPREAD_MS), () => this.restartEdge(number))
    })
  }

  private nodeNamed(name: string): LivingNode {
    const living = this.nodes.get(name)
    if (living !== undefined) return living
    const started = this.places.startNode(name, this.deployed.get(name) ?? this.latest)
    this.nodes.set(name, started)
    return started
  }

  private calls(delivery: Delivery): void {
    if (delivery.method === 'get')
      this.requireOpen(delivery.request, delivery.from, keyOf(delivery))
  }

  private answered(delivery: Delivery, answer: Answer): void {
    if (delivery.method !== 'get' || answer.kind !== 'answered') return
    // What came after the caller had given up was not the answer.
    if (answer.tookMs < 1_000)
      this.final.add(nameOf(delivery.request, delivery.from, keyOf(delivery)))
  }

  private loads(request: number | undefined, life: Life, group: string, key: string): void {
    this.requireOpen(request, life, `${group}/${key}`)
  }

  private requireOpen(request: number | undefined, life: Life, key: string): void {
    if (request === undefined || !this.final.has(nameOf(request, life, key))) return
    this.fail(new Violation('final-answer', `${life.name} asks again for ${key}.`))
  }

  private fail(violation: Violation): void {
    this.violation ??= violation
  }

  private async runUntil(untilMs: number): Promise<void> {
    while (this.violation === undefined && this.clock.runNext(untilMs)) await drained()
  }

  private check(): void {
    try {
      for (const place of this.places.all) {
        checkPlace(place, this.plan.setup, this.origin, this.requests)
      }
      for (const budget of this.places.allBudgets) {
        if (budget.heldBytes > budget.maxBytes) {
          throw new Violation('bytes', `An isolate holds ${budget.heldBytes} bytes.`)
        }
      }
    } catch (error) {
      this.fail(asViolation(error))
    }
  }

  /** Nothing is broken any more; what is under way ends. */
  private async heal(): Promise<void> {
    this.network.isBad = false
    this.origin.mood = 'well'
    this.origin.isFlawless = true
    for (const name of [...this.faults.keys(), ...this.nodes.keys()]) this.mend(name)
    await this.runUntil(this.clock.now() + SETTLE_MS)
    this.check()
    this.requests.mustSucceed = true
  }

  /** After a purge of all each edge answers with what is current. */
  private async recover(): Promise<void> {
    const { groups, keys } = this.plan.setup
    for (const group of Object.keys(groups)) {
      this.act({ kind: 'purge', edge: 0, group, purge: { all: true } })
    }
    await this.runUntil(this.clock.now() + 10_000)
    for (const group of Object.keys(groups)) {
      for (let i = 0; i < keys; i++) {
        const number = i % this.edges.length
        this.requests.getCurrent(group, `k${i}`, number, this.edges[number] as LivingEdge)
        // In turn: what waits for its turn may be too late.
        await this.runUntil(this.clock.now() + 200)
      }
    }
    await this.runUntil(this.clock.now() + SETTLE_MS)
    this.check()
  }
}

/** As texts: options refuse a small bare number of milliseconds. */
function durationsOf({ softTimeout, ...group }: GroupPlan) {
  const text = (ms: Duration) => `${ms}ms`
  return {
    ttl: text(group.ttl),
    staleWhileRevalidate: text(group.staleWhileRevalidate),
    staleIfError: text(group.staleIfError),
    negativeTtl: text(group.negativeTtl),
    timeout: text(group.timeout),
    hotTtl: text(group.hotTtl),
    ...(softTimeout === undefined ? {} : { softTimeout: text(softTimeout) }),
  }
}

function keyOf({ message }: Delivery): string {
  const { group, key } = message as { group: string; key: string }
  return `${group}/${key}`
}

function nameOf(request: number | undefined, { name }: Life, key: string): string {
  return `${request} ${name} ${key}`
}

/** Every promise reaction that is ready, and those that it readies, have run. */
function drained(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
