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
  /** The name of the Worker that its traces stream to. */
  readonly tail?: string
}

export interface SeveralWorkers {
  readonly runtime: Miniflare
  /** Asks the named Worker, as from outside. */
  get(name: string, path: string, init?: RequestInit): Promise<Response>
  close(): Promise<void>
}

const ROOT = join(import.meta.dirname, '../..')

export async function startWorkers(parts: readonly WorkerPart[]): Promise<SeveralWorkers> {
  const workers = parts.map(partOptions)
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

function partOptions({ configPath, name, vars = {}, tail }: WorkerPart) {
  const { workerOptions, main } = optionsFrom(join(ROOT, configPath))
  const entry = basename(main as string).replace(/\.ts$/, '.js')
  return {
    ...workerOptions,
    name,
    ...(tail === undefined ? {} : { streamingTails: [tail] }),
    bindings: { ...(workerOptions.bindings as WorkerPart['vars']), ...vars },
    modules: [{ type: 'ESModule' as const, path: entry, contents: buildWorker(configPath, entry) }],
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
  }
}
