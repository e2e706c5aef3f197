/** Owns the requests of a soak, and that each answer is checked against the truth. */

import { seededRandom, zipf } from '../support/zipf.ts'
import { type Faults, sleep } from './faults.ts'
import { GROUPS, KEYS } from './groups.ts'
import type { InFlight } from './in-flight.ts'
import { MOMENT_MS, type Truth } from './truth.ts'
import { type WriteKind, Writes } from './writes.ts'

export const TOKEN = 'correct-horse'
const AUTHORIZED = { Authorization: `Bearer ${TOKEN}` }

const OVERTAKING: readonly WriteKind[] = ['DELETE', 'tags', 'all']

export interface Violation {
  readonly request: string
  readonly what: string
  readonly atMs: number
}

interface Parts {
  readonly url: URL
  readonly truth: Truth
  readonly faults: Faults
  readonly inFlight: InFlight
  readonly seed: number
}

export class Traffic {
  readonly answers: Record<string, number> = {}
  readonly latencies: number[] = []
  readonly violations: Violation[] = []
  isOver = false
  private readonly parts: Parts
  private readonly random: () => number
  private readonly rank: () => number
  private readonly tags = new Map<string, string>()
  private readonly writes: Writes
  private requests = 0

  constructor(parts: Parts) {
    this.parts = parts
    this.random = seededRandom(parts.seed)
    this.rank = zipf(KEYS, this.random)
    this.writes = new Writes({
      ...parts,
      random: this.random,
      headers: AUTHORIZED,
      ask: (...request) => this.ask(...request),
      failed: (kind, path, status) => this.isExcused(kind, path, status, Date.now()),
      violated: (request, what) => this.violated(request, what),
    })
  }

  /** The origin has a new version of some key, and the cache is not told. */
  change(): void {
    const [group, key] = [this.pick(GROUPS), `k${this.rank()}`]
    if (!this.writes.isBeingSet(group, key)) this.parts.truth.change(group, key, Date.now())
  }

  /** One connection's requests, one after the other, until it is over. */
  async run(): Promise<void> {
    while (!this.isOver) {
      const group = this.pick(GROUPS)
      // The popular keys move on by one with every thousand requests.
      const key = `k${(this.rank() + Math.floor(this.requests++ / 1_000)) % KEYS}`
      const dice = this.random()
      if (dice < 0.03) await this.writes.write(group, key)
      else if (dice < 0.06) await this.batch(group, key)
      else if (dice < 0.08) await this.breakOff(group, key)
      else if (dice < 0.09) await this.overtake(key)
      else await this.read(group, key, dice)
    }
  }

  async read(group: string, key: string, dice = 1): Promise<void> {
    const path = `/cache/${group}/${key}`
    const headers: Record<string, string> = { ...AUTHORIZED }
    const tag = this.tags.get(path)
    const kind =
      dice < 0.15 ? 'HEAD' : dice < 0.25 ? 'Range' : dice < 0.35 && tag ? 'If-None-Match' : 'GET'
    if (kind === 'Range') headers.Range = 'bytes=5-99'
    if (kind === 'If-None-Match') headers['If-None-Match'] = tag as string
    const askedAtMs = Date.now()
    await this.ask(
      kind,
      path,
      { headers, method: kind === 'HEAD' ? 'HEAD' : 'GET' },
      async (response) => {
        if (this.isExcused(kind, path, response.status, askedAtMs)) return
        const text = await response.text()
        const etag = response.headers.get('etag') ?? ''
        const isWhole = response.status === 200 && kind !== 'HEAD'
        if (isWhole) this.tags.set(path, etag)
        const answeredAtMs = Date.now()
        const ageMs = Number(response.headers.get('age')) * 1_000
        const mayBeCutOff = this.parts.faults.excuse(askedAtMs)
        const seen = { group, key, askedAtMs, answeredAtMs, etag, ageMs, mayBeCutOff }
        const body = isWhole || response.status === 206 ? text : undefined
        const range = response.status === 206 ? ([5, 99] as const) : undefined
        const wrong = this.parts.truth.check({ ...seen, body, range })
        if (wrong !== undefined) this.violated(`${kind} ${path}`, wrong)
        if (!response.headers.get('cache-status')?.includes('edge'))
          this.violated(path, 'no Cache-Status')
        if (!/^\d+$/.test(response.headers.get('age') ?? '')) this.violated(path, 'no Age')
      },
    )
  }

