import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RemovalReason } from '../../src/core/eviction/bounded-map.ts'
import { S3Fifo } from '../../src/core/eviction/s3-fifo.ts'
import { anyStep, type Steppable } from '../support/store-steps.ts'

interface Held {
  readonly key: string
  value: number
  bytes: number
  uses: number
}

/** The same cache as plain lists, oldest first, with ghosts that are keys. */
class ListS3Fifo implements Steppable {
  small: Held[] = []
  main: Held[] = []
  ghosts: string[] = []
  readonly removals: RemovalReason[] = []
  readonly grown: number[][] = []
  private readonly maxBytes: number

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  get held(): Held[] {
    return [...this.small, ...this.main]
  }

  get bytes(): number {
    return bytesOf(this.held)
  }

  get(key: string): number | undefined {
    const found = this.find(key)
    if (found !== undefined) found.uses = Math.min(3, found.uses + 1)
    return found?.value
  }

  peek(key: string): number | undefined {
    return this.find(key)?.value
  }

  set(key: string, value: number, bytes: number): boolean {
    if (bytes > this.maxBytes) return false
    const held = this.find(key)
    const goesToMain = held === undefined ? this.ghosts.includes(key) : this.main.includes(held)
    if (held === undefined) this.ghosts = this.ghosts.filter((ghost) => ghost !== key)
    else this.drop(held)
    while (this.bytes + bytes > this.maxBytes) this.evictOldest()
    this.grown.push([this.bytes, bytes])
    if (held !== undefined) this.removals.push('replaced')
    const queue = goesToMain ? this.main : this.small
    queue.push({ key, value, bytes, uses: held?.uses ?? 0 })
    return true
  }

  delete(key: string, reason: RemovalReason): boolean {
    const found = this.find(key)
    if (found === undefined) return false
    this.leave(found, reason, this.main.includes(found) || found.uses >= 2)
    return true
  }

  evictOldest(): boolean {
    const victim = this.victim()
    if (victim === undefined) return false
    this.leave(victim, 'capacity', this.small.includes(victim))
    return true
  }

  clear(reason: RemovalReason): number {
    const removed = this.held.length
    this.removals.push(...this.held.map(() => reason))
    this.small = []
    this.main = []
    this.ghosts = []
    return removed
  }

  private find(key: string): Held | undefined {
    return this.held.find((entry) => entry.key === key)
  }

  private drop(entry: Held): void {
    this.small = this.small.filter((other) => other !== entry)
    this.main = this.main.filter((other) => other !== entry)
  }

  private leave(entry: Held, reason: RemovalReason, isRemembered: boolean): void {
    this.drop(entry)
    const ghosts = isRemembered ? [...this.ghosts, entry.key] : this.ghosts
    this.ghosts = latest(ghosts, Math.ceil(this.held.length * 0.9))
    this.removals.push(reason)
  }

  private victim(): Held | undefined {
    while (bytesOf(this.main) <= this.maxBytes - Math.floor(this.maxBytes / 10)) {
      const [first, ...rest] = this.small
      if (first === undefined) break
      if (first.uses < 2) return first
      this.small = rest
      this.main.push({ ...first, uses: 0 })
    }
    for (;;) {
      const [first, ...rest] = this.main
      if (first === undefined || first.uses === 0) return first
      this.main = [...rest, { ...first, uses: first.uses - 1 }]
    }
  }
}

function bytesOf(entries: readonly Held[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, 0)
}

function latest<T>(items: readonly T[], most: number): T[] {
  return items.slice(Math.max(0, items.length - most))
}

test('after every step the cache is what plain lists would be', () => {
  const steps = fc.array(anyStep, { minLength: 1, maxLength: 100 })
  const property = fc.property(fc.nat({ max: 60 }), steps, (maxBytes, run) => {
    const model = new ListS3Fifo(maxBytes)
    const removals: RemovalReason[] = []
    const grown: number[][] = []
    const onRemove = (reason: RemovalReason) => {
      removals.push(reason)
      expect(cache.bytes).toBeLessThanOrEqual(maxBytes)
      expect(cache.ghostCount).toBeLessThanOrEqual(cache.size)
    }
    const onGrow = (heldBytes: number, bytes: number) => {
      grown.push([heldBytes, bytes])
      expect([cache.bytes, cache.bytes + bytes <= maxBytes]).toEqual([heldBytes, true])
    }
    const cache: S3Fifo<number> = new S3Fifo(maxBytes, onRemove, onGrow)

    for (const step of run) {
      expect(step(cache)).toBe(step(model))
      const expected = [...model.small, ...model.main].reverse()
      expect([...cache.entries()]).toEqual(expected.map(({ key, value }) => [key, value]))
      expect(cache.bytes).toBe(model.bytes)
      expect(cache.size).toBe(model.held.length)
      expect(cache.ghostCount).toBe(model.ghosts.length)
      expect(removals).toEqual(model.removals)
      expect(grown).toEqual(model.grown)
      expect(cache.bytes).toBeLessThanOrEqual(maxBytes)
    }
  })

  fc.assert(property, { seed: 5, numRuns: 2_000 })
})
