/** Owns the sets and purges of a soak, and what the truth has to know of each. */

import type { PurgeReport } from '../../src/core/entry/purge.ts'
import { ALL_KEYS, keysWith, tagOf } from './groups.ts'
import type { InFlight } from './in-flight.ts'
import type { Truth } from './truth.ts'

/** How often each kind comes, of all writes. */
const KINDS = {
  PUT: 0.35,
  DELETE: 0.25,
  'soft keys': 0.15,
  tags: 0.1,
  'soft tags': 0.08,
  all: 0.04,
  'soft all': 0.03,
}
export type WriteKind = keyof typeof KINDS

/** A set that failed may still come about: a call to a node hangs so long at most. */
const LATE_MS = 10_000

interface Parts {
  readonly truth: Truth
  readonly inFlight: InFlight
  readonly random: () => number
  readonly headers: Readonly<Record<string, string>>
  readonly ask: (
    kind: string,
    path: string,
    init: RequestInit,
    look: (response: Response) => Promise<void>,
  ) => Promise<void>
  /** Told of a failure that a fault may not excuse. */
  readonly failed: (kind: string, path: string, status: number) => void
  readonly violated: (request: string, what: string) => void
}

export class Writes {
  private readonly parts: Parts
  private readonly setting = new Map<string, number>()

  constructor(parts: Parts) {
    this.parts = parts
  }

  /** Whether a set of the key may still come about: its version must not be replaced meanwhile. */
  isBeingSet(group: string, key: string): boolean {
    return (this.setting.get(`${group}/${key}`) ?? 0) > Date.now()
  }

  /** The origin's value changes first; then the cache is told. */
  async write(group: string, key: string, kind = this.pickKind()): Promise<void> {
    if (this.isBeingSet(group, key)) return
    this.parts.truth.change(group, key, Date.now())
    if (kind === 'PUT') await this.set(group, key)
    else await this.purge(group, key, kind)
  }

  private async set(group: string, key: string): Promise<void> {
    const { truth, headers } = this.parts
    const name = `${group}/${key}`
    this.setting.set(name, Number.POSITIVE_INFINITY)
    const init = {
      method: 'PUT',
      body: truth.body(group, key),
      headers: { ...headers, 'Content-Type': 'text/plain', 'Cache-Tag': tagOf(key) },
    }
    let isSet = false
    await this.tell('PUT', group, [key], `/cache/${name}`, init, 0, async (response) => {
      await response.text()
      isSet = response.ok
    })
    if (isSet) this.setting.delete(name)
    else this.setting.set(name, Date.now() + LATE_MS)
  }

  private async purge(group: string, key: string, kind: WriteKind): Promise<void> {
    const { truth, headers } = this.parts
    const soft = kind.startsWith('soft')
    const tag = tagOf(key)
    const [keys, purge] = kind.endsWith('tags')
      ? [keysWith(tag), { tags: [tag] }]
      : kind.endsWith('all')
        ? [ALL_KEYS, { all: true }]
        : [[key], { keys: [key] }]
    const isDelete = kind === 'DELETE'
    const init = isDelete
      ? { method: 'DELETE', headers }
      : {
          method: 'POST',
          headers: { ...headers, 'Content-Type': 'application/json' },
          body: JSON.stringify({ group, soft, ...purge }),
        }
    const path = isDelete ? `/cache/${group}/${key}` : '/admin/purge'
    const graceMs = soft ? truth.promisesOf(group).staleMs : 0
    await this.tell(kind, group, keys, path, init, graceMs, async (response) => {
      const { ok, failed } = (await response.json()) as PurgeReport
      if (ok !== response.ok || ok !== (failed.length === 0)) {
        this.parts.violated(`${kind} ${group}/${key}`, `status ${response.status} with ok ${ok}`)
      }
    })
  }

  private async tell(
    kind: WriteKind,
    group: string,
    keys: readonly string[],
    path: string,
    init: RequestInit,
    graceMs: number,
    look: (response: Response) => Promise<void>,
  ): Promise<void> {
    const { truth, inFlight, ask, failed } = this.parts
    const bound = truth.purging(group, keys)
    const isOfKey = kind === 'PUT' || kind === 'DELETE' || kind === 'soft keys'
    const over = inFlight.forgetting(group, isOfKey ? keys[0] : undefined)
    await ask(kind, path, init, async (response) => {
      await look(response)
      if (response.ok) bound(Date.now() + graceMs)
      else
        failed(
          kind,
          `${group}/${keys.length === 1 ? keys[0] : tagOf(keys[0] as string)}`,
          response.status,
        )
    })
    over(Date.now())
  }

  private pickKind(): WriteKind {
    let left = this.parts.random()
    for (const [kind, part] of Object.entries(KINDS)) {
      left -= part
      if (left < 0) return kind as WriteKind
    }
    return 'PUT'
  }
}
