/** Owns one operator's visit: the token, the polls, and the state that follows from their answers. */

import { GroupcacheError } from '../src/client/groupcache-error.ts'
import type { Groupcache, StatsReport } from '../src/core/group/api.ts'
import { extended, NO_HISTORY } from './history.ts'
import { Poller } from './poller.ts'
import { reasonOf } from './reason.ts'
import type { NodeShare, Refusal, State, Watching } from './state.ts'

export const POLL_EVERY_MS = 2_000

/** Where a token outlives a reload, but not the tab. */
export interface TokenStore {
  read(): string | undefined
  write(token: string | undefined): void
}

export interface SessionParts {
  readonly tokens: TokenStore
  /** Throws `TypeError` for what cannot be a token. */
  readonly connect: (token: string) => Groupcache
  readonly nowMs: () => number
  readonly isVisible: boolean
  readonly onChange: (state: State) => void
}

interface Connection {
  readonly token: string
  readonly cache: Groupcache
  readonly poller: Poller
}

export class Session {
  readonly #parts: SessionParts
  #state: State = { kind: 'starting' }
  #isVisible: boolean
  #connection: Connection | undefined

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.#isVisible = parts.isVisible
  }

  /** Goes on with the token of before the reload, if there is one. */
  start(): void {
    const token = this.#parts.tokens.read()
    if (token === undefined) this.#change({ kind: 'signed-out' })
    else this.signIn(token)
  }

  signIn(token: string): void {
    this.#disconnect()
    let cache: Groupcache
    try {
      cache = this.#parts.connect(token)
    } catch {
      this.#refuse('unusable-token')
      return
    }
    const poller = new Poller(() => this.#poll(connection), POLL_EVERY_MS, this.#isVisible)
    const connection: Connection = { token, cache, poller }
    this.#connection = connection
    this.#change({ kind: 'checking' })
    poller.start()
  }

  forget(): void {
    this.#disconnect()
    this.#parts.tokens.write(undefined)
    this.#change({ kind: 'signed-out' })
  }

  setVisible(isVisible: boolean): void {
    this.#isVisible = isVisible
    this.#connection?.poller.setVisible(isVisible)
  }

  async #poll(connection: Connection): Promise<void> {
    try {
      const report = await connection.cache.stats()
      const ring = await this.#ringOf(connection, report)
      // Whoever has signed out meanwhile, or with another token in, gets nothing of it.
      if (this.#connection === connection) this.#receive(connection, report, ring)
    } catch (error) {
      if (this.#connection === connection) this.#fail(error)
    }
  }

  /** Asked for again only when the nodes are others: shares change with a deployment. */
  async #ringOf(
    { cache }: Connection,
    { nodes, failed }: StatsReport,
  ): Promise<readonly NodeShare[]> {
    const known = this.#watching()?.ring ?? []
    const names = new Set([...nodes.map(({ node }) => node), ...failed])
    if (known.length === names.size && known.every(({ name }) => names.has(name))) return known
    const report = await cache.ring()
    return 'nodes' in report ? report.nodes : []
  }

  #receive({ token, cache }: Connection, report: StatsReport, ring: readonly NodeShare[]): void {
    const before = this.#watching()
    // It is the right one.
    if (before === undefined) this.#parts.tokens.write(token)
    const receivedAtMs = this.#parts.nowMs()
    const history = extended(before?.history ?? NO_HISTORY, report, receivedAtMs)
    this.#change({ kind: 'watching', cache, report, receivedAtMs, history, ring })
  }

  #fail(error: unknown): void {
    const code = error instanceof GroupcacheError ? error.code : undefined
    if (code === 'unauthorized') this.#refuse('wrong-token')
    else if (code === 'admin-disabled') this.#refuse('admin-disabled')
    else this.#change({ ...(this.#watching() ?? { kind: 'checking' }), outage: reasonOf(error) })
  }

  #refuse(refusal: Refusal): void {
    this.#disconnect()
    this.#parts.tokens.write(undefined)
    this.#change({ kind: 'signed-out', refusal })
  }

  #disconnect(): void {
    this.#connection?.poller.stop()
    this.#connection = undefined
  }

  #watching(): Watching | undefined {
    return this.#state.kind === 'watching' ? this.#state : undefined
  }

  #change(state: State): void {
    this.#state = state
    this.#parts.onChange(state)
  }
}
