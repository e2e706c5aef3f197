import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RemovalReason } from '../../src/core/eviction/bounded-map.ts'
import { Lru } from '../../src/core/eviction/lru.ts'
import { anyStep, type Steppable } from '../support/store-steps.ts'

interface Held {
  readonly key: string
  readonly value: number
  bytes: number
}

/** The same cache as a plain list, newest first. */
class ListLru implements Steppable {
  held: Held[] = []
  readonly removals: RemovalReason[] = []
  private readonly maxBytes: number

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  get bytes(): number {
    return this.held.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  get(key: string): number | undefined {
    const found = this.held.find((entry) => entry.key === key)
    if (found !== undefined) this.held = [found, ...this.without(key)]
    return found?.value
  }

  peek(key: string): number | undefined {
    return this.held.find((entry) => entry.key === key)?.value
  }

  set(key: string, value: number, bytes: number): boolean {
    if (bytes > this.maxBytes) return false
    const others = this.without(key)
    const replaces = others.length < this.held.length
    this.held = others
    while (this.bytes + bytes > this.maxBytes) {
      this.held.pop()
      this.removals.push('capacity')
    }
    if (replaces) this.removals.push('replaced')
    this.held = [{ key, value, bytes }, ...this.held]
    return true
  }

  delete(key: string, reason: RemovalReason): boolean {
    const others = this.without(key)
    const removes = others.length < this.held.length
    if (removes) this.removals.push(reason)
    this.held = others
    return removes
  }

  evictOldest(): boolean {
    if (this.held.pop() === undefined) return false
    this.removals.push('capacity')
    return true
  }

  clear(reason: RemovalReason): number {
    const removed = this.held.length
    this.removals.push(...this.held.map(() => reason))
    this.held = []
    return removed
  }

  private without(key: string): Held[] {
    return this.held.filter((entry) => entry.key !== key)
  }
}

test('after every step the cache is what a plain list would be', () => {
  const steps = fc.array(anyStep, { minLength: 1, maxLength: 60, size: 'max' })
  const property = fc.property(fc.nat({ max: 40 }), steps, (maxBytes, run) => {
    const model = new ListLru(maxBytes)
    const removals: RemovalReason[] = []
    const cache: Lru<number> = new Lru(maxBytes, (reason) => {
      removals.push(reason)
      expect(cache.bytes).toBeLessThanOrEqual(maxBytes)
    })

    for (const step of run) {
      expect(step(cache)).toBe(step(model))
      expect([...cache.entries()]).toEqual(model.held.map(({ key, value }) => [key, value]))
      expect(cache.bytes).toBe(model.bytes)
      expect(cache.size).toBe(model.held.length)
      expect(removals).toEqual(model.removals)
      expect(cache.bytes).toBeLessThanOrEqual(maxBytes)
    }
  })

  fc.assert(property, { seed: 5, numRuns: 1_000 })
})
