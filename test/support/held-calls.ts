/** Owns calls to a peer that happen, and return, when a test says so: for each order of what races. */

import type { FakePeer } from './cluster.ts'
import { settle } from './settle.ts'

export interface HeldCalls {
  /** How many calls wait, on either way. */
  readonly waiting: number
  /** Lets the call that has waited longest go on: to the node, or with its answer back to the caller. */
  step(): Promise<void>
  /** `step` twice: there and back. */
  pass(): Promise<void>
  /** Holds no call from now on. */
  free(): void
}

/** @param isHeld Which calls are held, by their arguments. Default: all. */
export function holdCalls(
  peer: FakePeer,
  method: 'get' | 'peek' | 'purge' | 'set',
  isHeld: (args: readonly unknown[]) => boolean = () => true,
): HeldCalls {
  const waiting: (() => void)[] = []
  const wait = () => new Promise<void>((resolve) => waiting.push(resolve))
  const call = peer[method].bind(peer) as (...args: unknown[]) => Promise<unknown>
  const held = async (...args: unknown[]) => {
    if (!isHeld(args)) return call(...args)
    await wait()
    const answer = await call(...args)
    await wait()
    return answer
  }
  // Not by spying: a scenario that runs a thousand times would be remembered as often.
  Object.defineProperty(peer, method, { value: held, configurable: true })
  const step = async () => {
    const next = waiting.shift()
    if (next === undefined) throw new Error(`No ${method} of ${peer.name} waits.`)
    next()
    await settle()
  }
  return {
    get waiting() {
      return waiting.length
    },
    step,
    pass: async () => {
      await step()
      await step()
    },
    free: () => Reflect.deleteProperty(peer, method),
  }
}

/** Every order of the events of both, in which each keeps its own. */
export function interleavings<T>(first: readonly T[], second: readonly T[]): T[][] {
  const [a, ...restOfFirst] = first
  const [b, ...restOfSecond] = second
  if (a === undefined) return [[...second]]
  if (b === undefined) return [[...first]]
  return [
    ...interleavings(restOfFirst, second).map((rest) => [a, ...rest]),
    ...interleavings(first, restOfSecond).map((rest) => [b, ...rest]),
  ]
}