  private async batch(group: string, key: string): Promise<void> {
    const keys = [...new Set([key, ...Array.from({ length: 7 }, () => `k${this.rank()}`)])]
    const askedAtMs = Date.now()
    const body = JSON.stringify({ keys })
    const headers = { ...AUTHORIZED, 'Content-Type': 'application/json' }
    await this.ask(
      'batch',
      `/cache/${group}`,
      { method: 'POST', headers, body },
      async (response) => {
        if (this.isExcused('batch', group, response.status, askedAtMs)) return
        const { entries } = (await response.json()) as {
          entries: { key: string; status: number; etag: string; value: string }[]
        }
        if (entries.map((entry) => entry.key).join() !== keys.join())
          this.violated(`batch ${group}`, 'other keys')
        for (const entry of entries) {
          if (this.isExcused('batch', `${group}/${entry.key}`, entry.status, askedAtMs)) continue
          const value = Buffer.from(entry.value, 'base64').toString()
          const seen = {
            group,
            key: entry.key,
            askedAtMs,
            answeredAtMs: Date.now(),
            etag: entry.etag,
            body: value,
            mayBeCutOff: this.parts.faults.excuse(askedAtMs),
          }
          const wrong = this.parts.truth.check(seen)
          if (wrong !== undefined) this.violated(`batch ${group}/${entry.key}`, wrong)
        }
      },
    )
  }

  /**
   * Purges a key just after it was asked for, so that the purge may overtake its load, and asks again a moment
   * later. In the group without hot copies, where the purge holds from its answer on: what the load brings,
   * which began before, is no answer any more.
   */
  private async overtake(key: string): Promise<void> {
    await this.writes.write('cool', key, 'DELETE')
    const early = this.read('cool', key)
    await sleep(5)
    await this.writes.write('cool', key, this.pick(OVERTAKING))
    await sleep(MOMENT_MS + 1)
    await Promise.all([early, this.read('cool', key)])
  }

  private async breakOff(group: string, key: string): Promise<void> {
    const abort = new AbortController()
    const init = { headers: AUTHORIZED, signal: abort.signal }
    const asking = fetch(new URL(`/cache/${group}/${key}`, this.parts.url), init)
    setTimeout(() => abort.abort(), this.random() * 20)
    await asking.then((response) => response.arrayBuffer()).catch(() => {})
    this.count('broken off')
  }

  private async ask(
    kind: string,
    path: string,
    init: RequestInit,
    look: (response: Response) => Promise<void>,
  ) {
    const startedAtMs = performance.now()
    try {
      const response = await fetch(new URL(path, this.parts.url), init)
      await look(response)
      this.count(`${kind} ${response.status}`)
    } catch (error) {
      this.violated(`${kind} ${path}`, String(error))
    }
    this.latencies.push(performance.now() - startedAtMs)
  }

  /** Whether there is no value to look at; a failure without a fault is a violation. */
  private isExcused(kind: string, path: string, status: number, fromMs: number): boolean {
    if ([200, 206, 304].includes(status)) return false
    const mayFail = [502, 503, 504].includes(status) && this.parts.faults.excuse(fromMs)
    if (!mayFail) this.violated(`${kind} ${path}`, `status ${status}`)
    return true
  }

  violated(request: string, what: string): void {
    this.violations.push({ request, what, atMs: Date.now() })
  }

  private count(kind: string): void {
    this.answers[kind] = (this.answers[kind] ?? 0) + 1
  }

  private pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.random() * choices.length)] as T
  }
}
