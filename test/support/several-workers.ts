/** Owns several built Workers in one runtime, where they call each other over their service bindings. */

import { basename, join } from 'node:path'
import { convertV4MiniflareOptions, type Json, Miniflare } from 'miniflare'
import { unstable_getMiniflareWorkerOptions as optionsFrom } from 'wrangler'
import { buildWorker } from './build-worker.ts'

export interface WorkerPart {
  /** From the top of the project. */
  readonly configPath: string
  /** The name by which others bind it, that of its wrangler.toml. */
  readonly name: string
  /** Variables and secrets on top of those of wrangler.toml. */
  readonly vars?: Readonly<Record<string, Json>>
  /** The name of the Worker whose nodes it asks; default: its own. */
  readonly nodesOf?: string
  /** The name of the Worker that its traces stream to. */
  readonly tail?: string
  /** The name of the Worker that answers what it fetches; default: the network does. */
  readonly fetchesFrom?: string
}

export interface SeveralWorkers {
  readonly runtime: Miniflare
  /** Asks the named Worker, as from outside. */
  get(name: string, path: string, init?: RequestInit): Promise<Response>
  close(): Promise<void>
}

const ROOT = join(import.meta.dirname, '../..')

export async function startWorkers(parts: readonly WorkerPart[]): Promise<SeveralWorkers> {
  const builds = new Map<string, string>()
  const workers = parts.map((part) => partOptions(part, builds))
  const runtime = new Miniflare(convertV4MiniflareOptions({ workers, cf: false }))
  await runtime.ready
  const urls = new Map<string, URL>()
  for (const { name } of parts) urls.set(name, await runtime.unsafeGetDirectURL(name))
  return {
    runtime,
    get: (name, path, init) => fetch(new URL(path, urls.get(name)), init),
    close: () => runtime.dispose(),
  }
}

/** @param builds What has been built already, by `configPath`. */
function partOptions(
  { configPath, name, vars = {}, nodesOf, tail, fetchesFrom }: WorkerPart,
  builds: Map<string, string>,
) {
  const { workerOptions, main } = optionsFrom(join(ROOT, configPath))
  const entry = basename(main as string).replace(/\.ts$/, '.js')
  const contents = builds.get(configPath) ?? buildWorker(configPath, entry)
  builds.set(configPath, contents)
  return {
    ...workerOptions,
    name,
    ...(nodesOf === undefined
      ? {}
      : { durableObjects: nodesElsewhere(workerOptions.durableObjects, nodesOf) }),
    ...(tail === undefined ? {} : { streamingTails: [tail] }),
    ...(fetchesFrom === undefined ? {} : { outboundService: fetchesFrom }),
    bindings: { ...(workerOptions.bindings as WorkerPart['vars']), ...vars },
    modules: [{ type: 'ESModule' as const, path: entry, contents }],
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
  }
}

type DurableObjects = ReturnType<typeof optionsFrom>['workerOptions']['durableObjects']

function nodesElsewhere(own: DurableObjects, scriptName: string) {
  const bindings = Object.entries(own ?? {})
  return Object.fromEntries(
    bindings.map(([binding, node]) => [
      binding,
      { ...(node as { className: string }), scriptName },
    ]),
  )
}
