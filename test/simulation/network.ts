/** Owns the calls between places in a simulation: they take time, overtake each other, and get lost. */

import type { NodeCalls } from '../../src/core/peers/messages.ts'
import type { NodeNamespace } from '../../src/peers/stub-peers.ts'
import type { Chance } from './chance.ts'
import { currentScope, inScope, type Life } from './life.ts'
import type { SimulatedClock } from './simulated-clock.ts'

export type Method = keyof NodeCalls

/** A call, as it is delivered to its node. */
export interface Delivery {
  readonly from: Life
  readonly to: string
  readonly method: Method
  readonly message: unknown
  /** What the caller works on: a client's request, or a call that has come to it. */
  readonly request: number | undefined
}

/** A node, as calls come to it. Throws what the platform would. */
export interface Receiver {
  /** The node's life, begun if need be; `undefined`: it hangs, and never answers. */
  wake(name: string): Life | undefined
  deliver(delivery: Delivery): unknown
}

export interface NetworkParts {
  readonly clock: SimulatedClock
  readonly chance: Chance
  readonly receiver: Receiver
  readonly note: (line: string) => void
  /** Told of each call. */
  readonly onCall: (delivery: Delivery) => void
  /** Told how each call ended, as its caller sees it. */
  readonly onAnswer: (delivery: Delivery, answer: Answer) => void
}

export type Answer =
  | { readonly kind: 'answered'; readonly value: unknown; readonly tookMs: number }
  | { readonly kind: 'failed'; readonly error: unknown }

/** How long a call takes on either way at most, while the network is well. */
export const LONGEST_WAY_MS = 60

const METHODS: readonly Method[] = ['get', 'getMany', 'peek', 'set', 'purge', 'stats', 'ping']

export class Network {
  isBad = false
  /** Counts down, so that no delivery is taken for a client's request. */
  private delivered = 0
  private readonly failedAtMs = new Map<Life, number>()
  private readonly pending = new Map<Life, Set<{ readonly sinceMs: number }>>()
  private readonly parts: NetworkParts

  constructor(parts: NetworkParts) {
    this.parts = parts
  }

  /** The binding of the node class, as one place sees it. */
  namespaceOf(from: Life): NodeNamespace {
    return {
      getByName: (to) => {
        const call = (method: Method) => (message: unknown) => this.call(from, to, method, message)
        return Object.fromEntries(METHODS.map((method) => [method, call(method)]))
      },
    }
  }

  /** Whether calls of a place have failed lately, or have been waiting for long. */
  hasTrouble(life: Life): boolean {
    const nowMs = this.parts.clock.now()
    const failedAtMs = this.failedAtMs.get(life) ?? Number.NEGATIVE_INFINITY
    const waitedMs = Array.from(this.pending.get(life) ?? [], ({ sinceMs }) => nowMs - sinceMs)
    // What has been waiting for longer than anyone waits has vanished, and says nothing of the present.
    return nowMs - failedAtMs < 15_000 || waitedMs.some((ms) => ms > 900 && ms < 40_000)
  }

  private call(from: Life, to: string, method: Method, message: unknown): Promise<unknown> {
    const { clock, note, onAnswer, onCall } = this.parts
    const sent = structuredClone(message)
    const beganAtMs = clock.now()
    const delivery = { from, to, method, message: sent, request: currentScope()?.request }
    const waiting = { sinceMs: beganAtMs }
    const pending = this.pending.get(from) ?? new Set()
    this.pending.set(from, pending.add(waiting))
    return new Promise((resolve, reject) => {
      const back = from.bind((answer: Answer) => {
        note(`${from.name} <- ${to}.${method}: ${answer.kind}`)
        pending.delete(waiting)
        if (answer.kind === 'failed') this.failedAtMs.set(from, clock.now())
        onAnswer(delivery, answer)
        if (answer.kind === 'answered') resolve(answer.value)
        else reject(answer.error)
      })
      const answer = (outcome: { value: unknown } | { error: unknown }) => {
        const ended: Answer =
          'value' in outcome
            ? { kind: 'answered', value: outcome.value, tookMs: clock.now() - beganAtMs }
            : { kind: 'failed', error: outcome.error }
        back(ended)
      }
      const fate = this.fate()
      note(`${from.name} -> ${to}.${method}`)
      onCall(delivery)
      clock.after(this.wayMs(), () => {
        if (fate === 'vanishes') return
        if (fate === 'lost') {
          answer({ error: disconnected() })
          return
        }
        this.arrive(delivery, (outcome) => {
          const told = fate === 'answer-lost' ? { error: disconnected() } : outcome
          clock.after(this.wayMs(), () => answer(told))
        })
      })
    })
  }

  private arrive(
    delivery: Delivery,
    answer: (outcome: { value: unknown } | { error: unknown }) => void,
  ): void {
    const { receiver } = this.parts
    let life: Life | undefined
    try {
      life = receiver.wake(delivery.to)
    } catch (error) {
      answer({ error })
      return
    }
    if (life === undefined) return
    const reset = () => answer({ error: wasReset() })
    life.onEnd.add(reset)
    const isThere = () => life.onEnd.delete(reset)
    // One of its own: a call that is tried again, as its answer got lost, is another one to the node.
    const scope = { request: --this.delivered, isOver: false, since: 0, pending: 0 }
    inScope(scope, async () => receiver.deliver(delivery)).then(
      (value) => isThere() && answer({ value: structuredClone(value) }),
      (error) => isThere() && answer({ error: overTheWire(error) }),
    )
  }

  private fate(): 'arrives' | 'lost' | 'answer-lost' | 'vanishes' {
    const { chance } = this.parts
    const dice = chance.random()
    if (!this.isBad || dice < 0.7) return 'arrives'
    if (dice < 0.8) return 'lost'
    return dice < 0.9 ? 'answer-lost' : 'vanishes'
  }

  private wayMs(): number {
    const { chance } = this.parts
    const isSlow = chance.happens(this.isBad ? 0.3 : 0.05)
    return isSlow ? chance.between(1, this.isBad ? 1_500 : LONGEST_WAY_MS) : chance.between(1, 8)
  }
}

/** An error as it comes through a call: its class is lost, its own fields are not. */
function overTheWire(error: unknown): Error {
  const { name, message } = error as Error
  const copy = Object.assign(new Error(message), { ...(error as object), remote: true })
  copy.name = name
  return copy
}

function disconnected(): Error {
  return Object.assign(new Error('Network connection lost.'), { retryable: true, remote: false })
}

function wasReset(): Error {
  return Object.assign(new Error('The object was reset.'), { durableObjectReset: true })
}
